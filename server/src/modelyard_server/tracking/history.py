"""Metric histories: whole, in pages, or sampled for many runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from . import keys
from .records import MetricPoint


@dataclass(frozen=True, slots=True)
class Logged:
    """One point of a history; `value` is `None` for a NaN."""

    step: int
    at_ms: int
    value: float | None


def points(
    db: Session, run_id: int, key: str, *, limit: int | None = None, offset: int = 0
) -> list[Logged]:
    """Give the history of a metric by step, then time; `run_id` is the run's number."""
    number = keys.known(db, [key]).get(key)
    if number is None:
        return []
    query = (
        select(MetricPoint.step, MetricPoint.at_ms, MetricPoint.value, MetricPoint.is_nan)
        .where(MetricPoint.id == run_id, MetricPoint.key_id == number)
        .order_by(MetricPoint.step, MetricPoint.at_ms, MetricPoint.value)
        .offset(offset)
    )
    rows = db.execute(query if limit is None else query.limit(limit))
    return [Logged(step, at, None if nan else value) for step, at, value, nan in rows]


def sampled_steps(
    db: Session, run_ids: Sequence[int], key: str, span: tuple[int | None, int | None], most: int
) -> dict[int, list[Logged]]:
    """Give at most about `most` points of each run at common steps.

    The first and last step of every run are kept, so that curves end where they end.
    """
    number = keys.known(db, [key]).get(key)
    if number is None:
        return {}
    inside = [MetricPoint.id.in_(run_ids), MetricPoint.key_id == number]
    start, end = span
    if start is not None:
        inside.append(MetricPoint.step >= start)
    if end is not None:
        inside.append(MetricPoint.step <= end)
    steps = sorted(db.scalars(select(MetricPoint.step).where(*inside).distinct()))
    kept = set(spread(steps, most))
    for first, last in db.execute(
        select(func.min(MetricPoint.step), func.max(MetricPoint.step))
        .where(*inside)
        .group_by(MetricPoint.id)
    ):
        kept |= {first, last}
    found: dict[int, list[Logged]] = {}
    for run_id, step, at, value, nan in db.execute(
        select(
            MetricPoint.id,
            MetricPoint.step,
            MetricPoint.at_ms,
            MetricPoint.value,
            MetricPoint.is_nan,
        )
        .where(*inside)
        .order_by(MetricPoint.id, MetricPoint.step, MetricPoint.at_ms, MetricPoint.value)
    ):
        if step in kept:
            found.setdefault(run_id, []).append(Logged(step, at, None if nan else value))
    return found


def spread(values: Sequence[int], most: int) -> list[int]:
    """Pick at most `most` values at even distances, the ends included."""
    if len(values) <= most:
        return list(values)
    if most < 2:
        return [values[-1]]
    gap = (len(values) - 1) / (most - 1)
    return [values[round(place * gap)] for place in range(most)]
