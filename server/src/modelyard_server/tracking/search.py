"""Find runs: MLflow's filters and sort keys, by one of four plans.

100,000 runs in one experiment are sorted in 150 ms, and users wait for each page, so:

1. When one comparison is true for few runs, those are looked up by its index, then sorted.
2. Otherwise the index of the one sort key is walked, and each run on the way is checked: against
   the set of a comparison's runs, read once from its index, or one by one when nearly all fit.
3. Several experiments or sort keys, and orders by an attribute, are left to the database.
4. An experiment of more than 50,000 runs whose filter is true for many is searched in memory.

All of them give the same runs in the same order, so any page may take another plan.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

from sqlalchemy import Select, false, func, inspect, select, true
from sqlalchemy.orm import Session, aliased

from . import keys, sorting
from .conditions import TABLES, Conditions
from .errors import FilterRefused
from .filters import Clause, Order
from .large import Large, Rows, Source, Wanted
from .models import Run
from .sorting import NAN, NOTHING, VALUE, Position

__all__ = ["Found", "Position", "Wanted", "active_and_deleted", "count", "find"]

FEW = 2_000  # looked up in 10 ms
MANY = 50_000  # a set of them is read in 20 ms
MOST_COUNTED = 20_000
_RANGES = frozenset({"=", "<", "<=", ">", ">="})


@dataclass(frozen=True, slots=True)
class Found:
    """A page of runs; `end` is where the next one begins, `None` after the last."""

    runs: list[Run]
    end: Position | None


def find(db: Session, wanted: Wanted, *, limit: int, after: Position | None = None) -> Found:
    """List runs in order; ties are broken by start, newest first, then by id.

    Raises:
        FilterRefused: something cannot be compared or sorted by.
    """
    sorting.refuse_unsortable(wanted.orders)
    search = _Search(db, wanted)
    search.refuse_incomparable()
    rows = [] if search.is_empty else search.rows(limit + 1, after)
    page = rows[:limit]
    return Found([run for run, _ in page], page[-1][1] if len(rows) > limit else None)


def count(db: Session, wanted: Wanted) -> int | None:
    """Count the runs; `None` when a filter leaves so many that counting would be slow."""
    search = _Search(db, wanted)
    if not wanted.clauses:
        return int(db.scalar(search.narrowed(select(func.count(Run.id)))) or 0)
    if search.is_empty:
        return 0
    if search.large is not None and search.large.is_warm():
        return search.large.count()
    some = search.narrowed(select(Run.id)).limit(MOST_COUNTED + 1).subquery()
    found = int(db.scalar(select(func.count()).select_from(some)) or 0)
    return found if found <= MOST_COUNTED else None


def active_and_deleted(view: str | None) -> Collection[str]:
    """Translate MLflow's view types to lifecycle stages.

    Raises:
        FilterRefused: it is none of them.
    """
    stages = {
        "ACTIVE_ONLY": ["active"],
        "DELETED_ONLY": ["deleted"],
        "ALL": ["active", "deleted"],
    }
    if (view or "ACTIVE_ONLY") not in stages:
        raise FilterRefused(f"A view is one of {', '.join(stages)}.")
    return stages[view or "ACTIVE_ONLY"]


class _Search:
    """One search, with the numbers of its keys."""

    def __init__(self, db: Session, wanted: Wanted) -> None:
        named = [c.key for c in wanted.clauses if c.kind in TABLES]
        named += [o.key for o in wanted.orders if o.kind in TABLES]
        self._db = db
        self._wanted = wanted
        self._numbers = keys.known(db, named)
        self._is_sqlite = db.get_bind().dialect.name == "sqlite"
        self._conditions = Conditions(self._numbers, self._is_sqlite)
        self.is_empty = not wanted.experiment_ids or any(
            c.kind in TABLES and c.operator != "IS NULL" and c.key not in self._numbers
            for c in wanted.clauses
        )
        # A key that no run has sorts nothing.
        self._orders = [o for o in wanted.orders if o.kind == "attribute" or o.key in self._numbers]

    def refuse_incomparable(self) -> None:
        """Refuse a comparison that makes no sense, also when another one is true for no run.

        Raises:
            FilterRefused: there is one.
        """
        for clause in self._wanted.clauses:
            self._conditions.of(clause)

    def rows(self, limit: int, after: Position | None) -> Rows:
        """Give runs with their positions, by the cheapest plan."""
        if self.large is not None and (self.large.is_warm() or self._few() is None):
            found = self.large.rows(limit, after)
            if found is not None:
                return found
        walked = self._walked()
        few = self._few()
        if few is not None and not (walked is not None and _same(few, walked)):
            query = select(Run).where(Run.id.in_(self._rows_of(few)))
            return self._sorted(self._checked(query, self._wanted.clauses), limit, after)
        if walked is not None:
            return self._walk(walked, limit, after)
        return self._sorted(self._all(select(Run)), limit, after)

    def narrowed(self, query: Select[Any]) -> Select[Any]:
        """Add every clause to a query on runs."""
        few = self._few()
        if few is None:
            return self._all(query)
        query = query.where(Run.id.in_(self._rows_of(few)))
        return self._checked(query, self._wanted.clauses)

    @cached_property
    def large(self) -> Large | None:
        """Give the plan in memory, for searches it can do and that are slow without it."""
        wanted = self._wanted
        if len(wanted.experiment_ids) != 1 or not wanted.clauses:
            return None
        sources = {
            clause: Source(
                self._rows_of(clause) if _is_indexed(clause) else self._members(clause),
                partial(self._members, clause),
                has_values=False,
            )
            for clause in wanted.clauses
            if clause.kind != "metric"
        }
        plan = Large(self._db, wanted, self._orders, self._numbers, sources)
        return plan if plan.can_do() and plan.is_large() else None

    def _members(self, clause: Clause, runs: Sequence[int] | None = None) -> Select[Any]:
        query = select(Run.id).where(self._conditions.of(clause))
        if runs is not None:
            return query.where(Run.id.in_(runs))
        return query.where(Run.experiment_id == self._wanted.experiment_ids[0])

    def _all(self, query: Select[Any]) -> Select[Any]:
        query = query.where(Run.experiment_id.in_(self._wanted.experiment_ids))
        # Not the bare column: SQLite would look each of the set's runs up instead of walking.
        return self._checked(query, self._wanted.clauses, of=Run.id + 0)

    def _walked(self) -> Order | None:
        """Give the sort key whose index can be walked."""
        is_one = len(self._wanted.experiment_ids) == 1 and len(self._orders) == 1
        return self._orders[0] if is_one and self._orders[0].kind in TABLES else None

    def _few(self) -> Clause | None:
        """Give the comparison that is true for the fewest runs, if those are few."""
        fewest = min(self._sizes, key=self._sizes.__getitem__, default=None)
        return fewest if fewest is not None and self._sizes[fewest] <= FEW else None

    @cached_property
    def _sizes(self) -> dict[Clause, int]:
        """For each comparison with an index, how many runs it is true for, if not too many."""
        sizes: dict[Clause, int] = {}
        if len(self._wanted.experiment_ids) != 1:
            return sizes
        for clause in self._wanted.clauses:
            if _is_indexed(clause):
                some = self._rows_of(clause).limit(MANY + 1).subquery()
                size = int(self._db.scalar(select(func.count()).select_from(some)) or 0)
                if size <= MANY:
                    sizes[clause] = size
        return sizes

    def _rows_of(self, clause: Clause) -> Select[Any]:
        """Give the runs that a comparison is true for, from its index."""
        table = aliased(TABLES[clause.kind])
        rows = select(table.id).where(
            table.experiment_id == self._wanted.experiment_ids[0],
            table.key_id == self._numbers[clause.key],
            self._conditions.of_row(table, clause),
        )
        return _by_value(rows, table)

    def _checked(
        self, query: Select[Any], clauses: Sequence[Clause], *, of: Any = None
    ) -> Select[Any]:
        """Check the stage and clauses; `of` is the number of a run on a walk."""
        query = query.where(Run.lifecycle_stage.in_(self._wanted.stages))
        # What is true for the fewest comes first: SQLite checks in this order.
        for clause in sorted(clauses, key=lambda c: self._sizes.get(c, MANY + 1)):
            if of is not None and clause in self._sizes:
                query = query.where(of.in_(self._rows_of(clause)))
            else:
                query = query.where(self._conditions.of(clause, of=of))
        return query

    def _sorted(self, query: Select[Any], limit: int, after: Position | None) -> Rows:
        sorters = []
        for order in self._orders:
            if order.kind == "attribute":
                sorter = sorting.attribute(order)
            else:
                query, sorter = sorting.joined(query, order, self._numbers[order.key])
            sorters.append(sorter)
        if after is not None:
            query = query.where(sorting.past(sorters, after))
        query = query.add_columns(*(c for s in sorters for c in s.shown()))
        by = [column for sorter in sorters for column in sorter.by()]
        found = self._db.execute(query.order_by(*by, *sorting.newest_first()).limit(limit))
        rows: Rows = []
        for run, *shown in found:
            values = iter(shown)
            pairs = [[VALUE if s.rank is None else next(values), next(values)] for s in sorters]
            rows.append((run, [*pairs, run.started_ms, run.id]))
        return rows

    def _walk(self, order: Order, limit: int, after: Position | None) -> Rows:
        same = [c for c in self._wanted.clauses if _same(c, order)]
        ranks = [VALUE, NAN, NOTHING] if order.kind == "metric" else [VALUE, NOTHING]
        if same:
            takes_nan = order.kind == "metric" and all(c.operator == "!=" for c in same)
            ranks = [VALUE, NAN] if takes_nan else [VALUE]
        rows: Rows = []
        for rank in ranks:
            if len(rows) < limit and (after is None or rank >= after[0][0]):
                start = after if after is not None and after[0][0] == rank else None
                step = self._without if rank == NOTHING else self._with
                rows += step(order, rank, limit - len(rows), start)
        return rows

    def _with(self, order: Order, rank: int, limit: int, after: Position | None) -> Rows:
        table = aliased(TABLES[order.kind])
        column = sorting.sortable(table, order)
        query = (
            select(Run, column)
            .select_from(table)
            .join(Run, Run.id == table.id)
            .where(
                table.experiment_id == self._wanted.experiment_ids[0],
                table.key_id == self._numbers[order.key],
            )
        )
        query = _by_value(query, table)
        if order.kind == "metric":
            query = query.where(table.is_nan == (true() if rank == NAN else false()))
        for clause in self._wanted.clauses:
            if _same(clause, order):
                query = query.where(self._conditions.of_row(table, clause))
        rest = [c for c in self._wanted.clauses if not _same(c, order)]
        query = self._checked(query, rest, of=table.id)
        sorter = sorting.Sorter(column, order.is_ascending)
        if after is not None:
            older = sorting.older(after)
            query = query.where(sorter.past([VALUE, after[0][1]], older))
        query = query.order_by(*sorter.by(), *sorting.newest_first()).limit(limit)
        return [
            (run, [[rank, value], run.started_ms, run.id]) for run, value in self._db.execute(query)
        ]

    def _without(self, order: Order, rank: int, limit: int, after: Position | None) -> Rows:
        if not self._do_some_lack(order):
            return []
        lacks = Clause(order.kind, order.key, "IS NULL", None)
        query = select(Run).where(Run.experiment_id == self._wanted.experiment_ids[0])
        query = self._checked(query, [*self._wanted.clauses, lacks], of=Run.id + 0)
        if after is not None:
            query = query.where(sorting.older(after))
        found = self._db.scalars(query.order_by(*sorting.newest_first()).limit(limit))
        return [(run, [[rank, None], run.started_ms, run.id]) for run in found]

    def _do_some_lack(self, order: Order) -> bool:
        """Count, by two indexes: most often every run has the key, and none need be looked at."""
        experiment, table = self._wanted.experiment_ids[0], TABLES[order.kind]
        runs = select(func.count(Run.id)).where(Run.experiment_id == experiment)
        having = select(func.count(table.id)).where(
            table.experiment_id == experiment, table.key_id == self._numbers[order.key]
        )
        return (self._db.scalar(having) or 0) < (self._db.scalar(runs) or 0)


def _by_value(query: Select[Any], table: Any) -> Select[Any]:
    """Have SQLite, which keeps no statistics, read by value and not by run."""
    return query.with_hint(
        table, f"INDEXED BY ix_{inspect(table).mapper.local_table.name}_value", "sqlite"
    )


def _is_indexed(clause: Clause) -> bool:
    """Tell whether the runs of a comparison are a range of an index."""
    is_range = clause.operator in _RANGES and clause.kind in TABLES
    return is_range and (clause.kind == "metric" or clause.operator == "=")


def _same(clause: Clause, order: Order) -> bool:
    """Tell whether a clause narrows the index that the order walks."""
    return (clause.kind, clause.key) == (order.kind, order.key) and clause.operator not in {
        "IS NULL",
        "IS NOT NULL",
    }
