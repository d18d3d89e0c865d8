"""Large experiments in memory: a column of numbers per metric, a mask per other comparison.

Filters of a million runs that match few, half or none then cost the same few milliseconds, where
indexes cost up to seconds. Columns are made when a search needs them, follow changes run by run
(`changes.py`), and the ones unused for longest go when all of them take more than `MOST_BYTES`.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias
from weakref import WeakKeyDictionary

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, with_loader_criteria

from modelyard_server.kernel import tenancy
from modelyard_server.kernel.db import Database, Owned
from modelyard_server.kernel.lazily import lazily

from . import changes
from .models import ACTIVE, Run
from .records import RunMetric

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
else:
    np = lazily("numpy")


MOST_BYTES = 160 * 1024 * 1024
_MOST_CHANGES = 20_000  # after more of them, reading anew is faster
_CHUNK = 50_000
_PATCH = 500
VALUE, NAN, NOTHING = 0, 1, 2

Numbers: TypeAlias = "npt.NDArray[np.int64]"
Mask: TypeAlias = "npt.NDArray[np.bool_]"
Name = Hashable
Query = Select[*tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Source:
    """Queries of a column: (run, value, is NaN) rows, or (run,) rows of a mask."""

    whole: Query
    some: Callable[[Sequence[int]], Query]
    """The same for some runs, written so that their primary key is used."""
    has_values: bool


@dataclass(eq=False, slots=True)
class Column:
    """What a search needs of each run. A mask has no values, and `ranks` says which runs are in."""

    source: Source
    ranks: npt.NDArray[np.int8]
    values: npt.NDArray[np.float64] | None
    mark: int

    @property
    def size_bytes(self) -> int:
        return self.ranks.nbytes + (0 if self.values is None else self.values.nbytes)


class Table:
    """The runs of one experiment, by their number, and their columns."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.mark = -1
        self.ids: Numbers = np.empty(0, np.int64)
        self.started: Numbers = np.empty(0, np.int64)
        self.is_active: Mask = np.empty(0, np.bool_)
        self.columns: OrderedDict[Name, Column] = OrderedDict()

    @property
    def size_bytes(self) -> int:
        own = self.ids.nbytes + self.started.nbytes + self.is_active.nbytes
        return own + sum(column.size_bytes for column in self.columns.values())

    def of_stages(self, stages: Collection[str]) -> Mask:
        """Tell which runs are in some lifecycle stages."""
        if len(set(stages)) > 1:
            return np.ones(len(self.ids), np.bool_)
        return self.is_active if ACTIVE in stages else ~self.is_active

    def brought_up(
        self, db: Session, experiment_id: int, wanted: Mapping[Name, Source]
    ) -> dict[Name, Column]:
        """Bring runs and the wanted columns up to what the transaction sees; give the columns."""
        mark = changes.now(db, experiment_id)
        known = [self.columns[name] for name in wanted if name in self.columns]
        oldest = min([self.mark, *(column.mark for column in known)])
        changed = (
            None if self.mark < 0 else changes.since(db, experiment_id, oldest, most=_MOST_CHANGES)
        )
        if changed is None:
            self._read(db, experiment_id)
        elif changed:
            self._patch(db, changed, known)
        self.mark = max(self.mark, mark)
        found: dict[Name, Column] = {}
        for name, source in wanted.items():
            column = self.columns.get(name) or self._read_column(db, name, source)
            column.mark = max(column.mark, mark)
            self.columns.move_to_end(name)
            found[name] = column
        return found

    def _read(self, db: Session, experiment_id: int) -> None:
        self.columns.clear()
        query = select(Run.id, Run.started_ms, Run.lifecycle_stage == ACTIVE).where(
            Run.experiment_id == experiment_id
        )
        ids, started, active = arrays(db, query, (np.int64, np.int64, np.bool_))
        order = np.argsort(ids, kind="stable")
        self.ids, self.started, self.is_active = ids[order], started[order], active[order]

    def _read_column(self, db: Session, name: Name, source: Source) -> Column:
        size = len(self.ids)
        values = np.zeros(size, np.float64) if source.has_values else None
        column = Column(source, np.full(size, NOTHING, np.int8), values, -1)
        self._put(column, arrays(db, source.whole, _kinds(source)))
        self.columns[name] = column
        return column

    def _put(self, column: Column, rows: Sequence[npt.NDArray[Any]]) -> None:
        places, is_known = self._places(rows[0])
        if column.values is None:
            column.ranks[places] = VALUE
            return
        column.values[places] = rows[1][is_known]
        column.ranks[places] = np.where(rows[2][is_known], NAN, VALUE)

    def _places(self, ids: Numbers) -> tuple[Numbers, Mask]:
        """Give where runs are, and which of them are there at all."""
        if not len(self.ids):
            return np.empty(0, np.int64), np.zeros(len(ids), np.bool_)
        at = np.minimum(np.searchsorted(self.ids, ids), len(self.ids) - 1)
        is_known = self.ids[at] == ids
        return at[is_known], is_known

    def _patch(self, db: Session, changed: Sequence[int], columns: Iterable[Column]) -> None:
        rows = {}
        for some in _chunks(changed):
            found = db.execute(
                select(Run.id, Run.started_ms, Run.lifecycle_stage).where(Run.id.in_(some))
            )
            rows.update({number: (started, stage == ACTIVE) for number, started, stage in found})
        self._resize(sorted(rows), set(changed) - rows.keys())
        ids = np.fromiter(rows, np.int64, len(rows))
        places, _ = self._places(ids)
        self.started[places] = [started for started, _ in rows.values()]
        self.is_active[places] = [active for _, active in rows.values()]
        for column in columns:
            column.ranks[places] = NOTHING
            for some in _chunks(changed):
                rows_now = arrays(db, column.source.some(some), _kinds(column.source))
                self._put(column, rows_now)

    def _resize(self, present: Sequence[int], gone: set[int]) -> None:
        """Make room for new runs, and take away what is gone; columns stay aligned."""
        new = np.setdiff1d(np.array(present, np.int64), self.ids, assume_unique=True)
        if len(new):
            at = np.searchsorted(self.ids, new)
            self._each(lambda values, fill: np.insert(values, at, fill), new)
        lost, _ = self._places(np.array(sorted(gone), np.int64))
        if len(lost):
            self._each(lambda values, _fill: np.delete(values, lost), new)

    def _each(self, change: Callable[[npt.NDArray[Any], Any], Any], new: Numbers) -> None:
        self.ids = change(self.ids, new)
        self.started = change(self.started, 0)
        self.is_active = change(self.is_active, False)
        for column in self.columns.values():
            column.ranks = change(column.ranks, NOTHING)
            if column.values is not None:
                column.values = change(column.values, 0.0)


