"""Rows that show how a column moved: those from the bin that grew most. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from modelyard_server.kernel.lazily import lazily

from . import capture, explain, statistics
from .grid import HEAD, Ints, Kind
from .profile import ColumnReference, ColumnRole
from .schemas import MovedRow, MovedRows, PredictionOut

if TYPE_CHECKING:
    import numpy as np
else:
    np = lazily("numpy")

CALLS = 300
SHOWN = 20


def rows(
    column: ColumnReference, current: Ints | None, calls: Sequence[PredictionOut]
) -> MovedRows:
    """Choose rows of calls that show where the column moved to, the newest first."""
    grown = _grown(column, current)
    found = [one for call in calls for one in _of_call(column, call, grown)]
    found.sort(key=lambda one: (not one.is_typical, -one.at.timestamp(), one.row))
    label = explain.span(column.grid, grown[0], grown[-1]) if grown else None
    return MovedRows(feature=column.name, grown=label, rows=found[:SHOWN])


def _grown(column: ColumnReference, current: Ints | None) -> list[int]:
    """Give the bins of the part whose share grew most; none when nothing grew."""
    if current is None:
        return []
    before, now = column.counts[HEAD:], current[HEAD:]
    coarse = column.grid.kind is Kind.numeric and not column.grid.discrete
    groups: Ints = statistics.equal_mass_groups(before) if coarse else np.arange(len(before))
    left, right = statistics.pooled(before, groups), statistics.pooled(now, groups)
    shares = right / max(1, right.sum()) - left / max(1, left.sum())
    at = int(np.argmax(shares))
    return [int(b) for b in np.flatnonzero(groups == at)] if shares[at] > 0 else []


def _of_call(column: ColumnReference, call: PredictionOut, grown: list[int]) -> list[MovedRow]:
    said = call.outputs or []
    if column.role is ColumnRole.prediction:
        spread = capture.flat({capture.PREDICTION: list(said)})
    else:
        sent = call.inputs or []
        names = dict.fromkeys(name for row in sent for name in row)
        spread = capture.flat({name: [row.get(name) for row in sent] for name in names})
    return [
        MovedRow(
            prediction_id=call.id,
            row=at,
            at=call.at,
            value=value,
            prediction=said[at] if at < len(said) else None,
            is_typical=_bin(column, value) in grown,
        )
        for at, value in enumerate(spread.get(column.name, []))
    ]


def _bin(column: ColumnReference, value: Any) -> int | None:
    counted = column.grid.count([value])[HEAD:]
    return int(np.argmax(counted)) if counted.sum() else None
