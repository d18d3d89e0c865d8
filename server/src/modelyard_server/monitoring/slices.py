"""Where is a model worst? Ranks stretches of single inputs by how much more they lose. Pure.

Every stretch of at least 100 rows is compared with the rest of the rows; p-values are corrected
over all of them, because the worst of many is always bad by luck.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from modelyard_server.kernel.lazily import lazily

from . import statistics
from .grid import Floats, category, is_missing

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
else:
    np = lazily("numpy")


LEAST_ROWS = 100
STRETCHES = 5  # of a number
MOST_VALUES = 30  # of a category, the most frequent ones
MOST_FOUND = 20
SIGNIFICANCE = 0.05
Mask: TypeAlias = "NDArray[np.bool_]"


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


def scan(columns: Mapping[str, Sequence[Any]], loss: Floats) -> list[Slice]:
    """Give the significantly worse stretches, the costliest first."""
    found = [
        made
        for name, values in columns.items()
        for label, condition, mask in _stretches(name, values)
        if (made := _compare(name, label, condition, mask, loss)) is not None
    ]
    q_values = statistics.adjusted([one.p_value for one in found])
    judged = [replace(one, q_value=q) for one, q in zip(found, q_values, strict=True)]
    worse = [one for one in judged if one.q_value < SIGNIFICANCE and one.excess > 0]
    return sorted(worse, key=lambda one: -one.excess)[:MOST_FOUND]


def _compare(name: str, label: str, condition: str, mask: Mask, loss: Floats) -> Slice | None:
    inside, outside = loss[mask], loss[~mask]
    if len(inside) < LEAST_ROWS or len(outside) < LEAST_ROWS:
        return None
    here, there = float(inside.mean()), float(outside.mean())
    spread = math.sqrt(inside.var(ddof=1) / len(inside) + outside.var(ddof=1) / len(outside))
    certain = 0.0 if here > there else 1.0  # all of one kind here, none of it there
    p_value = math.erfc((here - there) / spread / math.sqrt(2)) if spread > 0 else certain
    excess = (here - there) * len(inside)
    return Slice(name, label, condition, len(inside), here, there, excess, min(1.0, p_value))


def _stretches(name: str, values: Sequence[Any]) -> list[tuple[str, str, Mask]]:
    quoted = '"' + name.replace('"', '""') + '"'
    missing = np.array([is_missing(value) for value in values], dtype=np.bool_)
    found: list[tuple[str, str, Mask]] = [("missing", f"{quoted} IS NULL", missing)]
    kinds = {type(value) for value in values if not is_missing(value)}
    if kinds and kinds <= {int, float}:
        numbers = np.array([np.nan if gone else v for v, gone in zip(values, missing, strict=True)])
        numbers = numbers.astype(np.float64)
        if len(np.unique(numbers[~missing])) > STRETCHES:
            return found + _of_numbers(quoted, numbers, missing)
    words = [None if gone else category(v) for v, gone in zip(values, missing, strict=True)]
    return found + _of_words(quoted, words, kinds)


def _of_numbers(quoted: str, numbers: Floats, missing: Mask) -> list[tuple[str, str, Mask]]:
    cuts = np.unique(np.quantile(numbers[~missing], np.arange(1, STRETCHES) / STRETCHES))
    ends = [None, *map(float, cuts), None]
    found: list[tuple[str, str, Mask]] = []
    for low, high in itertools.pairwise(ends):
        mask = ~missing
        parts, words = [], []
        if low is not None:
            mask = mask & (numbers >= low)
            parts.append(f"{quoted} >= {low!r}")
            words.append(f"≥ {low:.4g}")
        if high is not None:
            mask = mask & (numbers < high)
            parts.append(f"{quoted} < {high!r}")
            words.append(f"< {high:.4g}")
        if parts:
            found.append((", ".join(words), " AND ".join(parts), mask))
    return found


def _of_words(
    quoted: str, words: Sequence[str | None], kinds: set[type]
) -> list[tuple[str, str, Mask]]:
    held = np.array([word or "" for word in words], dtype=object)
    present = np.array([word is not None for word in words], dtype=np.bool_)
    names, counts = np.unique(held[present].astype(str), return_counts=True)
    frequent = names[np.argsort(-counts)][:MOST_VALUES]
    plain = kinds <= {int, float, bool}
    return [
        (
            str(name),
            f"{quoted} = {name if plain else _literal(str(name))}",
            present & (held == name),
        )
        for name in frequent
    ]


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
