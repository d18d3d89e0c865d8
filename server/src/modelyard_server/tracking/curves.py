"""Curves for charts, thinned by NumPy; those of long histories are kept until the run changes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from sqlalchemy import select
from sqlalchemy.orm import Session

from modelyard_server.kernel import tenancy
from modelyard_server.kernel.db import Database
from modelyard_server.kernel.lazily import lazily

from . import keys
from .columns import arrays
from .history import Logged
from .models import Run
from .records import MetricPoint, RunChange

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
else:
    np = lazily("numpy")


LONG = 20_000  # thinned in 10 ms
_MOST_KEPT = 1000  # curves of some 100 KiB


@dataclass(frozen=True, slots=True)
class Curve:
    """What a chart shows of a history."""

    total: int
    points: Sequence[Logged]


@dataclass(eq=False)
class _Shelf:
    lock: threading.Lock = field(default_factory=threading.Lock)
    curves: OrderedDict[tuple[int, ...], tuple[int | None, Curve]] = field(
        default_factory=OrderedDict
    )


_shelves: WeakKeyDictionary[Database, _Shelf] = WeakKeyDictionary()


def curve(db: Session, run: Run, key: str, most: int) -> Curve:
    """Give a metric's curve of at most `most` points."""
    number = keys.known(db, [key]).get(key)
    if number is None:
        return Curve(0, ())
    shelf = _shelves.setdefault(db.info["database"], _Shelf())
    name = (tenancy.workspace_of(db), run.id, number, most)
    # Asked before the points are: what is kept is then never newer than it says.
    changed = db.scalar(select(RunChange.seq).where(RunChange.id == run.id))
    with shelf.lock:
        kept = shelf.curves.get(name)
    if kept is not None and kept[0] == changed:
        return kept[1]
    made = _read(db, run.id, number, most)
    if made.total > LONG:
        with shelf.lock:
            shelf.curves[name] = (changed, made)
            shelf.curves.move_to_end(name)
            while len(shelf.curves) > _MOST_KEPT:
                shelf.curves.popitem(last=False)
    return made


def _read(db: Session, run_id: int, number: int, most: int) -> Curve:
    query = (
        select(MetricPoint.step, MetricPoint.at_ms, MetricPoint.value, MetricPoint.is_nan)
        .where(MetricPoint.id == run_id, MetricPoint.key_id == number)
        .order_by(MetricPoint.step, MetricPoint.at_ms, MetricPoint.value)
    )
    steps, times, values, nans = arrays(db, query, (np.int64, np.int64, np.float64, np.bool_))
    points = [
        Logged(int(steps[at]), int(times[at]), None if nans[at] else float(values[at]))
        for at in thinned(values, nans, most)
    ]
    return Curve(len(steps), points)


def thinned(
    values: npt.NDArray[np.float64], nans: npt.NDArray[np.bool_], most: int
) -> Sequence[int]:
    """Choose at most `most` places: of each stretch its lowest and highest, and both ends.

    A spike of one point survives, which averaging or picking every n-th point would lose.
    """
    count = len(values)
    if count <= most or most < 4:
        return range(count)
    low, high = np.where(nans, np.inf, values), np.where(nans, -np.inf, values)
    inner, stretches = count - 2, (most - 2) // 2
    chosen = [0]
    for number in range(stretches):
        start = 1 + number * inner // stretches
        end = 1 + (number + 1) * inner // stretches
        chosen += _extremes(low[start:end], high[start:end], start)
    return [*chosen, count - 1]


def _extremes(low: npt.NDArray[Any], high: npt.NDArray[Any], start: int) -> list[int]:
    if not len(low):
        return []
    return [start + at for at in sorted({int(low.argmin()), int(high.argmax())})]
