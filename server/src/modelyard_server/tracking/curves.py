"""Curves for charts, thinned by NumPy from what `pieces` keep of a long history."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from modelyard_server.kernel import tenancy
from modelyard_server.kernel.db import Database
from modelyard_server.kernel.lazily import lazily

from . import keys, pieces
from .history import Logged
from .models import Run
from .points import Columns
from .records import RunChange

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
else:
    np = lazily("numpy")

log = structlog.get_logger("modelyard.tracking")
_MOST_KEPT = 1000  # curves of some 100 KiB
_REST_SECONDS = 0.02  # for whoever waits for SQLite's writer


@dataclass(frozen=True, slots=True)
class Curve:
    """What a chart shows of a history."""

    total: int
    points: Sequence[Logged]


Name = tuple[int, int, int]
"""Numbers of workspace, run and metric."""


@dataclass(eq=False)
class _Shelf:
    lock: threading.Lock = field(default_factory=threading.Lock)
    curves: OrderedDict[tuple[int, ...], tuple[int | None, Curve]] = field(
        default_factory=OrderedDict
    )
    behind: set[Name] = field(default_factory=set)
    thread: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="histories")
    )


_shelves: WeakKeyDictionary[Database, _Shelf] = WeakKeyDictionary()


def curve(db: Session, run: Run, key: str, most: int) -> Curve:
    """Give a metric's curve of at most `most` points."""
    number = keys.known(db, [key]).get(key)
    if number is None:
        return Curve(0, ())
    database: Database = db.info["database"]
    shelf = _shelves.setdefault(database, _Shelf())
    name = (tenancy.workspace_of(db), run.id, number)
    # Asked before the points are: what is kept is then never newer than it says.
    changed = db.scalar(select(RunChange.seq).where(RunChange.id == run.id))
    with shelf.lock:
        kept = shelf.curves.get((*name, most))
    if kept is not None and kept[0] == changed:
        return kept[1]
    made, uncovered = _read(db, run.id, number, most)
    if made.total <= pieces.LONG:
        return made
    with shelf.lock:
        shelf.curves[(*name, most)] = (changed, made)
        shelf.curves.move_to_end((*name, most))
        while len(shelf.curves) > _MOST_KEPT:
            shelf.curves.popitem(last=False)
        starts = uncovered > pieces.LONG and name not in shelf.behind
        if starts:
            shelf.behind.add(name)
    if starts:  # logged before there were pieces, or before the last start of this process
        shelf.thread.submit(_catch_up, database, shelf, name)
    return made


def wait_for_pieces(database: Database) -> None:
    """Wait until the pieces that charts have asked for are there."""
    shelf = _shelves.setdefault(database, _Shelf())
    shelf.thread.submit(int).result()


def _catch_up(database: Database, shelf: _Shelf, name: Name) -> None:
    try:
        while pieces.extend_locked(database, *name):
            time.sleep(_REST_SECONDS)
    except Exception:
        log.exception("history_not_cut", run=name[1])
    finally:
        with shelf.lock:
            shelf.behind.discard(name)


def _read(db: Session, run_id: int, number: int, most: int) -> tuple[Curve, int]:
    """Give a curve, and of how many points no piece told."""
    parts: list[Columns] = []
    total = uncovered = 0
    found = pieces.overview(db, run_id, number)
    for part in found:
        if isinstance(part, pieces.Covered):
            parts.append(part.rows)
            total += part.total
            continue
        rows = pieces.read(db, run_id, number, part)
        count = len(rows[0])
        is_short = len(found) == 1 and count <= pieces.LONG
        parts.append(rows if is_short else pieces.extremes(rows))
        total, uncovered = total + count, uncovered + count
    rows = tuple(np.concatenate(columns) for columns in zip(*parts, strict=True))
    return Curve(total, _chosen(rows, most)), uncovered


def _chosen(rows: Columns, most: int) -> list[Logged]:
    steps, times, values, nans = rows
    return [
        Logged(int(steps[at]), int(times[at]), None if nans[at] else float(values[at]))
        for at in thinned(values, nans, most)
    ]


def thinned(
    values: npt.NDArray[np.float64], nans: npt.NDArray[np.bool_], most: int
) -> Sequence[int]:
    """Choose at most `most` places: of each stretch its lowest and highest, and both ends.

    A spike of one point survives, which averaging or picking every n-th point would lose.
    """
    count = len(values)
    if count <= most or most < 4:
        return range(count)
    inner, stretches = count - 2, (most - 2) // 2  # more points than stretches: none is empty
    starts = [1 + number * inner // stretches for number in range(stretches + 1)]
    return pieces.telling(values, nans, pairwise(starts))
