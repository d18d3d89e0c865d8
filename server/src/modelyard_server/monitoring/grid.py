"""Fixed grids: the reference decides the bins once, live values are only counted into them.

A numeric column gets 128 bins of equal reference mass (values that hold 5 % or more of the
reference get a bin of their own), a categorical one a bin per value. Text with more than 200 values
is counted by length, and by whether a value was ever in the reference (`members`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeAlias

from modelyard_server.kernel.lazily import lazily

from . import members
from .members import LENGTHS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
else:
    np = lazily("numpy")


Ints: TypeAlias = "NDArray[np.int64]"
Floats: TypeAlias = "NDArray[np.float64]"

BINS = 128
FEW_VALUES = 20  # up to here each distinct number is its own bin
MASS_SHARE = 0.05  # a value this frequent is a mass point: it must not hide inside a wide bin
TOP_VALUES = 200
NULLS, OUT_OF_RANGE, WRONG_TYPE, UNSEEN, HEAD = 0, 1, 2, 3, 4
"""Positions in a column's counts; from `HEAD` on come the bins."""


class Kind(StrEnum):
    """How a column is compared."""

    numeric = "numeric"
    categorical = "categorical"
    text = "text"  # too many values for a bin each: unseen share and length are watched


@dataclass(frozen=True, slots=True)
class Grid:
    """The bins of one column."""

    kind: Kind
    edges: tuple[float, ...] = ()
    """Numeric: bin i holds values in [edges[i-1], edges[i])."""
    low: float | None = None
    high: float | None = None
    discrete: bool = False
    """Numeric with few distinct values: a bin per value, compared like categories."""
    values: tuple[str, ...] = ()
    """Categorical: most frequent first; one more bin behind them holds everything else."""
    complete: bool = True
    """Every reference value is in `values`: what is not, was never seen."""
    masses: tuple[int, ...] = ()
    """Numeric: bins that hold one frequent value each."""
    spread: float | None = None
    """Numeric: standard deviation of the reference."""
    members: str = ""
    """Text: which values half of the reference had (`members.build`); empty: all differ."""
    identifier: bool = False
    """The column numbers or names its rows: only missing values are watched."""

    @property
    def bins(self) -> int:
        """Number of bins."""
        if self.kind is Kind.numeric:
            return len(self.edges) + 1
        return len(self.values) + 1 if self.kind is Kind.categorical else LENGTHS

    def empty(self) -> Ints:
        """Give counts of nothing."""
        return np.zeros(HEAD + self.bins, dtype=np.int64)

    def count(self, values: list[Any]) -> Ints:
        """Count values into the bins."""
        if self.kind is Kind.numeric:
            return self._count_numbers(values)
        result = self.empty()
        present = [value for value in values if not is_missing(value)]
        result[NULLS] = len(values) - len(present)
        if self.kind is Kind.text:
            texts = [category(value) for value in present]
            result[HEAD:] = members.lengths(texts)
            result[UNSEEN] = members.unseen(self.members, texts) if self.members else 0
            return result
        position = {value: index for index, value in enumerate(self.values)}
        other = len(self.values)
        at = [position.get(category(value), other) for value in present]
        result[HEAD:] = np.bincount(np.array(at, dtype=np.int64), minlength=self.bins)
        result[UNSEEN] = result[-1] if self.complete else 0
        return result

    def _count_numbers(self, values: list[Any]) -> Ints:
        result = self.empty()
        kinds = set(map(type, values))
        if kinds <= {float, int}:
            numbers = floats(values)
        else:
            kept = [value for value in values if type(value) is float or type(value) is int]
            numbers = floats(kept)
            result[NULLS] = sum(value is None for value in values)
            result[WRONG_TYPE] = len(values) - len(kept) - result[NULLS]
        finite = numbers[~np.isnan(numbers)]
        result[NULLS] += len(numbers) - len(finite)
        at = np.searchsorted(np.array(self.edges), finite, side="right")
        result[HEAD:] = np.bincount(at, minlength=self.bins)
        if self.low is not None and self.high is not None:
            result[OUT_OF_RANGE] = int(((finite < self.low) | (finite > self.high)).sum())
        return result


