"""Search of a large experiment in memory: numbers are compared, sorted and cut by NumPy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from . import columns
from .columns import Name, Source
from .filters import Clause, Order
from .models import Run
from .sorting import NAN, NOTHING, VALUE, Position

__all__ = ["Large", "Rows", "Source", "Wanted"]

LARGE = 50_000
_STARTED = frozenset({"start_time", "created"})
Rows = list[tuple[Run, Position]]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which runs. `stages` are lifecycle stages."""

    experiment_ids: Sequence[int]
    stages: Sequence[str]
    clauses: Sequence[Clause]
    orders: Sequence[Order]


class Large:
    """One search in one experiment. `masks` are the queries of clauses that are no metric's."""

    def __init__(
        self,
        db: Session,
        wanted: Wanted,
        orders: Sequence[Order],
        numbers: Mapping[str, int],
        masks: Mapping[Clause, Source],
    ) -> None:
        self._db = db
        self._wanted = wanted
        self._orders = orders
        self._numbers = numbers
        self._masks = masks
        self._experiment = wanted.experiment_ids[0]

    def can_do(self) -> bool:
        """Tell whether numbers are enough: texts are sorted, and data sets found, elsewhere."""
        return all(
            o.kind == "metric" or (o.kind == "attribute" and o.key.lower() in _STARTED)
            for o in self._orders
        ) and not any(clause.kind == "dataset" for clause in self._wanted.clauses)

    def is_large(self) -> bool:
        """Tell whether the experiment is worth it."""
        if columns.kept(self._db, self._experiment) is not None:
            return True
        some = select(Run.id).where(Run.experiment_id == self._experiment)
        by_start = some.order_by(Run.lifecycle_stage, Run.started_ms).offset(LARGE).limit(1)
        return self._db.scalar(by_start) is not None

    def is_warm(self) -> bool:
        """Tell whether every column is there already."""
        made = columns.kept(self._db, self._experiment)
        return made is not None and all(name in made.columns for name in self._sources())

    def rows(self, limit: int, after: Position | None) -> Rows | None:
        """Give runs with their positions; `None` when one of them is gone meanwhile."""
        from . import ranking  # NumPy only where it is needed

        table = columns.table(self._db, self._experiment)
        with table.lock:
            found = table.brought_up(self._db, self._experiment, self._sources())
            hits = self._hits(table, found)
            keys = [key for order in self._orders for key in self._keys(order, table, found)]
            keys += [(table.started, -1), (table.ids, -1)]
            at = None if after is None else self._values_at(after)
            picked = ranking.first(hits, keys, limit, at)
            positions = [self._position(int(place), table, found) for place in picked]
        columns.trim(self._db)
        numbers = [position[-1] for position in positions]
        runs = {run.id: run for run in self._db.scalars(select(Run).where(Run.id.in_(numbers)))}
        if len(runs) < len(numbers):
            columns.forget(self._db, self._experiment)
            return None
        return [(runs[position[-1]], position) for position in positions]

    def count(self) -> int:
        """Count the runs."""
        table = columns.table(self._db, self._experiment)
        with table.lock:
            found = table.brought_up(self._db, self._experiment, self._sources())
            return len(self._hits(table, found))

    def _sources(self) -> dict[Name, Source]:
        sources: dict[Name, Source] = {clause: self._masks[clause] for clause in self._masks}
        named = [(c.kind, c.key) for c in self._wanted.clauses]
        for kind, key in [*named, *((o.kind, o.key) for o in self._orders)]:
            if kind == "metric" and key in self._numbers:
                number = self._numbers[key]
                sources["metric", number] = columns.of_metric(self._experiment, number)
        return sources

    def _hits(self, table: columns.Table, found: Mapping[Name, columns.Column]) -> Any:
        mask = table.of_stages(self._wanted.stages)
        for clause in self._wanted.clauses:
            mask = mask & self._holds(clause, found)
        return mask.nonzero()[0]

    def _holds(self, clause: Clause, found: Mapping[Name, columns.Column]) -> Any:
        if clause.kind != "metric":
            return found[clause].ranks == VALUE
        if clause.key not in self._numbers:
            return clause.operator == "IS NULL"
        column = found["metric", self._numbers[clause.key]]
        if clause.operator in {"IS NULL", "IS NOT NULL"}:
            return (column.ranks == NOTHING) == (clause.operator == "IS NULL")
        differs = compared(column.values, clause.operator, clause.value)
        if clause.operator == "!=":  # as it is true for NaN
            return (column.ranks == NAN) | ((column.ranks == VALUE) & differs)
        return (column.ranks == VALUE) & differs

    def _keys(
        self, order: Order, table: columns.Table, found: Mapping[Name, columns.Column]
    ) -> list[Any]:
        sign = 1 if order.is_ascending else -1
        if order.kind == "attribute":
            return [(table.started, sign)]
        column = found["metric", self._numbers[order.key]]
        return [(column.ranks, 1), (column.values, sign)]

    def _values_at(self, after: Position) -> list[float]:
        """Turn a position into a value for each of `_keys`."""
        values: list[float] = []
        for order, (rank, value) in zip(self._orders, after[:-2], strict=True):
            if order.kind == "metric":
                values.append(rank)
            values.append(value if rank == VALUE else 0)
        return [*values, after[-2], after[-1]]

    def _position(
        self, place: int, table: columns.Table, found: Mapping[Name, columns.Column]
    ) -> list[Any]:
        pairs: list[Any] = []
        started = int(table.started[place])
        for order in self._orders:
            if order.kind == "attribute":
                pairs.append([VALUE, started])
                continue
            column = found["metric", self._numbers[order.key]]
            rank = int(column.ranks[place])
            assert column.values is not None  # noqa: S101 - metrics have them
            pairs.append([rank, float(column.values[place]) if rank == VALUE else None])
        return [*pairs, started, int(table.ids[place])]


def compared(values: Any, operator: str, value: Any) -> Any:
    """Compare a column of numbers with one."""
    number = float(value)
    return {
        "=": values.__eq__,
        "!=": values.__ne__,
        "<": values.__lt__,
        "<=": values.__le__,
        ">": values.__gt__,
        ">=": values.__ge__,
    }[operator](number)
