"""Orders of runs and positions in them, so that a page begins where the last one ended.

A position is `[[rank, value], …, start, number]`: a pair for each key that is sorted by. Ranks put
what has a value first, then NaN, then what has none, whichever way the values go.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, or_
from sqlalchemy.orm import aliased

from .conditions import NUMBERS, TABLES, TEXTS
from .errors import FilterRefused
from .filters import Order
from .models import Run

Position = Sequence[Any]
VALUE, NAN, NOTHING = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Sorter:
    """One key. `rank` is `None` where every run has a value."""

    value: ColumnElement[Any]
    is_ascending: bool
    rank: ColumnElement[Any] | None = None

    def by(self) -> list[ColumnElement[Any]]:
        """Give what to order by."""
        way = self.value.asc() if self.is_ascending else self.value.desc()
        return [way] if self.rank is None else [self.rank, way]

    def shown(self) -> list[ColumnElement[Any]]:
        """Give the columns a position is made of."""
        return [self.value] if self.rank is None else [self.rank, self.value]

    def past(self, at: Sequence[Any], rest: ColumnElement[bool]) -> ColumnElement[bool]:
        """Tell what comes after a position; `rest` decides among equals."""
        rank, value = at
        if rank != VALUE:
            return or_(self.rank > rank, and_(self.rank == rank, rest))
        beyond = self.value > value if self.is_ascending else self.value < value
        within = self.value >= value if self.is_ascending else self.value <= value
        here = and_(within, or_(beyond, rest))
        if self.rank is None:
            return here
        return or_(self.rank > VALUE, and_(self.rank == VALUE, here))


def newest_first() -> list[ColumnElement[Any]]:
    """Give the order among equals."""
    return [Run.started_ms.desc(), Run.id.desc()]


def older(position: Position) -> ColumnElement[bool]:
    """Tell what comes after a position among equals."""
    started, number = position[-2:]
    return and_(Run.started_ms <= started, or_(Run.started_ms < started, Run.id < number))


def past(sorters: Sequence[Sorter], position: Position) -> ColumnElement[bool]:
    """Tell what comes after a position."""
    condition = older(position)
    for sorter, at in reversed(list(zip(sorters, position[:-2], strict=True))):
        condition = sorter.past(at, condition)
    return condition


def attribute(order: Order) -> Sorter:
    """Sort by a column of the run.

    Raises:
        FilterRefused: there is no such column.
    """
    column = {**TEXTS, **NUMBERS, "artifact_uri": Run.uid}.get(order.key.lower())
    if column is None:
        raise FilterRefused(f"Runs cannot be sorted by {order.key[:80]!r}.")
    rank = case((column.is_(None), NOTHING), else_=VALUE) if column is Run.ended_ms else None
    return Sorter(column, order.is_ascending, rank)


def refuse_unsortable(orders: Sequence[Order]) -> None:
    """Refuse what runs cannot be sorted by.

    Raises:
        FilterRefused: one cannot, or one is there twice.
    """
    for order in orders:
        if order.kind == "attribute":
            attribute(order)
        elif order.kind not in TABLES:
            raise FilterRefused("Runs can be sorted by attributes, metrics, params and tags.")
    if len({(order.kind, order.key) for order in orders}) < len(orders):
        raise FilterRefused("order_by contains duplicate fields.")


def joined(query: Select[Any], order: Order, number: int) -> tuple[Select[Any], Sorter]:
    """Sort by what runs logged, joined to each run that has it."""
    table = aliased(TABLES[order.kind])
    query = query.outerjoin(table, and_(table.id == Run.id, table.key_id == number))
    ranks = [(table.key_id.is_(None), NOTHING)]
    if order.kind == "metric":
        ranks.append((table.is_nan, NAN))
    return query, Sorter(sortable(table, order), order.is_ascending, case(*ranks, else_=VALUE))


def sortable(table: Any, order: Order) -> ColumnElement[Any]:
    """Give the indexed column: texts are told apart by their first 200 characters."""
    column: ColumnElement[Any] = table.value if order.kind == "metric" else table.value_prefix
    return column
