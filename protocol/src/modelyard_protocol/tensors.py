"""Nested lists as tensors: their shape and the kind of their numbers."""

from __future__ import annotations

import math
from typing import Any

from .package import Column, DType

_NUMERIC = {DType.integer, DType.long, DType.float, DType.double}


class TensorError(ValueError):
    """A row of a tensor has the wrong shape or kind."""

    def __init__(self, row: int | None, problem: str) -> None:
        self.row = row
        super().__init__(problem)


def tensor_rows(rows: list[Any], column: Column) -> None:
    """Check each row of a tensor input against its declared shape and type.

    Raises:
        TensorError: names the row.
    """
    inner = (column.shape or (-1,))[1:]
    for index, row in enumerate(rows):
        flat = flatten(row, inner, index)
        if column.dtype in _NUMERIC:
            _check_numbers(flat, column.dtype, index)
        elif column.dtype is DType.string and any(type(value) is not str for value in flat):
            raise TensorError(index, "expected strings")
        elif column.dtype is DType.boolean and any(type(value) is not bool for value in flat):
            raise TensorError(index, "expected true or false")


def flatten(value: Any, shape: tuple[int, ...], row: int | None) -> list[Any]:
    """Give the leaves of a nested list that has this shape (-1 is free).

    Raises:
        TensorError: it has another shape.
    """
    if not shape:
        if isinstance(value, list | dict):
            raise TensorError(row, "the value is nested deeper than the model's shape")
        return [value]
    if not isinstance(value, list):
        raise TensorError(row, f"expected a list of {_size(shape[0])} values")
    if shape[0] not in {-1, len(value)}:
        raise TensorError(row, f"expected {shape[0]} values, got {len(value)}")
    if len(shape) == 1 and not any(isinstance(item, list | dict) for item in value):
        return value
    return [leaf for item in value for leaf in flatten(item, shape[1:], row)]


def nest(flat: list[Any], shape: list[int]) -> list[Any]:
    """Cut a flat row-major list into nested lists of this shape; sizes must multiply out."""
    for size in reversed(shape[1:]):
        flat = [flat[at : at + size] for at in range(0, len(flat), size)] if size else []
    return flat


def _size(count: int) -> str:
    return "any number of" if count == -1 else str(count)


def _check_numbers(flat: list[Any], dtype: DType, row: int) -> None:
    kinds = set(map(type, flat))
    if not kinds <= {int, float}:
        raise TensorError(row, "expected numbers only")
    if float in kinds:
        for value in flat:
            if not math.isfinite(value):
                raise TensorError(row, "numbers must be finite (not NaN or infinity)")
            if dtype in {DType.integer, DType.long} and value != int(value):
                raise TensorError(row, f"expected whole numbers, got {value!r}")
