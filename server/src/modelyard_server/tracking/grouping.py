"""Runs by what they have in common: how many there are, and how their metrics spread."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from . import keys
from .conditions import TABLES, Conditions
from .errors import ValueRefused
from .filters import Clause
from .models import ACTIVE, Run
from .records import RunMetric
from .run_table import named

ATTRIBUTES: dict[str, Any] = {"status": Run.status, "author": Run.user_name}
MOST_METRICS = 20


@dataclass(frozen=True, slots=True)
class Spread:
    """A metric's latest values in a group, NaN left out; `sd` is that of a sample."""

    count: int
    low: float
    high: float
    mean: float
    sd: float | None


@dataclass(slots=True)
class Group:
    """Runs with one value; `None` for those that have none."""

    value: str | None
    runs: int
    metrics: dict[str, Spread] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Grouped:
    """Which runs are grouped, by what."""

    experiment_id: int
    by: str
    clauses: Sequence[Clause]
    metrics: Sequence[str] = ()


def groups(
    db: Session, wanted: Grouped, *, limit: int, after: Sequence[Any] | None = None
) -> list[Group]:
    """List groups, the largest first and runs without a value last, from after a position.

    A position is `[is the group without a value, runs, value]`.

    Raises:
        ValueRefused: runs cannot be grouped by that.
        FilterRefused: something cannot be compared.
    """
    query, value = _grouped(db, wanted)
    count = func.count(Run.id)
    sized = query.with_only_columns(value.label("value"), count.label("runs")).group_by(value)
    sized_rows = sized.subquery()
    has_none, size, shown = sized_rows.c.value.is_(None), sized_rows.c.runs, sized_rows.c.value
    listed = select(shown, size).order_by(has_none, size.desc(), shown)
    if after is not None:
        if after[0]:
            return []
        smaller = or_(size < after[1], and_(size == after[1], shown > after[2]))
        listed = listed.where(or_(has_none, smaller))
    found = [Group(value, runs) for value, runs in db.execute(listed.limit(limit))]
    for metric in wanted.metrics:
        _spread(db, wanted, metric, found)
    return found


def position(group: Group) -> list[Any]:
    """Give the position of a group."""
    return [group.value is None, group.runs, group.value]


def _grouped(db: Session, wanted: Grouped) -> tuple[Select[Any], ColumnElement[Any]]:
    """Give the query on the grouped runs, and what they are grouped by."""
    is_sqlite = db.get_bind().dialect.name == "sqlite"
    named_keys = [clause.key for clause in wanted.clauses if clause.kind in TABLES]
    conditions = Conditions(keys.known(db, named_keys), is_sqlite)
    query = select(Run.id).where(
        Run.experiment_id == wanted.experiment_id, Run.lifecycle_stage == ACTIVE
    )
    for clause in wanted.clauses:
        query = query.where(conditions.of(clause))
    if wanted.by in ATTRIBUTES:
        return query, ATTRIBUTES[wanted.by]
    kind, key = named(wanted.by)
    if kind == "metric":
        raise ValueRefused("Runs are grouped by parameters, tags, status or author.")
    table = aliased(TABLES[kind])
    number = keys.known(db, [key]).get(key, -1)
    query = query.outerjoin(table, and_(table.id == Run.id, table.key_id == number))
    return query, table.value


def _spread(db: Session, wanted: Grouped, metric: str, found: Sequence[Group]) -> None:
    number = keys.known(db, [metric]).get(metric)
    if number is None or not found:
        return
    query, value = _grouped(db, wanted)
    latest = aliased(RunMetric)
    query = query.join(latest, and_(latest.id == Run.id, latest.key_id == number)).where(
        latest.is_nan.is_(False)
    )
    some = [group.value for group in found if group.value is not None]
    query = query.where(or_(value.in_(some), value.is_(None)))
    number_ = latest.value
    first = query.with_only_columns(
        value, func.count(), func.min(number_), func.max(number_), func.avg(number_)
    )
    rows = {row[0]: row[1:] for row in db.execute(first.group_by(value))}
    if not rows:
        return
    # Squares are taken of distances from one value in the middle: of the values themselves, a
    # small spread around a large mean would be lost in rounding.
    middle = next(iter(rows.values()))[3]
    distance = number_ - middle
    second = query.with_only_columns(value, func.sum(distance * distance))
    squares = {row[0]: row[1] for row in db.execute(second.group_by(value))}
    for group in found:
        if group.value in rows:
            count, low, high, mean = rows[group.value]
            spare = squares[group.value] - count * (mean - middle) ** 2
            sd = math.sqrt(max(spare, 0) / (count - 1)) if count > 1 else None
            group.metrics[metric] = Spread(count, low, high, mean, sd)
