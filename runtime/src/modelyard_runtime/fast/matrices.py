"""Bodies straight to one numeric matrix, when all inputs of a model are numbers.

The common forms are read without naming every cell; whatever is unusual or wrong is left to the
full decoder, which says what is the matter.
"""

from __future__ import annotations

from itertools import chain
from operator import itemgetter
from typing import Any

import numpy as np
import orjson

from modelyard_protocol.inference import Request
from modelyard_protocol.package import DType, Signature
from modelyard_protocol.records import Skin

NUMERIC = frozenset({DType.double, DType.float, DType.long, DType.integer})
_PLAIN = {float, int}
_FLOAT32_MAX = float(np.finfo("float32").max)
_EXACT = 2.0**53  # whole numbers beyond it are not exact in a float64
_INT32 = 2.0**31

Flat = tuple[Any, int]
"""(values row by row, as a list or as an array of float64; number of rows)"""


class Matrix:
    """Reads bodies of one signature.

    Shapes: `join` gives (rows, columns), in the signature's order.
    """

    def __init__(self, signature: Signature) -> None:
        self.in_order = self._names = [column.name for column in signature.inputs]
        self.names = self._known = frozenset(self._names)
        self._width = len(self._names)
        only = self._width == 1
        pick = itemgetter(*self._names)
        self._pick = (lambda row: (pick(row),)) if only else pick
        kinds = [column.dtype for column in signature.inputs]
        whole = [at for at, kind in enumerate(kinds) if kind in {DType.long, DType.integer}]
        self._whole = np.array(whole, dtype=np.intp)
        limits = [_INT32 if kinds[at] is DType.integer else _EXACT for at in whole]
        self._limits = np.array(limits)
        narrow = [at for at, kind in enumerate(kinds) if kind is DType.float]
        self._narrow = np.array(narrow, dtype=np.intp)

    def read(self, skin: Skin, body: bytes) -> Flat | None:
        """Give a JSON body's values; `None`: ask the full decoder."""
        try:
            parsed = orjson.loads(body)
            if len(parsed) != 1:
                return None
            if skin is Skin.predict:
                row = parsed.get("row")
                return self._one(row) if row is not None else self._rows(parsed["rows"])
            if skin is Skin.invocations:
                return self._invocations(parsed)
        except (KeyError, IndexError, TypeError, AttributeError, orjson.JSONDecodeError):
            return None
        return None

    def from_request(self, request: Request) -> np.ndarray[Any, Any]:
        """Give the values of a decoded request; missing ones are NaN.

        Shapes: (rows, columns)
        """
        columns = [request.columns[name] for name in self._names]
        return np.ascontiguousarray(np.array(columns, dtype=np.float64).T)

    def of_array(self, array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any] | None:
        """Give a matrix of numbers as `join` does; `None` when it is not what it should be."""
        if array.ndim != 2 or array.shape[1] != self._width or not len(array):
            return None
        if array.dtype.kind not in "iuf":
            return None
        matrix = array.astype(np.float64)
        return matrix if self._is_sound(matrix) else None

    def of_columns(self, columns: dict[str, np.ndarray[Any, Any]]) -> np.ndarray[Any, Any] | None:
        """Give a matrix of named columns, in the signature's order."""
        if columns.keys() != self._known or len({part.size for part in columns.values()}) != 1:
            return None
        return self.of_array(np.column_stack([columns[name] for name in self._names]))

    def join(self, parts: list[Flat]) -> np.ndarray[Any, Any] | None:
        """Give the matrix of several bodies; `None` when one of them is not what it should be."""
        arrays = [values for values, _ in parts if isinstance(values, np.ndarray)]
        if len(arrays) == len(parts):
            matrix = arrays[0] if len(arrays) == 1 else np.concatenate(arrays)
        else:
            lists = [values if isinstance(values, list) else values.tolist() for values, _ in parts]
            values = lists[0] if len(lists) == 1 else list(chain.from_iterable(lists))
            if not set(map(type, values)) <= _PLAIN:
                return None
            try:
                matrix = np.array(values, dtype=np.float64)
            except (OverflowError, ValueError):
                return None
        matrix = matrix.reshape(-1, self._width)
        return matrix if self._is_sound(matrix) else None

    def _is_sound(self, matrix: np.ndarray[Any, Any]) -> bool:
        if not np.isfinite(matrix).all():
            return False
        if self._whole.size:
            part = matrix[:, self._whole]
            if (part != np.trunc(part)).any() or (np.abs(part) >= self._limits).any():
                return False
        return not (self._narrow.size and (np.abs(matrix[:, self._narrow]) > _FLOAT32_MAX).any())

    def _one(self, row: Any) -> Flat | None:
        if len(row) != self._width:
            return None
        if type(row) is dict:
            return list(self._pick(row)), 1
        return (row, 1) if type(row) is list else None

    def _rows(self, rows: Any) -> Flat | None:
        if type(rows) is not list or not rows:
            return None
        if len(rows) == 1:
            return self._one(rows[0])
        width = self._width
        if set(map(len, rows)) != {width}:
            return None
        kinds = set(map(type, rows))
        if kinds == {list}:
            return list(chain.from_iterable(rows)), len(rows)
        if kinds == {dict}:
            return list(chain.from_iterable(map(self._pick, rows))), len(rows)
        return None

    def _invocations(self, parsed: dict[str, Any]) -> Flat | None:
        key, value = next(iter(parsed.items()))
        if key == "dataframe_split":
            return self._rows(value["data"]) if value["columns"] == self._names else None
        if key in {"instances", "inputs", "dataframe_records"} and type(value) is list:
            if key == "dataframe_records" and type(value[0]) is not dict:
                return None
            return self._rows(value) if self._width > 1 or type(value[0]) is dict else None
        return None
