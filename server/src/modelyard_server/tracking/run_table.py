"""Rows and columns of a run table: only what is shown is read, and a page knows what there is."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from . import keys, service
from .conditions import TABLES
from .errors import ValueRefused
from .models import ACTIVE, Run
from .records import Key
from .service import RunSummary

GROUPS = {"metrics": "metric", "params": "param", "tags": "tag"}
MOST_COUNTED = 20_000
"""Runs of an experiment up to which every one is counted; of more, the newest are."""
SAMPLE = 2_000
MOST_LISTED = 5_000


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """A column that runs have: how many of them, and whether it tells them apart."""

    name: str
    runs: int
    differs: bool


@dataclass(frozen=True, slots=True)
class Columns:
    """What an experiment's runs logged. `runs` were looked at, all of them unless `is_sampled`."""

    runs: int
    is_sampled: bool
    columns: list[ColumnFacts]


def named(column: str) -> tuple[str, str]:
    """Read a column's name, such as `metrics.loss`, as kind and key.

    Raises:
        ValueRefused: it is none.
    """
    group, dot, key = column.partition(".")
    if group not in GROUPS or not dot or not key:
        raise ValueRefused(f"A column is metrics.…, params.… or tags.…, not {column[:80]!r}.")
    return GROUPS[group], key


def rows(db: Session, found: Sequence[Run], columns: Collection[str] | None) -> list[RunSummary]:
    """Give runs with what they logged: all of it, or the columns that are shown.

    Raises:
        ValueRefused: a column's name is none.
    """
    if columns is None:
        return service.summaries(db, list(found))
    wanted: dict[str, list[str]] = {kind: [] for kind in GROUPS.values()}
    for column in columns:
        kind, key = named(column)
        wanted[kind].append(key)
    logged = {kind: _values(db, found, kind, names) for kind, names in wanted.items()}
    return [_row(run, logged) for run in found]


def _row(run: Run, logged: dict[str, dict[int, dict[str, Any]]]) -> RunSummary:
    return RunSummary(
        id=run.uid,
        experiment_id=str(run.experiment_id),
        name=run.name,
        status=run.status,
        user_name=run.user_name,
        started_at=service.instant(run.started_ms),
        ended_at=None if run.over_ms is None else service.instant(run.over_ms),
        params=logged["param"].get(run.id, {}),
        metrics=logged["metric"].get(run.id, {}),
        tags=logged["tag"].get(run.id, {}),
    )


def _values(
    db: Session, found: Sequence[Run], kind: str, names: Sequence[str]
) -> dict[int, dict[str, Any]]:
    numbers = keys.known(db, names)
    if not found or not numbers:
        return {}
    table, called = TABLES[kind], {number: name for name, number in numbers.items()}
    query = select(table.id, table.key_id, table.value).where(
        table.id.in_([run.id for run in found]), table.key_id.in_(called)
    )
    if kind == "metric":
        query = query.add_columns(table.is_nan)
    values: dict[int, dict[str, Any]] = {}
    for run_id, number, value, *is_nan in db.execute(query):
        values.setdefault(run_id, {})[called[number]] = None if any(is_nan) else value
    return values


def columns(db: Session, experiment_id: int, *, sample: int | None = None) -> Columns:
    """List what the active runs of an experiment logged, the most common first.

    `sample` looks at that many of the newest runs only.
    """
    inside = [Run.experiment_id == experiment_id, Run.lifecycle_stage == ACTIVE]
    total = int(db.scalar(select(func.count(Run.id)).where(*inside)) or 0)
    if sample is None and total > MOST_COUNTED:
        sample = SAMPLE
    is_sampled = sample is not None and total > sample
    chosen = select(Run.id).where(*inside)
    if sample is not None:
        chosen = chosen.order_by(Run.started_ms.desc(), Run.id.desc()).limit(sample)
    some: Any = list(db.scalars(chosen)) if is_sampled else None
    looked_at = total if some is None else len(some)
    if some is None and _are_some_deleted(db, experiment_id):
        some = chosen
    found: list[ColumnFacts] = []
    for group, kind in GROUPS.items():
        for name, count, low, high in db.execute(_facts(kind, experiment_id, some)):
            differs = low != high or count < looked_at
            found.append(ColumnFacts(f"{group}.{name}", count, differs))
    found.sort(key=lambda column: (-column.runs, column.name))
    return Columns(looked_at, is_sampled, found[:MOST_LISTED])


def _facts(kind: str, experiment_id: int, some: Any) -> Select[Any]:
    """Count the values of each key, and tell the lowest and highest, by one walk of an index."""
    table = TABLES[kind]
    value = table.value if kind == "metric" else table.value_prefix
    query = (
        select(
            table.key_id.label("key_id"),
            func.count().label("runs"),
            func.min(value).label("low"),
            func.max(value).label("high"),
        )
        .where(table.experiment_id == experiment_id)
        .group_by(table.key_id)
    )
    if some is not None:
        query = query.where(table.id.in_(some))
    counted = query.subquery()
    return select(Key.name, counted.c.runs, counted.c.low, counted.c.high).join(
        counted, counted.c.key_id == Key.id
    )


def _are_some_deleted(db: Session, experiment_id: int) -> bool:
    hidden = Run.experiment_id == experiment_id, Run.lifecycle_stage != ACTIVE
    return db.scalar(select(Run.id).where(*hidden).limit(1)) is not None
