"""The hot path: metrics, parameters and tags into narrow tables with the driver's bulk calls.

Points that came together are one row for each metric (`points.py`); the statements of the two
databases are in `ingest_sqlite.py` and `ingest_postgres.py`.
"""

from __future__ import annotations

import math
import struct
from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from operator import eq
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, select
from sqlalchemy.orm import Session

from modelyard_server.kernel import tenancy
from modelyard_server.kernel.db import execute_many

from . import changes, keys, pieces
from . import points as stored
from .errors import NOT_ACTIVE, NotActive, ParamChanged, RunMissing, ValueRefused
from .models import ACTIVE, Run
from .points import Place
from .records import PREFIX_LENGTH, RunParam

LARGEST = 1.7976931348623157e308  # MLflow stores and returns infinities as this
LONGEST_PARAM = 6000
LONGEST_TAG = 8000
MOST_METRICS, MOST_PARAMS, MOST_TAGS, MOST_ALL = 1000, 100, 100, 1000

INTO_POINTS = (
    "INSERT INTO metric_points (workspace_id, run_id, key_id, step, at_ms, value, is_nan) "
)
INTO_CHUNKS = (
    "INSERT INTO metric_chunks (workspace_id, run_id, key_id, step, at_ms, value, is_nan, "
    "first_step, points, content) "
)
INTO_LATEST = (
    "INSERT INTO run_metrics "
    "(workspace_id, run_id, key_id, experiment_id, step, at_ms, value, is_nan) "
)
KEEP_LATEST = (
    "ON CONFLICT (workspace_id, run_id, key_id) DO UPDATE SET "
    "step = excluded.step, at_ms = excluded.at_ms, value = excluded.value, "
    "is_nan = excluded.is_nan "
    "WHERE (excluded.step, excluded.at_ms, excluded.value) >= "
    "(run_metrics.step, run_metrics.at_ms, run_metrics.value)"
)
_TEXTS = (
    "INSERT INTO {table} (workspace_id, run_id, key_id, experiment_id, value, value_prefix) "
    "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (workspace_id, run_id, key_id) "
)
_PARAM = _TEXTS.format(table="run_params") + "DO NOTHING"
_TAG = (
    _TEXTS.format(table="run_tags")
    + "DO UPDATE SET value = excluded.value, value_prefix = excluded.value_prefix"
)

_TARGET = select(Run.id, Run.uid, Run.experiment_id, Run.lifecycle_stage).where(
    Run.workspace_id == bindparam("bound"), Run.uid == bindparam("uid")
)


@dataclass(frozen=True, slots=True)
class Target:
    """The run that takes the rows."""

    id: int
    uid: str
    experiment_id: int


class Point(NamedTuple):
    """One value of a metric; `at_ms` is milliseconds since 1970."""

    key: str
    value: float
    at_ms: int
    step: int


Histories = dict[str, list[Place]]
"""Points (step, time, value, is NaN) by the name of their metric, in order and each once."""
History = tuple[int, list[Place]]
"""The same of one metric, with its number."""
Owner = tuple[int, int, int]
"""Numbers of workspace, run and experiment."""
Known = Mapping[int, tuple[int, int, float]]
"""Latest step, time and value by number of a metric."""


class Sorted(NamedTuple):
    """Points of a batch by the way they are kept."""

    late: list[History]
    """Not newer than all that is there: some may be there already."""
    chunks: list[History]
    single: list[History]


def target(db: Session, run_id: str) -> Target:
    """Find a run that takes changes, cheaply, and note that it is changed.

    Raises:
        RunMissing: there is none.
        NotActive: it is deleted.
    """
    workspace_id, connection = tenancy.workspace_of(db), db.connection()
    if connection.dialect.name == "postgresql":
        found = changes.note_active(connection, workspace_id, run_id)
        if found is not None:
            return Target(found[0], run_id, found[1])
    row = connection.execute(_TARGET, {"uid": run_id, "bound": workspace_id}).one_or_none()
    if row is None:
        raise RunMissing(f"Run with id={run_id[:64]} not found.")
    if row.lifecycle_stage != ACTIVE:
        raise NotActive(NOT_ACTIVE.format(run_id))
    changes.note(db, row.id, row.experiment_id)
    return Target(row.id, row.uid, row.experiment_id)


def target_of(run: Run) -> Target:
    """Make a target of a loaded run."""
    return Target(run.id, run.uid, run.experiment_id)


def refuse_too_many(
    metrics: Collection[Any], params: Collection[Any], tags: Collection[Any]
) -> None:
    """Keep a batch within what MLflow promises its clients.

    Raises:
        ValueRefused: there is too much in it.
    """
    for items, most, what in (
        (metrics, MOST_METRICS, "metrics"),
        (params, MOST_PARAMS, "params"),
        (tags, MOST_TAGS, "tags"),
    ):
        if len(items) > most:
            raise ValueRefused(
                f"A batch logging request can contain at most {most} {what}. Got {len(items)}."
            )
    if len(metrics) + len(params) + len(tags) > MOST_ALL:
        raise ValueRefused(f"A batch logging request can contain at most {MOST_ALL} entities.")


def grouped(points: Iterable[tuple[str, float, int, int]]) -> Histories:
    """Put points in the order of a history, each once, by the name of their metric.

    Done before the database is asked for its writer.
    """
    found: Histories = {}
    for key, value, at_ms, step in points:
        row = (step, at_ms, value, False)
        if not -LARGEST <= value <= LARGEST:
            row = (step, at_ms, *clean(value))
        if key in found:
            found[key].append(row)
        else:
            found[key] = [row]
    for key, rows in found.items():
        rows.sort()
        if any(map(eq, rows, islice(rows, 1, None))):
            found[key] = list(dict.fromkeys(rows))
    return found


