"""Points into SQLite.

One statement for 100 rows takes half the time of `executemany`, and gives way to other threads ten
times a batch instead of a thousand times. `executemany` is twice as fast as SQLAlchemy's insert.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import chain

from sqlalchemy import Connection

from . import points
from .ingest import (
    INTO_CHUNKS,
    INTO_LATEST,
    INTO_POINTS,
    KEEP_LATEST,
    History,
    Known,
    Owner,
    Sorted,
)

_TOGETHER = 100
_POINTS = (
    INTO_POINTS  # noqa: S608 - constants only
    + "SELECT ?, ?, column1, column2, column3, column4, column5 FROM (VALUES "
    + ", ".join(["(?, ?, ?, ?, ?)"] * _TOGETHER)
    + ") WHERE true ON CONFLICT DO NOTHING"
)
_POINT = INTO_POINTS + "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
_CHUNK = INTO_CHUNKS + "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_LATEST = INTO_LATEST + "VALUES (?, ?, ?, ?, ?, ?, ?, ?) " + KEEP_LATEST
_KNOWN = (
    "SELECT key_id, step, at_ms, value FROM run_metrics "
    "WHERE workspace_id = ? AND run_id = ? AND key_id IN (SELECT value FROM json_each(?))"
)


def known(connection: Connection, owner: Owner, keys: Sequence[int]) -> Known:
    """Give the latest point of those metrics that have one."""
    rows = connection.exec_driver_sql(_KNOWN, (*owner[:2], json.dumps(keys)))
    return {key: (step, at, value) for key, step, at, value in rows}


def write(
    connection: Connection, owner: Owner, batch: Sorted, histories: Sequence[History]
) -> list[History]:
    """Append points and keep the latest of each metric; give what came late.

    Raises:
        OverflowError, struct.error: a number is out of range.
    """
    run, experiment = owner[:2], owner[2]
    late = batch.late if _append(connection, run, batch.late) else []
    _append(connection, run, batch.single)
    chunks = [
        (*run, key, *rows[-1], rows[0][0], len(rows), points.packed(rows))
        for key, rows in batch.chunks
    ]
    if chunks:
        connection.exec_driver_sql(_CHUNK, chunks)
    latest = [(*run, key, experiment, *rows[-1]) for key, rows in histories]
    connection.exec_driver_sql(_LATEST, latest)
    return late


def _append(connection: Connection, run: tuple[int, ...], histories: Sequence[History]) -> int:
    """Append rows that are not there; give how many."""
    rows = [(key, *row) for key, own in histories for row in own]
    whole = len(rows) - len(rows) % _TOGETHER
    added = 0
    for start in range(0, whole, _TOGETHER):
        values = chain(run, *rows[start : start + _TOGETHER])
        added += connection.exec_driver_sql(_POINTS, tuple(values)).rowcount
    if whole < len(rows):
        rest = [(*run, *row) for row in rows[whole:]]
        added += connection.exec_driver_sql(_POINT, rest).rowcount
    return added
