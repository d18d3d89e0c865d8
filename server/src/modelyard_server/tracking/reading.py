"""What runs logged, read for many runs at once."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from .records import Key, RunMetric, RunParam, RunTag


@dataclass(frozen=True, slots=True)
class Latest:
    """The latest value of a metric; `value` is 0 for a NaN."""

    key: str
    value: float
    is_nan: bool
    step: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class Logged:
    """Everything but histories that a run logged."""

    metrics: list[Latest] = field(default_factory=list)
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)


def logged(db: Session, run_ids: Collection[int]) -> dict[int, Logged]:
    """Give what each run logged, by the run's number; keys are sorted."""
    found = {run_id: Logged() for run_id in run_ids}
    if not found:
        return found
    metrics = (
        select(
            RunMetric.id,
            Key.name,
            RunMetric.value,
            RunMetric.is_nan,
            RunMetric.step,
            RunMetric.at_ms,
        )
        .join(Key, Key.id == RunMetric.key_id)
        .where(RunMetric.id.in_(found))
        .order_by(Key.name)
    )
    for run_id, key, number, is_nan, step, at_ms in db.execute(metrics):
        found[run_id].metrics.append(Latest(key, number, is_nan, step, at_ms))
    params = (
        select(RunParam.id, Key.name, RunParam.value)
        .join(Key, Key.id == RunParam.key_id)
        .where(RunParam.id.in_(found))
        .order_by(Key.name)
    )
    for run_id, name, value in db.execute(params):
        found[run_id].params[name] = value
    tags = (
        select(RunTag.id, Key.name, RunTag.value)
        .join(Key, Key.id == RunTag.key_id)
        .where(RunTag.id.in_(found))
        .order_by(Key.name)
    )
    for run_id, name, value in db.execute(tags):
        found[run_id].tags[name] = value
    return found
