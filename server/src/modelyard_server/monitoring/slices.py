"""Where is a model worst? Ranks stretches of single inputs by how much more they lose. Pure.

Every stretch of at least 100 rows is compared with the rest of the rows; p-values are corrected
over all of them, because the worst of many is always bad by luck.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from modelyard_server.kernel.lazily import lazily

from . import segments, statistics
from .grid import Floats, category, is_missing

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc
    from numpy.typing import NDArray
else:
    np = lazily("numpy")
    pa = lazily("pyarrow")
    pc = lazily("pyarrow.compute")


LEAST_ROWS = 100
STRETCHES = 5  # of a number
MOST_VALUES = 30  # of a category, the most frequent ones
MOST_FOUND = 20
SIGNIFICANCE = 0.05
MANY = 10_000  # values that are looked at before all are
EXACT = 1e-9  # of the difference; a standard error below is none
Mask: TypeAlias = "NDArray[np.bool_]"
Ints: TypeAlias = "NDArray[np.int64]"
Values: TypeAlias = "Sequence[Any] | pa.ChunkedArray"
_Stretch = tuple[str, str]
"""Label and condition."""


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of the rows that loses more than the rest.

    `condition`: as `expressions.condition` reads it. `excess`: loss above the rest's, times rows.
    """

    feature: str
    label: str
    condition: str
    rows: int
    loss: float
    loss_elsewhere: float
    excess: float
    p_value: float
    q_value: float = 1.0


def scan(columns: Iterable[tuple[str, Values]], loss: Floats) -> list[Slice]:
    """Give the significantly worse stretches, the costliest first. One column is held at a time."""
    whole = _Losses(loss)
    found = [
        made
        for name, values in columns
        for stretch, rows, total, spread in whole.split(*_stretches(name, values))
        if (made := _compare(name, stretch, whole, (rows, total, spread))) is not None
    ]
    q_values = statistics.adjusted([one.p_value for one in found])
    judged = [replace(one, q_value=q) for one, q in zip(found, q_values, strict=True)]
    worse = [one for one in judged if one.q_value < SIGNIFICANCE and one.excess > 0]
    return sorted(worse, key=lambda one: -one.excess)[:MOST_FOUND]


class _Losses:
    """Losses of all rows, and the same of a part without looking at the rows twice."""

    def __init__(self, loss: Floats) -> None:
        self.n = len(loss)
        self.total = float(loss.sum())
        self.mean = self.total / self.n
        self._loss = loss
        self._apart = loss - self.mean  # sums of squares around the mean lose no digits
        self._squares = self._apart**2
        self.spread = float(self._squares.sum())

    def split(
        self, stretches: Sequence[_Stretch], codes: Ints
    ) -> Iterator[tuple[_Stretch, int, float, float]]:
        """Give rows, sum, and sum of squares around the mean of each stretch."""
        size = len(stretches)
        at = np.where(codes < 0, size, codes)
        rows = np.bincount(at, minlength=size + 1)
        totals = np.bincount(at, weights=self._loss, minlength=size + 1)
        sums = np.bincount(at, weights=self._apart, minlength=size + 1)
        squares = np.bincount(at, weights=self._squares, minlength=size + 1)
        for place, stretch in enumerate(stretches):
            n = int(rows[place])
            if n:
                shift = float(sums[place]) / n
                spread = max(0.0, float(squares[place]) - n * shift**2)
                yield stretch, n, float(totals[place]), spread

    def without(self, n: int, total: float, spread: float) -> tuple[int, float, float]:
        """Give rows, mean and sum of squares of the others."""
        left = self.n - n
        there = (self.total - total) / left
        between = n * (total / n - self.mean) ** 2 + left * (there - self.mean) ** 2
        return left, there, max(0.0, self.spread - spread - between)