def of_metric(experiment_id: int, key_id: int) -> Source:
    """Give the source of a metric's column."""
    rows = select(RunMetric.id, RunMetric.value, RunMetric.is_nan).where(RunMetric.key_id == key_id)
    return Source(
        rows.where(RunMetric.experiment_id == experiment_id),
        lambda runs: rows.where(RunMetric.id.in_(runs)),
        has_values=True,
    )


@dataclass(eq=False)
class _Shelf:
    lock: threading.Lock = field(default_factory=threading.Lock)
    tables: OrderedDict[tuple[int, int], Table] = field(default_factory=OrderedDict)


_shelves: WeakKeyDictionary[Database, _Shelf] = WeakKeyDictionary()


def table(db: Session, experiment_id: int) -> Table:
    """Give the table of an experiment of the session's workspace, empty at first."""
    shelf = _shelves.setdefault(db.info["database"], _Shelf())
    with shelf.lock:
        key = (tenancy.workspace_of(db), experiment_id)
        made = shelf.tables.setdefault(key, Table())
        shelf.tables.move_to_end(key)
        return made


def kept(db: Session, experiment_id: int) -> Table | None:
    """Give the table of an experiment if it was made already."""
    shelf = _shelves.get(db.info["database"])
    key = (tenancy.workspace_of(db), experiment_id)
    return None if shelf is None else shelf.tables.get(key)


def forget(db: Session, experiment_id: int) -> None:
    """Let go of the table of an experiment."""
    shelf = _shelves.setdefault(db.info["database"], _Shelf())
    with shelf.lock:
        shelf.tables.pop((tenancy.workspace_of(db), experiment_id), None)


def trim(db: Session) -> None:
    """Let go of what was unused for longest until the rest fits; tables first, then columns."""
    shelf = _shelves.setdefault(db.info["database"], _Shelf())
    with shelf.lock:
        total = sum(made.size_bytes for made in shelf.tables.values())
        while total > MOST_BYTES and len(shelf.tables) > 1:
            total -= shelf.tables.popitem(last=False)[1].size_bytes
        for made in shelf.tables.values():
            with made.lock:
                while total > MOST_BYTES and len(made.columns) > 1:
                    total -= made.columns.popitem(last=False)[1].size_bytes


def arrays(db: Session, query: Query, kinds: Sequence[Any]) -> list[npt.NDArray[Any]]:
    """Read rows into one array for each column, some at a time, never all as objects.

    Past SQLAlchemy's results, which would take six times as long.
    """
    parts: list[list[npt.NDArray[Any]]] = [[] for _ in kinds]
    with db.connection().execute(_scoped(db, query)) as result:
        cursor: Any = result.cursor
        while chunk := cursor.fetchmany(_CHUNK):
            for part, kind, values in zip(parts, kinds, zip(*chunk, strict=True), strict=True):
                part.append(np.fromiter(values, kind, len(values)))
    return [
        np.concatenate(part) if part else np.empty(0, kind)
        for part, kind in zip(parts, kinds, strict=True)
    ]


def _scoped(db: Session, query: Query) -> Query:
    """Name the workspace for every table, also in subqueries, as the session does by itself."""
    workspace_id = tenancy.workspace_of(db)
    return query.options(
        with_loader_criteria(
            Owned, lambda cls: cls.workspace_id == workspace_id, include_aliases=True
        )
    )


def _kinds(source: Source) -> tuple[Any, ...]:
    return (np.int64, np.float64, np.bool_) if source.has_values else (np.int64,)


def _chunks(numbers: Sequence[int]) -> Iterable[Sequence[int]]:
    return (numbers[start : start + _PATCH] for start in range(0, len(numbers), _PATCH))