def is_missing(value: Any) -> bool:
    """Tell whether a value is null or NaN."""
    return value is None or (type(value) is float and value != value)  # noqa: PLR0124 - NaN


def category(value: Any) -> str:
    """Write a value as the category it belongs to: 1, 1.0 and "1" are one."""
    if type(value) is bool:
        return "true" if value else "false"
    if type(value) is float and value.is_integer():
        return str(int(value))
    return str(value)


def build(values: list[Any], *, name: str = "", is_prediction: bool = False) -> Grid:
    """Choose the grid of a column from its reference values."""
    present = [value for value in values if not is_missing(value)]
    kinds = set(map(type, present))
    if kinds <= {float, int}:
        numbers = floats(present)
        finite = numbers[np.isfinite(numbers)]
        if not len(finite):
            return Grid(Kind.text, identifier=True)
        if is_prediction and _looks_like_classes(present):
            return _categorical(present)
        if not is_prediction and kinds == {int} and members.numbers_rows(name, finite):
            return Grid(Kind.text, identifier=True)
        return _numeric(finite)
    if kinds == {bool} or (kinds <= {str, int, bool} and _repeats(present)):
        return _categorical(present)
    texts = [category(value) for value in present]
    known = members.build(texts[::2], texts[1::2])
    return Grid(Kind.text, members=known, identifier=not known and members.is_key(texts))


def floats(values: list[Any]) -> Floats:
    """Give numbers as an array; whole ones beyond 10^308 are infinite, `None` is NaN."""
    try:
        return np.array(values, dtype=np.float64)
    except OverflowError:  # a whole number beyond 10^308
        return np.array([_float(value) for value in values], dtype=np.float64)


def _float(value: int | float) -> float:
    try:
        return float(value)
    except OverflowError:
        return np.inf if value > 0 else -np.inf


def _looks_like_classes(present: list[Any]) -> bool:
    distinct = set(present)
    return len(distinct) <= FEW_VALUES and all(float(value).is_integer() for value in distinct)


def _repeats(present: list[Any]) -> bool:
    """Identifiers and free text hardly ever repeat; categories do, and are not many."""
    return len(set(present)) <= min(TOP_VALUES, max(FEW_VALUES, len(present) // 2))


def _categorical(present: list[Any]) -> Grid:
    names, counts = np.unique(np.array([category(v) for v in present]), return_counts=True)
    order = np.lexsort((names, -counts))
    top = tuple(str(name) for name in names[order][:TOP_VALUES])
    return Grid(Kind.categorical, values=top, complete=len(names) <= TOP_VALUES)


def _numeric(numbers: Floats) -> Grid:
    distinct, counts = np.unique(numbers, return_counts=True)
    low, high = float(distinct[0]), float(distinct[-1])
    spread = _spread(numbers)
    if len(distinct) == 1:  # constant: anything else is below or above it
        around = (low, float(np.nextafter(low, np.inf)))
        return Grid(Kind.numeric, around, low, high, discrete=True, spread=spread)
    if len(distinct) <= FEW_VALUES:
        middles = distinct[:-1] + (distinct[1:] - distinct[:-1]) / 2
        edges = tuple(map(float, middles))
        return Grid(Kind.numeric, edges, low, high, discrete=True, spread=spread)
    shares = np.arange(1, BINS) / BINS
    cuts = set(np.quantile(numbers, shares, method="higher").tolist())
    frequent = distinct[counts >= MASS_SHARE * len(numbers)]
    for value in frequent:
        cuts |= {float(value), float(np.nextafter(value, np.inf))}
    cuts.discard(low)
    edges = tuple(sorted(cuts))
    masses = tuple(int(at) for at in np.searchsorted(np.array(edges), frequent, side="right"))
    return Grid(Kind.numeric, edges, low, high, masses=masses, spread=spread)


def _spread(numbers: Floats) -> float | None:
    with np.errstate(over="ignore", invalid="ignore"):
        found = float(numbers.std())
    return found if np.isfinite(found) else None
