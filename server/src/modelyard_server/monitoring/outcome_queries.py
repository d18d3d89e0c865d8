"""Judges the question that is put to somebody's database: one that reads, and only one."""

from __future__ import annotations

import re

import sqlglot
from sqlglot import expressions as sql
from sqlglot.errors import SqlglotError

from .errors import OutcomeSourceIncomplete

_TABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*(\.[A-Za-z_][A-Za-z0-9_$]*)?")
_WRITES = (sql.DML, sql.DDL, sql.Into, sql.Lock, sql.Command)


def as_select(text: str) -> str:
    """Give a table's name or one SELECT as a SELECT.

    That nothing is written is kept by the read-only transaction it runs in; this says it earlier.

    Raises:
        OutcomeSourceIncomplete: it is neither.
    """
    wanted = text.strip().rstrip(";").rstrip()
    if _TABLE.fullmatch(wanted):
        return f"SELECT * FROM {wanted}"  # noqa: S608 - nothing but a name
    try:
        trees = sqlglot.parse(wanted, dialect="postgres")
    except (SqlglotError, RecursionError):
        raise _refused("The query cannot be read as SQL of PostgreSQL.") from None
    if len(trees) != 1 or not isinstance(trees[0], sql.Query):
        raise _refused("The query must be one SELECT, or the name of a table.")
    written = [node for node in trees[0].walk() if isinstance(node, _WRITES)]
    if any(not isinstance(node, sql.Query) for node in written):
        raise _refused("The query may only read: no INSERT, UPDATE, DELETE, INTO or FOR UPDATE.")
    return wanted


def _refused(problem: str) -> OutcomeSourceIncomplete:
    return OutcomeSourceIncomplete(
        problem, fields=[{"location": "place.query", "problem": problem}]
    )
