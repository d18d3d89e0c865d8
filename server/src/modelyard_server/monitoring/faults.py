"""Faults of the data itself, column by column: missing, unseen, out of range, of a wrong type.

They are quality and not drift: a share is compared with the one to be expected.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from . import statistics
from .grid import HEAD, NULLS, OUT_OF_RANGE, UNSEEN, WRONG_TYPE, Ints, Kind
from .profile import ColumnReference, rows_of

SIGNIFICANCE = 0.05
LEAST_ROWS = 100


class Fault(StrEnum):
    """What may be wrong with values."""

    missing = "missing"
    unseen = "unseen"
    out_of_range = "out_of_range"
    type_error = "type_error"


EFFECT = {
    Fault.missing: 0.05,
    Fault.unseen: 0.05,
    Fault.out_of_range: 0.05,
    Fault.type_error: 0.01,
}
"""Change of a share that is worth a person's time."""


@dataclass(frozen=True, slots=True)
class Signal:
    """One share of a column, now and as expected. `q_value`: corrected over all of the model."""

    fault: Fault
    current: float
    expected: float
    p_value: float = 1.0
    q_value: float = 1.0
    is_flagged: bool = False


def of_column(column: ColumnReference, current: Ints) -> list[Signal]:
    """Give every share that applies to a column, uncorrected; nothing without rows."""
    rows, reference_rows = rows_of(current), rows_of(column.counts)
    found = [_signal(Fault.missing, current, column.counts, rows, reference_rows, NULLS)]
    if column.grid.kind is Kind.numeric:
        n, m = int(current[HEAD:].sum()), int(column.counts[HEAD:].sum())
        found.append(_signal(Fault.out_of_range, current, column.counts, n, m, OUT_OF_RANGE))
        wrong = _signal(Fault.type_error, current, column.counts, rows, reference_rows, WRONG_TYPE)
        found.append(wrong)
    if column.grid.kind is Kind.categorical and column.grid.complete:
        found.append(_unseen(column, current))
    return [signal for signal in found if signal is not None]


def judged(per_column: Sequence[Sequence[Signal]]) -> list[list[Signal]]:
    """Correct p-values over all signals of a model, and flag what is significant and large."""
    q_values = statistics.adjusted([one.p_value for column in per_column for one in column])
    left = iter(q_values)
    return [[_judge(one, next(left)) for one in column] for column in per_column]


def _judge(signal: Signal, q_value: float) -> Signal:
    change = signal.current - signal.expected
    if signal.fault is Fault.missing:
        change = abs(change)  # values that stop to be missing are a change of the source too
    flagged = q_value < SIGNIFICANCE and change >= EFFECT[signal.fault]
    return replace(signal, q_value=q_value, is_flagged=flagged)


def _signal(
    fault: Fault, current: Ints, reference: Ints, n: int, m: int, position: int
) -> Signal | None:
    if not n:
        return None
    hits, other = int(current[position]), int(reference[position])
    p_value = statistics.two_shares(hits, n, other, m) if n >= LEAST_ROWS else 1.0
    return Signal(fault, hits / n, other / m if m else 0.0, p_value)


def _unseen(column: ColumnReference, current: Ints) -> Signal | None:
    """Compare with the share of new values that the reference itself lets expect.

    Source: Good 1953; the values that occurred once, as a share of all.
    """
    n, reference = int(current[HEAD:].sum()), column.counts[HEAD:]
    m, once = int(reference.sum()), int((reference == 1).sum())
    if not n:
        return None
    hits = int(current[UNSEEN])
    p_value = statistics.two_shares(hits, n, once, m) if n >= LEAST_ROWS else 1.0
    return Signal(Fault.unseen, hits / n, once / m if m else 0.0, p_value)
