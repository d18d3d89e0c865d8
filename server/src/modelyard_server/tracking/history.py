"""Metric histories: whole, in pages, sampled for many runs, or thinned for a chart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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


def thinned(history: Sequence[Logged], most: int) -> list[Logged]:
    """Keep at most `most` points: of each stretch its lowest and highest, in order, and both ends.

    A spike of one point survives, which averaging or picking every n-th point would lose.
    """
    if len(history) <= most or most < 4:
        return list(history)
    inner, stretches = history[1:-1], (most - 2) // 2
    kept = [history[0]]
    for number in range(stretches):
        stretch = inner[number * len(inner) // stretches : (number + 1) * len(inner) // stretches]
        kept += _extremes(stretch)
    return [*kept, history[-1]]


def _extremes(stretch: Iterable[Logged]) -> list[Logged]:
    counted = [(point.value, place, point) for place, point in enumerate(stretch)]
    numbers = [(value, place, point) for value, place, point in counted if value is not None]
    if not numbers:
        return [point for _, _, point in counted[:1]]
    lowest = min(numbers, key=lambda entry: (entry[0], entry[1]))
    highest = max(numbers, key=lambda entry: (entry[0], -entry[1]))
    picked = {entry[1]: entry[2] for entry in (lowest, highest)}
    return [picked[place] for place in sorted(picked)]