def _compare(
    name: str, stretch: _Stretch, whole: _Losses, inside: tuple[int, float, float]
) -> Slice | None:
    n, total, spread = inside
    if n < LEAST_ROWS or whole.n - n < LEAST_ROWS:
        return None
    here = total / n
    left, there, others = whole.without(n, total, spread)
    error = math.sqrt(spread / (n - 1) / n + others / (left - 1) / left)
    certain = 0.0 if here > there else 1.0  # all of one kind here, none of it there
    p_value = (
        math.erfc((here - there) / error / math.sqrt(2))
        if error > EXACT * abs(here - there)
        else certain
    )
    excess = (here - there) * n
    label, condition = stretch
    return Slice(name, label, condition, n, here, there, excess, min(1.0, p_value))


def _stretches(name: str, values: Values) -> tuple[list[_Stretch], Ints]:
    """Give the stretches of a column, and which of them each row is of; -1: none."""
    quoted = segments.quoted(name)
    column = values if isinstance(values, pa.ChunkedArray) else _column(values)
    kind = column.type
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        numbers = np.array(column.cast(pa.float64()).to_numpy(), dtype=np.float64)
        missing = np.isnan(numbers)
        if len(np.unique(numbers[~missing][:MANY])) > STRETCHES or (
            len(np.unique(numbers[~missing])) > STRETCHES
        ):
            return _of_numbers(quoted, numbers, missing)
    return _of_words(quoted, column)


def _column(values: Sequence[Any]) -> pa.ChunkedArray:
    """Make a column of values: of numbers when all are, of flags, else of words."""
    kinds = {type(value) for value in values if not is_missing(value)}
    if kinds and kinds <= {int, float}:
        known = [None if is_missing(value) else float(value) for value in values]
        return pa.chunked_array([pa.array(known, type=pa.float64())])
    if kinds == {bool}:
        flags = [None if is_missing(value) else value for value in values]
        return pa.chunked_array([pa.array(flags, type=pa.bool_())])
    words = [None if is_missing(value) else category(value) for value in values]
    return pa.chunked_array([pa.array(words, type=pa.string())])


def _of_numbers(quoted: str, numbers: Floats, missing: Mask) -> tuple[list[_Stretch], Ints]:
    cuts = np.unique(np.quantile(numbers[~missing], np.arange(1, STRETCHES) / STRETCHES))
    ends = [None, *map(float, cuts), None]
    found: list[_Stretch] = [("missing", f"{quoted} IS NULL")]
    for low, high in itertools.pairwise(ends):
        parts, words = [], []
        if low is not None:
            parts.append(f"{quoted} >= {low!r}")
            words.append(f"≥ {low:.4g}")
        if high is not None:
            parts.append(f"{quoted} < {high!r}")
            words.append(f"< {high:.4g}")
        found.append((", ".join(words), " AND ".join(parts)))
    codes = np.searchsorted(cuts, numbers, side="right") + 1
    return found, np.where(missing, 0, codes).astype(np.int64)


def _of_words(quoted: str, column: pa.ChunkedArray) -> tuple[list[_Stretch], Ints]:
    is_word = pa.types.is_string(column.type)
    if pa.types.is_floating(column.type):
        column = pc.if_else(pc.is_nan(column), None, column)
    encoded = column.combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    names = [category(value) for value in encoded.dictionary.to_pylist()]
    held = encoded.indices.fill_null(len(names)).to_numpy().astype(np.int64)
    counts = np.bincount(held, minlength=len(names) + 1)[: len(names)]
    frequent = sorted(range(len(names)), key=lambda at: (-counts[at], names[at]))[:MOST_VALUES]
    found: list[_Stretch] = [("missing", f"{quoted} IS NULL")]
    place = np.full(len(names) + 1, -1, dtype=np.int64)
    place[len(names)] = 0
    for at in frequent:
        place[at] = len(found)
        written = _literal(names[at]) if is_word else names[at]
        found.append((names[at], f"{quoted} = {written}"))
    return found, place[held]


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
