"""Makes a prediction and its outcome comparable: 1, 1.0, "1" and `true` are the same class."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any


class Mismatch(ValueError):
    """They cannot be compared; the text says why."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One value as a class label, and as a number when it is one."""

    label: str
    number: float | None


def as_predicted(value: Any) -> Answer:
    """Read what the model said of a row.

    Raises:
        Mismatch: it is not a single value.
    """
    if isinstance(value, bool):
        return Answer("true" if value else "false", None)
    if isinstance(value, int | float) and math.isfinite(value):
        return Answer(_written(value), float(value))
    if isinstance(value, str):
        return Answer(value, None)
    raise Mismatch("The prediction is not a single value.")


def as_actual(predicted: Answer, value: bool | int | float | str) -> Answer:
    """Read an outcome as the same kind of value as its prediction.

    Raises:
        Mismatch: the model predicts numbers and the outcome is none.
    """
    number = _number(value)
    if predicted.number is not None:
        if number is None:
            raise Mismatch(f"The model predicts numbers; {value!r} is none.")
        return Answer(_written(number), float(number))
    if predicted.label in {"true", "false"} and number in {0, 1}:
        return Answer("true" if number else "false", None)
    if isinstance(value, bool):
        return Answer("true" if value else "false", None)
    return Answer(value if isinstance(value, str) else _written(value), None)


def _number(value: bool | int | float | str) -> int | float | None:
    if not isinstance(value, str):
        return value
    try:
        found = float(value)
    except ValueError:
        return None
    return found if math.isfinite(found) else None


def _written(value: int | float) -> str:
    whole = isinstance(value, int) or (value.is_integer() and abs(value) < 2**53)
    return str(int(value)) if whole else repr(value)