def write_points(db: Session, run: Target, histories: Histories) -> None:
    """Append points, and keep each metric's latest.

    Raises:
        ValueRefused: a key is empty or too long, or a step or timestamp is out of range.
    """
    if not histories:
        return
    numbers = keys.numbers(db, histories.keys())
    # Keys in order, so that concurrent batches of one run do not deadlock on PostgreSQL.
    in_order = sorted((numbers[key], rows) for key, rows in histories.items())
    connection = db.connection()
    owner = (tenancy.workspace_of(db), run.id, run.experiment_id)
    known, write = _way(connection)
    try:
        batch = sorted_out(known(connection, owner, list(numbers.values())), in_order)
        late = [
            (key, left)
            for key, rows in batch.late
            if (left := stored.not_in_chunks(db, run.id, key, rows))
        ]
        late = write(connection, owner, batch._replace(late=late), in_order)
    except (OverflowError, struct.error):
        raise ValueRefused("A step or timestamp is out of range.") from None
    if late:
        pieces.come_late(db, run.id, [(key, rows[0], rows[-1]) for key, rows in late])
    pieces.grown(db, run.id, in_order)


def _way(connection: Connection) -> tuple[Any, Any]:
    """Give the functions `known` and `write` of a database."""
    if connection.dialect.name == "postgresql":
        from . import ingest_postgres  # with psycopg only

        return ingest_postgres.known, ingest_postgres.write
    from . import ingest_sqlite

    return ingest_sqlite.known, ingest_sqlite.write


def sorted_out(known: Known, histories: Sequence[History]) -> Sorted:
    """Tell late points from newer ones, and which of those are enough for a chunk."""
    found = Sorted([], [], [])
    for key, rows in histories:
        last = known.get(key)
        start = 0
        if last is not None and rows[0][:3] <= last:
            start = bisect_right(rows, last, key=lambda row: row[:3])
            found.late.append((key, rows[:start]))
        if len(rows) - start < stored.LEAST:
            if start < len(rows):
                found.single.append((key, rows[start:]))
            continue
        while start < len(rows):
            # The rest of a long batch may be a chunk of less than `LEAST`.
            found.chunks.append((key, rows[start : start + stored.MOST]))
            start += stored.MOST
    return found


def cut(values: Iterable[tuple[str, str]], most: int) -> list[tuple[str, str]]:
    """Cut values that are too long, as MLflow's server does: a training goes on."""
    return [(key, value[:most]) for key, value in values]


def write_params(db: Session, run: Target, params: Iterable[tuple[str, str]]) -> None:
    """Add parameters; the same value again is accepted.

    Raises:
        ParamChanged: one has another value already.
        ValueRefused: a key or value is too long.
    """
    wanted: dict[str, str] = {}
    for key, value in params:
        if len(value) > LONGEST_PARAM:
            raise ValueRefused(
                f"The value of param {key[:80]} exceeds the maximum length of {LONGEST_PARAM} "
                f"characters: it has {len(value)}."
            )
        if wanted.setdefault(key, value) != value:
            raise ParamChanged(
                f"Duplicate parameter keys have been submitted: '{key[:80]}' is "
                f"'{wanted[key][:80]}' and '{value[:80]}'."
            )
    if not wanted:
        return
    numbers = keys.numbers(db, wanted)
    execute_many(db.connection(), _PARAM, _texts(db, run, numbers, wanted))
    found = db.execute(
        select(RunParam.key_id, RunParam.value).where(
            RunParam.id == run.id, RunParam.key_id.in_(numbers.values())
        )
    )
    stored = {key_id: value for key_id, value in found}  # noqa: C416 - rows are not plain tuples
    for key, value in wanted.items():
        if stored[numbers[key]] != value:
            raise _changed(run, key, stored[numbers[key]], value)


def write_tags(db: Session, run: Target, tags: Mapping[str, str]) -> None:
    """Set tags.

    Raises:
        ValueRefused: a key or value is too long.
    """
    for key, value in tags.items():
        if len(value) > LONGEST_TAG:
            raise ValueRefused(
                f"The value of tag {key[:80]} exceeds the maximum length of {LONGEST_TAG} "
                f"characters: it has {len(value)}."
            )
    if tags:
        rows = _texts(db, run, keys.numbers(db, tags), tags)
        execute_many(db.connection(), _TAG, rows)


def clean(value: float) -> tuple[float, bool]:
    """Give (value, is NaN) as stored: a NaN as 0, infinities as the largest number."""
    if math.isnan(value):
        return 0.0, True
    return min(max(value, -LARGEST), LARGEST), False


def _texts(
    db: Session, run: Target, numbers: Mapping[str, int], values: Mapping[str, str]
) -> list[tuple[Any, ...]]:
    workspace_id = tenancy.workspace_of(db)
    return sorted(
        (workspace_id, run.id, numbers[key], run.experiment_id, value, value[:PREFIX_LENGTH])
        for key, value in values.items()
    )


def _changed(run: Target, key: str, old: str, new: str) -> ParamChanged:
    return ParamChanged(
        f"Changing param values is not allowed. Param with key='{key[:80]}' was already logged "
        f"with value='{old[:80]}' for run ID='{run.uid}'. Attempted logging new value '{new[:80]}'."
    )
