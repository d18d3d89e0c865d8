"""Do live rows still look like those an estimate was learned from? Pure functions.

A classifier tries to tell them apart; how well it does on rows it has not seen is an area under
the ROC curve: 0.5 where they are alike, 1 where nothing overlaps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modelyard_server.kernel.lazily import lazily

from . import boosting, pieces, scored
from .grid import category, is_missing
from .quality import Floats

if TYPE_CHECKING:
    import numpy as np
else:
    np = lazily("numpy")


MOST_ROWS = 4000  # of each side
MOST_VALUES = 200  # a text with more values is not compared
OUTSIDE = 0.9
_FOLDS = 2


@dataclass(frozen=True, slots=True)
class Encoding:
    """How the columns of the reference become numbers."""

    columns: dict[str, dict[str, int] | None]
    """Text: value → position. Numbers: `None`."""

    def of(self, columns: Mapping[str, Sequence[Any]], rows: int) -> Floats:
        """Give rows as numbers; NaN where a value is missing. Shapes: (rows, columns)."""
        made = np.empty((rows, len(self.columns)))
        for at, (name, known) in enumerate(self.columns.items()):
            values = columns.get(name)
            made[:, at] = np.nan if values is None else _encoded(values, known)
        return made


def learn(columns: Mapping[str, Sequence[Any]]) -> Encoding:
    """Look at the columns of the reference; ids and free text are left out."""
    found: dict[str, dict[str, int] | None] = {}
    for name, values in columns.items():
        present = [value for value in values if not is_missing(value)]
        if present and all(isinstance(v, int | float) for v in present):
            found[name] = None
            continue
        words = sorted({category(value) for value in present})
        if words and len(words) <= MOST_VALUES:
            found[name] = {word: at for at, word in enumerate(words)}
    return Encoding(found)


def separability(reference: Floats, live: Floats, windows: Sequence[int]) -> dict[int, float]:
    """Give per window how well its rows are told from the reference's; `windows`: of each row."""
    if not reference.shape[1] or len(reference) < 50 or len(live) < 50:
        return {}
    draw = np.random.default_rng(0)
    left = reference[_some(draw, len(reference))]
    chosen = _some(draw, len(live))
    rows = np.concatenate([left, live[chosen]])
    is_live = np.concatenate([np.zeros(len(left)), np.ones(len(chosen))])
    of = np.asarray(windows)[chosen]
    fold = draw.permutation(len(rows)) % _FOLDS
    told = np.empty(len(rows))
    for one in range(_FOLDS):
        ask = boosting.classification(rows[fold != one], is_live[fold != one])
        told[fold == one] = ask(rows[fold == one])
    return _areas(told[: len(left)], told[len(left) :], of)


def _areas(reference: Floats, live: Floats, windows: Any) -> dict[int, float]:
    found: dict[int, float] = {}
    for window in np.unique(windows):
        own = live[windows == window]
        hit = np.concatenate([np.zeros(len(reference)), np.ones(len(own))])
        area = scored.auc(np.concatenate([reference, own]), hit)
        if area is not None:
            found[int(window)] = area[0]
    return found


def _some(draw: np.random.Generator, rows: int) -> Any:
    return np.sort(draw.permutation(rows)[:MOST_ROWS])


def _encoded(values: Sequence[Any], known: dict[str, int] | None) -> Floats:
    if known is None:
        return pieces.numbers(values, _number)

    def place(value: Any) -> float:
        return np.nan if is_missing(value) else known.get(category(value), len(known))

    return pieces.mapped(values, place)


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else float("nan")
