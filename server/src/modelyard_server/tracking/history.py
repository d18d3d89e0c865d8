"""Metric histories: whole, in pages, or sampled for many runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from modelyard_server.kernel.lazily import lazily

from . import keys
from . import points as stored
from .points import START, Columns, Place

if TYPE_CHECKING:
    import numpy as np
else:
    np = lazily("numpy")


@dataclass(frozen=True, slots=True)
class Logged:
    """One point of a history; `value` is `None` for a NaN."""

    step: int
    at_ms: int
    value: float | None


def points(
    db: Session, run_id: int, key: str, *, most: int | None = None, after: Place = START
) -> list[Logged]:
    """Give the history of a metric by step, then time; `run_id` is the run's number."""
    number = keys.known(db, [key]).get(key)
    if number is None:
        return []
    return _logged(stored.read(db, run_id, number, after=after, most=most))


def place(point: Logged) -> Place:
    """Give where a point stands, to go on after it."""
    return point.step, point.at_ms, point.value or 0.0, point.value is None


def sampled_steps(
    db: Session, run_ids: Sequence[int], key: str, span: tuple[int | None, int | None], most: int
) -> dict[int, list[Logged]]:
    """Give at most about `most` points of each run at common steps.

    The first and last step of every run are kept, so that curves end where they end.
    """
    number = keys.known(db, [key]).get(key)
    found = {} if number is None else stored.between(db, run_ids, number, span)
    if not found:
        return {}
    steps = np.unique(np.concatenate([columns[0] for columns in found.values()]))
    ends = [int(columns[0][at]) for columns in found.values() for at in (0, -1)]
    kept = np.array(sorted({*spread(steps.tolist(), most), *ends}))
    return {
        run: _logged(tuple(column[np.isin(columns[0], kept)] for column in columns))
        for run, columns in found.items()
    }


def _logged(columns: Columns) -> list[Logged]:
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return [Logged(step, at, None if nan else value) for step, at, value, nan in rows]


def spread(values: Sequence[int], most: int) -> list[int]:
    """Pick at most `most` values at even distances, the ends included."""
    if len(values) <= most:
        return list(values)
    if most < 2:
        return [values[-1]]
    gap = (len(values) - 1) / (most - 1)
    return [values[round(place * gap)] for place in range(most)]
