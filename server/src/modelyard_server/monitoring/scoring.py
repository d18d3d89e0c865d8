"""Reads kept answers as what they say: probabilities of classes, or numbers. Pure functions.

Answers are the columns that `capture.flat` makes of them: `prediction`, one column per element of
a list of probabilities, or `prediction.label` and `prediction.score` of an object.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from modelyard_server.kernel.lazily import lazily

from . import pieces
from .grid import is_missing
from .quality import Floats

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
else:
    np = lazily("numpy")


POSITIVE = frozenset({"1", "true", "yes", "positive"})
NAMES = ("prediction", "predictions", "predicted", "y_pred", "output")
SCORES = ("score", "probability", "y_pred_proba")
ACTUALS = ("actual", "outcome", "target", "label", "y_true")
SUM_TOLERANCE = 1e-3
_ELEMENT = re.compile(r"\[(\d+)\]$")
Ints: TypeAlias = "NDArray[np.int64]"
Mask: TypeAlias = "NDArray[np.bool_]"


@dataclass(frozen=True, slots=True)
class Answers:
    """What a model said, row by row. Rows that said nothing usable are not `known`.

    Shapes: probabilities (n, classes), said (n,), numbers (n,). Classes have probabilities and
    what was said; numbers have neither.
    """

    known: Mask
    probabilities: Floats | None = None
    said: Ints | None = None
    numbers: Floats | None = None

    def take(self, rows: Mask) -> Answers:
        """Give the chosen rows."""

        def part(values: Any) -> Any:
            return None if values is None else values[rows]

        return Answers(
            self.known[rows], part(self.probabilities), part(self.said), part(self.numbers)
        )


def read(columns: Mapping[str, Sequence[Any]]) -> Answers | None:
    """Give what the columns of an answer say; `None` when they hold neither scores nor numbers."""
    name = next(
        (n for n in NAMES if any(c == n or c.startswith((f"{n}[", f"{n}.")) for c in columns)), None
    )
    score = _score_of(columns, name)
    if score is not None:
        return _binary(score, _label_of(columns, name))
    if name is None:
        return None
    listed = sorted(
        (int(m[1]), c) for c in columns if c.startswith(name) and (m := _ELEMENT.search(c))
    )
    if len(listed) > 1:
        return _several(np.column_stack([numbers(columns[c]) for _, c in listed]))
    if name not in columns:
        return None
    found = numbers(columns[name])
    known = np.isfinite(found)
    if not known.any():
        return None
    inside = found[known]
    if bool(((inside >= 0) & (inside <= 1)).all()) and bool((inside % 1 != 0).any()):
        return _binary(found, None)
    return Answers(known, numbers=found)


def is_positive(value: Any) -> bool | None:
    """Tell whether a label is of the class that a score is the probability of; `None`: unknown."""
    if is_missing(value):
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).lower() in POSITIVE


def classes_of(values: Sequence[Any], width: int) -> Ints:
    """Give the position of each real class; -1 where it is unknown."""
    if width == 2:
        return pieces.mapped(values, _position).astype(np.int64)
    found = numbers(values)
    with np.errstate(invalid="ignore"):
        usable = np.isfinite(found) & (found >= 0) & (found < width) & (found % 1 == 0)
    return np.where(usable, np.where(usable, found, 0), -1).astype(np.int64)


def numbers(values: Sequence[Any]) -> Floats:
    """Give values as numbers; NaN where they are none."""
    return pieces.numbers(values, _number)


def _position(value: Any) -> int:
    """Give 1 for the class that a score is the probability of, else 0; -1: unknown."""
    told = is_positive(value)
    return -1 if told is None else int(told)


def _number(value: Any) -> float:
    if isinstance(value, bool | int | float):
        return float(value)
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")


def _score_of(columns: Mapping[str, Sequence[Any]], name: str | None) -> Floats | None:
    wanted = [f"{name}.{score}" for score in SCORES] if name else []
    for column in (*wanted, *SCORES):
        if column in columns:
            found = numbers(columns[column])
            known = found[np.isfinite(found)]
            if len(known) and bool(((known >= 0) & (known <= 1)).all()):
                return found
    return None


def _label_of(columns: Mapping[str, Sequence[Any]], name: str | None) -> Sequence[Any] | None:
    wanted = [f"{name}.{label}" for label in ("label", "class", "prediction")] if name else []
    return next((columns[c] for c in (*wanted, *NAMES) if c in columns), None)


def _binary(score: Floats, labels: Sequence[Any] | None) -> Answers:
    known = np.isfinite(score)
    said = (score >= 0.5).astype(np.int64)
    if labels is not None:
        told = classes_of(labels, 2)
        said = np.where(told >= 0, told, said)
    return Answers(known, np.column_stack([1 - score, score]), said)


def _several(values: Floats) -> Answers | None:
    known = np.isfinite(values).all(axis=1)
    known &= (np.nan_to_num(values) >= 0).all(axis=1)
    known &= np.abs(np.nan_to_num(values).sum(axis=1) - 1) <= SUM_TOLERANCE
    if not known.any():
        return None
    return Answers(known, values, np.nan_to_num(values).argmax(axis=1).astype(np.int64))
