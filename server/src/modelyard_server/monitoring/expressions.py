"""Conditions on inputs that users write, such as `age > 40 and city in ('Bern', 'Basel')`.

They are parsed, every node is judged, and the query is written anew from the tree: nothing a user
typed reaches the database as text.
"""

from __future__ import annotations

from collections.abc import Collection

import sqlglot
from sqlglot import expressions as sql
from sqlglot.errors import SqlglotError

from .errors import ConditionRefused
from .segments import INPUT

LONGEST = 1000
MOST_NODES = 200
_ALLOWED = (
    sql.And,
    sql.Or,
    sql.Not,
    sql.Paren,
    sql.EQ,
    sql.NEQ,
    sql.GT,
    sql.GTE,
    sql.LT,
    sql.LTE,
    sql.In,
    sql.Between,
    sql.Is,
    sql.Null,
    sql.Boolean,
    sql.Literal,
    sql.Neg,
    sql.Column,
    sql.Identifier,
    sql.Add,
    sql.Sub,
    sql.Mul,
    sql.Div,
)


def condition(text: str, columns: Collection[str]) -> str:
    """Write a condition on inputs as SQL over kept rows.

    Raises:
        ConditionRefused: it is not a plain comparison of known inputs.
    """
    if len(text) > LONGEST:
        raise ConditionRefused(f"The condition may have at most {LONGEST} characters.")
    try:
        tree = sqlglot.parse_one(text, dialect="duckdb")
    except (SqlglotError, RecursionError):
        raise ConditionRefused("The condition cannot be read. Example: age > 40.") from None
    nodes = list(tree.walk())
    if len(nodes) > MOST_NODES:
        raise ConditionRefused("The condition has too many parts.")
    for node in nodes:
        _judge(node, columns)
    return tree.transform(_on_rows).sql(dialect="duckdb")


def _judge(node: sqlglot.Expr, columns: Collection[str]) -> None:
    if not isinstance(node, _ALLOWED):
        raise ConditionRefused(
            "A condition compares inputs with values: =, <>, <, >, in, between, is null, and, or."
        )
    if isinstance(node, sql.Column):
        if node.table:
            raise ConditionRefused(f"There is no input {node.table}.{node.name}.")
        if node.name not in columns:
            raise ConditionRefused(f"There is no input {node.name!r}.")
    if isinstance(node, sql.In) and (node.args.get("query") or node.args.get("unnest")):
        raise ConditionRefused("A list after `in` holds plain values.")


def _on_rows(node: sqlglot.Expr) -> sqlglot.Expr:
    if isinstance(node, sql.Column):
        return sql.column(sql.to_identifier(INPUT + node.name, quoted=True))
    return node
