"""Points into PostgreSQL: one statement for a batch that is newer than all that is there.

Of what a row of the table costs PostgreSQL, 44 % was the look for its run and 23 % the look for the
same point (`ON CONFLICT`). The run is looked for by the rows of `run_metrics` in the same
statement, twenty instead of a thousand, so points have no foreign key here; and a point that is
newer than its metric's latest cannot be there already. Nobody else writes to the run meanwhile:
`changes.note` has locked its row in `run_changes`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from .ingest import INTO_LATEST, INTO_POINTS, KEEP_LATEST, History
from .packing import BigIntegers, Booleans, Doubles, Integers, teach

Owner = tuple[int, int, int]
"""Numbers of workspace, run and experiment."""

_UNNEST = (
    "unnest(CAST(%({0}_keys)s AS int[]), CAST(%({0}_steps)s AS bigint[]), "
    "CAST(%({0}_times)s AS bigint[]), CAST(%({0}_values)s AS float8[]), "
    "CAST(%({0}_nans)s AS boolean[])) AS {0} (k, s, t, v, n)"
)
_POINTS = "SELECT CAST(%(ws)s AS bigint), CAST(%(run)s AS bigint), k, s, t, v, n FROM "
_POINTS = INTO_POINTS + _POINTS + _UNNEST.format("p")
_LATEST = (
    "SELECT CAST(%(ws)s AS bigint), CAST(%(run)s AS bigint), k, CAST(%(experiment)s AS bigint), "
    "s, t, v, n FROM "
)
_LATEST = INTO_LATEST + _LATEST + _UNNEST.format("l") + " " + KEEP_LATEST
_NEWER = f"WITH latest AS ({_LATEST}) {_POINTS}"
_LATE = _POINTS + " ON CONFLICT DO NOTHING"
_KNOWN = (
    "SELECT key_id, step, at_ms, value FROM run_metrics "
    "WHERE workspace_id = %(ws)s AND run_id = %(run)s AND key_id = ANY(%(known)s)"
)


def write(connection: Connection, owner: Owner, histories: Sequence[History]) -> list[History]:
    """Append points and keep the latest of each metric; give what came late.

    Raises:
        struct.error: a number is out of range.
    """
    teach(connection)
    workspace, run, experiment = owner
    own = {"ws": workspace, "run": run, "experiment": experiment}
    numbers = Integers([key for key, _ in histories])
    known = {
        key: (step, at, value)
        for key, step, at, value in connection.exec_driver_sql(_KNOWN, {**own, "known": numbers})
    }
    newer: list[History] = []
    late: list[History] = []
    for key, rows in histories:
        is_newer = key not in known or rows[0][:3] > known[key]
        (newer if is_newer else late).append((key, rows))
    if late and not connection.exec_driver_sql(_LATE, {**own, **_packed("p", late)}).rowcount:
        late = []  # all of it was there
    latest = _packed("l", [(key, rows[-1:]) for key, rows in histories])
    if newer:
        connection.exec_driver_sql(_NEWER, {**own, **latest, **_packed("p", newer)})
    else:
        connection.exec_driver_sql(_LATEST, {**own, **latest})
    return late


def _packed(name: str, histories: Sequence[History]) -> dict[str, Any]:
    numbers = [key for key, rows in histories for _ in rows]
    steps, times, values, nans = zip(*(row for _, rows in histories for row in rows), strict=True)
    return {
        f"{name}_keys": Integers(numbers),
        f"{name}_steps": BigIntegers(steps),
        f"{name}_times": BigIntegers(times),
        f"{name}_values": Doubles(values),
        f"{name}_nans": Booleans(nans),
    }
