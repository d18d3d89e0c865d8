"""Curves for charts, thinned by NumPy.

Of a long history the lowest and the highest of every block of points are kept, so that a run that
goes on logging has only its newest points read at the next look.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from sqlalchemy import func, select, tuple_
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
BLOCK = 256
_MOST_KEPT = 1000  # curves of some 100 KiB
_MOST_BLOCKS = 200  # histories, of 250 KiB for each million points

Columns = tuple["npt.NDArray[Any]", ...]
"""Steps, times, values, and which are NaN."""


@dataclass(frozen=True, slots=True)
class Curve:
    """What a chart shows of a history."""

    total: int
    points: Sequence[Logged]


@dataclass(frozen=True, slots=True)
class _Blocks:
    """The first point, each whole block's lowest and highest, and the last point they cover."""

    total: int
    rows: Columns
    mark: tuple[Any, ...]


Name = tuple[int, ...]


@dataclass(eq=False)
class _Shelf:
    lock: threading.Lock = field(default_factory=threading.Lock)
    curves: OrderedDict[Name, tuple[int | None, Curve]] = field(default_factory=OrderedDict)
    blocks: OrderedDict[Name, _Blocks] = field(default_factory=OrderedDict)


_shelves: WeakKeyDictionary[Database, _Shelf] = WeakKeyDictionary()


def curve(db: Session, run: Run, key: str, most: int) -> Curve:
    """Give a metric's curve of at most `most` points."""
    number = keys.known(db, [key]).get(key)
    if number is None:
        return Curve(0, ())
    shelf = _shelves.setdefault(db.info["database"], _Shelf())
    name = (tenancy.workspace_of(db), run.id, number)
    # Asked before the points are: what is kept is then never newer than it says.
    changed = db.scalar(select(RunChange.seq).where(RunChange.id == run.id))
    with shelf.lock:
        kept = shelf.curves.get((*name, most))
        blocks = shelf.blocks.get(name)
    if kept is not None and kept[0] == changed:
        return kept[1]
    if blocks is not None and _covered(db, run.id, number, blocks.mark) != blocks.total:
        blocks = None  # something came late: among the points that were read already
    new = _read(db, run.id, number, blocks.mark if blocks else None)
    if blocks is None and len(new[0]) <= max(LONG, BLOCK):
        return _chosen(len(new[0]), new, most)
    blocks, rest = _extended(blocks, new)
    rows = _joined(blocks.rows, _extremes_of(rest) if len(rest[0]) else _row(blocks.mark))
    made = _chosen(blocks.total + len(rest[0]), rows, most)
    with shelf.lock:
        _keep(shelf.blocks, name, blocks, _MOST_BLOCKS)
        _keep(shelf.curves, (*name, most), (changed, made), _MOST_KEPT)
    return made


def _keep(shelf: OrderedDict[Name, Any], name: Name, what: Any, most: int) -> None:
    shelf[name] = what
    shelf.move_to_end(name)
    while len(shelf) > most:
        shelf.popitem(last=False)


_ORDER = (MetricPoint.step, MetricPoint.at_ms, MetricPoint.value, MetricPoint.is_nan)


def _covered(db: Session, run_id: int, number: int, mark: tuple[Any, ...]) -> int:
    query = select(func.count()).where(
        MetricPoint.id == run_id, MetricPoint.key_id == number, tuple_(*_ORDER) <= mark
    )
    return int(db.scalar(query) or 0)


def _read(db: Session, run_id: int, number: int, mark: tuple[Any, ...] | None) -> Columns:
    query = select(*_ORDER).where(MetricPoint.id == run_id, MetricPoint.key_id == number)
    if mark is not None:
        query = query.where(tuple_(*_ORDER) > mark)
    return tuple(arrays(db, query.order_by(*_ORDER), (np.int64, np.int64, np.float64, np.bool_)))


def _extended(blocks: _Blocks | None, new: Columns) -> tuple[_Blocks, Columns]:
    """Take what fills whole blocks; give them, and the points that are left."""
    whole = len(new[0]) // BLOCK * BLOCK
    rest = tuple(column[whole:] for column in new)
    if whole == 0:
        assert blocks is not None  # noqa: S101 - a first read is longer than a block
        return blocks, rest
    full = tuple(column[:whole] for column in new)
    first = tuple(column[:1] for column in new)
    rows = _joined(blocks.rows if blocks else first, _extremes_of(full))
    mark = tuple(column[whole - 1].item() for column in new)
    return _Blocks((blocks.total if blocks else 0) + whole, rows, mark), rest


def _extremes_of(rows: Columns) -> Columns:
    """Give of each block of rows its lowest and highest, and the last row of a block cut short."""
    _, _, values, nans = rows
    low, high = np.where(nans, np.inf, values), np.where(nans, -np.inf, values)
    starts = np.arange(0, len(values), BLOCK)
    whole = len(values) // BLOCK
    places = [
        starts[:whole] + extreme(column[: whole * BLOCK].reshape(-1, BLOCK), axis=1)
        for extreme, column in ((np.argmin, low), (np.argmax, high))
    ]
    if whole * BLOCK < len(values):
        at = whole * BLOCK
        places.append(np.array([at + low[at:].argmin(), at + high[at:].argmax(), len(values) - 1]))
    chosen = np.unique(np.concatenate(places))
    return tuple(column[chosen] for column in rows)


def _joined(before: Columns, after: Columns) -> Columns:
    return tuple(np.concatenate(pair) for pair in zip(before, after, strict=True))


def _row(values: tuple[Any, ...]) -> Columns:
    return tuple(np.array([value]) for value in values)


def _chosen(total: int, rows: Columns, most: int) -> Curve:
    steps, times, values, nans = rows
    points = [
        Logged(int(steps[at]), int(times[at]), None if nans[at] else float(values[at]))
        for at in thinned(values, nans, most)
    ]
    return Curve(total, points)


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
