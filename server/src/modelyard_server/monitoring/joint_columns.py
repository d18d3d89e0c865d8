"""Which columns are judged together, and how they become numbers. Pure functions.

Numbers are standardised, categories become the share they have in the reference, missing values
the reference's mean or most frequent category: a change of one column alone is not told here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import orjson

from modelyard_server.kernel.lazily import lazily

from . import grid
from .grid import Floats, Kind, category, is_missing

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
else:
    np = lazily("numpy")


Bools: TypeAlias = "NDArray[np.bool_]"
MOST_COLUMNS = 300
QUANTILES = 256
FURTHEST = 100.0  # standard deviations; one absurd value must not be the whole window
WIDEST_VECTOR = 4096
LEAST_DIMENSIONS = 3
_ELEMENT = re.compile(r"^(.+)\[\d+\]$")


@dataclass(frozen=True, slots=True)
class Encoded:
    """How one column becomes a number."""

    name: str
    shares: dict[str, float] | None
    """Categories: how often each was in the reference. Numbers: `None`."""
    filler: float
    """What stands for a missing value."""
    mean: float
    scale: float
    quantiles: list[float]
    """Of the encoded reference: where a value stands among them is its rank."""


@dataclass(frozen=True, slots=True)
class Vector:
    """A column of vectors: its elements are columns of their own, or each value is a list."""

    name: str
    members: list[str]
    """Columns of the elements; empty where a value is the whole vector."""
    dimensions: int


@dataclass(frozen=True, slots=True)
class Choice:
    """What is judged together, and why the rest is not."""

    columns: list[Encoded]
    vectors: list[Vector]
    left_out: dict[str, str]


def choose(columns: Mapping[str, Sequence[Any]]) -> Choice:
    """Look at the columns of the reference."""
    chosen: list[Encoded] = []
    left_out: dict[str, str] = {}
    vectors = _groups(columns)
    for name, values in columns.items():
        width = _width(values)
        if width:
            if width <= WIDEST_VECTOR:
                vectors.append(Vector(name, [], width))
            else:
                left_out[name] = f"vectors of more than {WIDEST_VECTOR:,} elements"
            continue
        found = _column(name, list(values))
        if isinstance(found, str):
            left_out[name] = found
        elif len(chosen) >= MOST_COLUMNS:
            left_out[name] = f"beyond the first {MOST_COLUMNS} columns"
        else:
            chosen.append(found)
    return Choice(chosen, vectors, left_out)


def matrix(
    chosen: Sequence[Encoded], columns: Mapping[str, Sequence[Any]], rows: int
) -> tuple[Floats, Bools]:
    """Give encoded values with the missing filled in, and where a value was there.

    Shapes: (rows, columns).
    """
    values = np.empty((rows, len(chosen)))
    present = np.zeros((rows, len(chosen)), dtype=np.bool_)
    for at, column in enumerate(chosen):
        own = _codes(column.shares, columns.get(column.name), rows)
        there = np.isfinite(own)
        values[:, at] = np.where(there, own, column.filler)
        present[:, at] = there
    return values, present


def standardised(chosen: Sequence[Encoded], values: Floats) -> Floats:
    """Give values in standard deviations of the reference."""
    mean = np.array([column.mean for column in chosen])
    scale = np.array([column.scale for column in chosen])
    found: Floats = np.clip((values - mean) / scale, -FURTHEST, FURTHEST)
    return found


def ranks(chosen: Sequence[Encoded], values: Floats) -> Floats:
    """Give where values stand in the reference: from -0.5, below all of it, to 0.5."""
    found = np.empty_like(values)
    for at, column in enumerate(chosen):
        edges = np.array(column.quantiles)
        left = np.searchsorted(edges, values[:, at], side="left")
        right = np.searchsorted(edges, values[:, at], side="right")
        found[:, at] = (left + right) / (2 * len(edges)) - 0.5
    return found


def vectors_of(
    vector: Vector, columns: Mapping[str, Sequence[Any]], most: int | None = None
) -> Floats:
    """Give the whole vectors of a column, an even part of them. Shapes: (rows, dimensions)."""
    if vector.members:
        parts = [_codes(None, columns.get(name), 0) for name in vector.members]
        if len({len(part) for part in parts}) > 1 or not len(parts[0]):
            return np.empty((0, vector.dimensions))
        found = np.column_stack(parts)
        return found[np.isfinite(found).all(axis=1)][:: _step(len(found), most)]
    values = columns.get(vector.name) or []
    listed = [_list(value) for value in values[:: _step(len(values), most)]]
    sound = [one for one in listed if one is not None and len(one) == vector.dimensions]
    if not sound:
        return np.empty((0, vector.dimensions))
    whole = np.array(sound, dtype=np.float64)
    return whole[np.isfinite(whole).all(axis=1)]


def _step(rows: int, most: int | None) -> int:
    return 1 if most is None else max(1, -(-rows // max(1, most)))


def _column(name: str, values: list[Any]) -> Encoded | str:
    if all(is_missing(value) for value in values):
        return "no values in the reference"
    built = grid.build(values, name=name)
    if built.identifier:
        return "numbers or names the rows"
    if built.kind is Kind.text:
        return "text with too many values"
    shares = _shares(values) if built.kind is Kind.categorical else None
    codes = _codes(shares, values, len(values))
    there = codes[np.isfinite(codes)]
    if not len(there):
        return "no values in the reference"
    filler = float(there.mean()) if shares is None else max(shares.values())
    filled = np.where(np.isfinite(codes), codes, filler)
    scale = float(filled.std())
    if not np.isfinite(scale) or scale <= 1e-12 * max(1.0, abs(float(filled.mean()))):
        return "one value only"
    marks = np.quantile(there, (np.arange(QUANTILES) + 0.5) / QUANTILES, method="inverted_cdf")
    return Encoded(name, shares, filler, float(filled.mean()), scale, marks.tolist())


def _shares(values: Sequence[Any]) -> dict[str, float]:
    counted = Counter(category(value) for value in values if not is_missing(value))
    # A missing value is taken for the most frequent category, also when shares are counted.
    counted[counted.most_common(1)[0][0]] += len(values) - counted.total()
    return {value: count / len(values) for value, count in counted.items()}


def _codes(shares: dict[str, float] | None, values: Sequence[Any] | None, rows: int) -> Floats:
    """Encode values; NaN where one is missing, infinite or of another type."""
    if values is None:
        return np.full(rows, np.nan)
    if shares is not None:
        return np.array(
            [np.nan if is_missing(v) else shares.get(category(v), 0.0) for v in values],
            dtype=np.float64,
        )
    numbers = [v if type(v) is float or type(v) is int else _number(v) for v in values]
    found = grid.floats(numbers)
    return np.where(np.isfinite(found), found, np.nan)


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else float("nan")


def _groups(columns: Mapping[str, Sequence[Any]]) -> list[Vector]:
    members: dict[str, list[str]] = {}
    for name in columns:
        found = _ELEMENT.match(name)
        if found:
            members.setdefault(found[1], []).append(name)
    return [
        Vector(name, own, len(own)) for name, own in members.items() if len(own) >= LEAST_DIMENSIONS
    ]


def _width(values: Sequence[Any]) -> int:
    """Give the length of a column's lists; 0 when it holds none."""
    first = next((value for value in values if not is_missing(value)), None)
    listed = _list(first)
    return len(listed) if listed is not None and len(listed) >= LEAST_DIMENSIONS else 0


def _list(value: Any) -> list[Any] | None:
    if isinstance(value, str) and value.startswith("["):
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            return None
    if not isinstance(value, list):
        return None
    plain = all(type(one) is float or type(one) is int for one in value)
    return value if plain else None
