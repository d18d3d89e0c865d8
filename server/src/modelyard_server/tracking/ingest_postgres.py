"""Points into PostgreSQL: a batch that is newer than all that is there is one statement.

Of what a row of `metric_points` costs PostgreSQL, 44 % was the look for its run and 23 % the look
for the same point (`ON CONFLICT`). The run is looked for by the rows of `run_metrics` in the same
statement, so points have no foreign key here; and a point that is newer than its metric's latest
cannot be there already. Nobody else writes to the run meanwhile: `changes.note` has locked its row
in `run_changes`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

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
from .packing import BigIntegers, Blobs, Booleans, Doubles, Integers, teach

_PLACES = (
    "CAST(%({0}_keys)s AS int[]), CAST(%({0}_steps)s AS bigint[]), "
    "CAST(%({0}_times)s AS bigint[]), CAST(%({0}_values)s AS float8[]), "
    "CAST(%({0}_nans)s AS boolean[])"
)
_OF_RUN = "SELECT CAST(%(ws)s AS bigint), CAST(%(run)s AS bigint), "
_POINTS = (
    f"{INTO_POINTS}{_OF_RUN}k, s, t, v, n FROM unnest({_PLACES.format('p')}) AS p (k, s, t, v, n)"
)
_LATE = _POINTS + " ON CONFLICT DO NOTHING"
_LATEST = (
    f"{INTO_LATEST}{_OF_RUN}k, CAST(%(experiment)s AS bigint), s, t, v, n "
    f"FROM unnest({_PLACES.format('l')}) AS l (k, s, t, v, n) {KEEP_LATEST}"
)
_CHUNKS = (
    f"{INTO_CHUNKS}{_OF_RUN}k, s, t, v, n, f, c, b "
    f"FROM unnest({_PLACES.format('c')}, CAST(%(firsts)s AS bigint[]), "
    "CAST(%(counts)s AS int[]), CAST(%(contents)s AS bytea[])) AS c (k, s, t, v, n, f, c, b)"
)
_CHUNKS_ONLY = f"WITH latest AS ({_LATEST}) {_CHUNKS}"
_POINTS_ONLY = f"WITH latest AS ({_LATEST}) {_POINTS}"
_BOTH = f"WITH latest AS ({_LATEST}), chunks AS ({_CHUNKS}) {_POINTS}"
_KNOWN = (
    "SELECT key_id, step, at_ms, value FROM run_metrics "
    "WHERE workspace_id = %(ws)s AND run_id = %(run)s AND key_id = ANY(%(known)s)"
)


def known(connection: Connection, owner: Owner, keys: Sequence[int]) -> Known:
    """Give the latest point of those metrics that have one."""
    teach(connection)
    values = {"ws": owner[0], "run": owner[1], "known": Integers(keys)}
    rows = connection.exec_driver_sql(_KNOWN, values)
    return {key: (step, at, value) for key, step, at, value in rows}


def write(
    connection: Connection, owner: Owner, batch: Sorted, histories: Sequence[History]
) -> list[History]:
    """Append points and keep the latest of each metric; give what came late.

    Raises:
        struct.error: a number is out of range.
    """
    workspace, run, experiment = owner
    own = {"ws": workspace, "run": run, "experiment": experiment}
    late = batch.late
    if late and not connection.exec_driver_sql(_LATE, {**own, **_rows("p", late)}).rowcount:
        late = []  # all of it was there
    values = {**own, **_rows("l", [(key, rows[-1:]) for key, rows in histories])}
    statement = _LATEST
    if batch.single:
        values |= _rows("p", batch.single)
        statement = _POINTS_ONLY
    if batch.chunks:
        values |= _rows("c", [(key, rows[-1:]) for key, rows in batch.chunks])
        values |= {
            "firsts": BigIntegers([rows[0][0] for _, rows in batch.chunks]),
            "counts": Integers([len(rows) for _, rows in batch.chunks]),
            "contents": Blobs([points.packed(rows) for _, rows in batch.chunks]),
        }
        statement = _BOTH if batch.single else _CHUNKS_ONLY
    connection.exec_driver_sql(statement, values)
    return late


def _rows(name: str, histories: Sequence[History]) -> dict[str, Any]:
    numbers = [key for key, rows in histories for _ in rows]
    steps, times, values, nans = zip(*(row for _, rows in histories for row in rows), strict=True)
    return {
        f"{name}_keys": Integers(numbers),
        f"{name}_steps": BigIntegers(steps),
        f"{name}_times": BigIntegers(times),
        f"{name}_values": Doubles(values),
        f"{name}_nans": Booleans(nans),
    }
