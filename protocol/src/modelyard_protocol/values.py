"""Single values of a request, checked against the type a signature declares."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import math
from collections.abc import Callable
from typing import Any

from .package import Column, DType

_INT_RANGE = {DType.integer: (-(2**31), 2**31 - 1), DType.long: (-(2**63), 2**63 - 1)}
_FLOAT32_MAX = 3.4028234663852886e38
_TRUE = {"true", "1", "1.0", "yes"}
_FALSE = {"false", "0", "0.0", "no"}


class WrongValue(ValueError):
    """One value does not have the type its column declares."""


def conform(values: list[Any], column: Column) -> tuple[list[Any], list[tuple[int, str]]]:
    """Give the values of a column in its type, with (row, problem) of each that has none.

    `None` stays `None` in an optional column and is a problem in a required one.
    """
    if column.dtype is DType.object:
        return values, _absent(values) if column.required else []
    kinds = set(map(type, values))
    if column.dtype is DType.double and kinds == {float} and math.isfinite(sum(values)):
        return values, []
    if column.dtype is DType.string and kinds == {str}:
        return values, []
    convert = _CONVERTERS[column.dtype]
    result: list[Any] = []
    problems: list[tuple[int, str]] = []
    for row, value in enumerate(values):
        try:
            result.append(_converted(value, column, convert))
        except WrongValue as wrong:
            problems.append((row, str(wrong)))
            result.append(None)
    return result, problems


def from_text(cell: str, column: Column) -> Any:
    """Read a CSV cell as JSON would have carried it; text that does not parse stays text."""
    if column.dtype in {DType.string, DType.datetime, DType.binary, DType.object}:
        return cell if cell or column.required else None
    stripped = cell.strip()
    if not stripped:
        return None
    if column.dtype is DType.boolean:
        lowered = stripped.lower()
        return True if lowered in _TRUE else False if lowered in _FALSE else cell
    return number_from_text(stripped)


def number_from_text(cell: str) -> int | float | str:
    """Read an integer or a float; anything else stays text."""
    for kind in (int, float):
        try:
            return kind(cell) if "_" not in cell else cell
        except ValueError:
            continue
    return cell


def _absent(values: list[Any]) -> list[tuple[int, str]]:
    return [(row, "a value is required") for row, value in enumerate(values) if value is None]


def _converted(value: Any, column: Column, convert: Callable[[Any, DType], Any]) -> Any:
    if value is None:
        if column.required:
            raise WrongValue("a value is required")
        return None
    return convert(value, column.dtype)


def _number(value: Any, dtype: DType) -> float:
    if type(value) is not float and type(value) is not int:
        raise WrongValue(f"expected a number, got {_named(value)}")
    try:
        number = float(value)
    except OverflowError:
        raise WrongValue("the number is too large") from None
    if not math.isfinite(number):
        raise WrongValue("the number must be finite (not NaN or infinity)")
    if dtype is DType.float and abs(number) > _FLOAT32_MAX:
        raise WrongValue("the number is too large for a 32-bit float")
    return number


def _whole(value: Any, dtype: DType) -> int:
    if type(value) is float:
        if not math.isfinite(value):
            raise WrongValue("the number must be finite (not NaN or infinity)")
        if not value.is_integer():
            raise WrongValue(f"expected a whole number, got {value!r}")
        value = int(value)
    if type(value) is not int:
        raise WrongValue(f"expected a whole number, got {_named(value)}")
    low, high = _INT_RANGE[dtype]
    if not low <= value <= high:
        raise WrongValue(f"out of range: must be between {low} and {high}")
    return value


def _truth(value: Any, _: DType) -> bool:
    if type(value) is not bool:
        raise WrongValue(f"expected true or false, got {_named(value)}")
    return value


def _text(value: Any, _: DType) -> str:
    if type(value) is not str:
        raise WrongValue(f"expected a string, got {_named(value)}")
    return value


def _instant(value: Any, dtype: DType) -> str:
    text = _text(value, dtype)
    try:
        dt.datetime.fromisoformat(text)
    except ValueError:
        raise WrongValue("expected a date and time in ISO 8601, like 2026-11-21T07:00:00") from None
    return text


def _encoded(value: Any, dtype: DType) -> str:
    text = _text(value, dtype)
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise WrongValue("expected base64") from None
    return text


def _named(value: Any) -> str:
    if isinstance(value, str):
        return f"the string {value[:40]!r}"
    names = {
        bool: "a boolean",
        int: "a number",
        float: "a number",
        list: "a list",
        dict: "an object",
    }
    return names.get(type(value), "null")


_CONVERTERS: dict[DType, Callable[[Any, DType], Any]] = {
    DType.boolean: _truth,
    DType.integer: _whole,
    DType.long: _whole,
    DType.float: _number,
    DType.double: _number,
    DType.string: _text,
    DType.binary: _encoded,
    DType.datetime: _instant,
}
