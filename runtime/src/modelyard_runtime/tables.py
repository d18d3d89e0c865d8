"""Decoded columns as arrays and data frames, and what a model returns as plain JSON values."""

from __future__ import annotations

import base64
import datetime as dt
from typing import TYPE_CHECKING, Any

import numpy as np

from modelyard_protocol.inference import UNNAMED, Request
from modelyard_protocol.package import Column, DType, Signature

if TYPE_CHECKING:
    import pandas as pd

_NUMPY: dict[DType, str] = {
    DType.boolean: "bool",
    DType.integer: "int32",
    DType.long: "int64",
    DType.float: "float32",
    DType.double: "float64",
}


class WrongAnswer(Exception):
    """A model returned something that is not one prediction per row."""


def frame(request: Request, signature: Signature) -> pd.DataFrame:
    """Give the rows as MLflow would hand them to a model: one column per input, typed."""
    import pandas as pd

    types = {column.name: column for column in signature.inputs}
    return pd.DataFrame(
        {
            name: _series(values, types[name]) if name in types else values
            for name, values in request.columns.items()
        }
    )


def matrix(request: Request, dtype: str) -> np.ndarray[Any, Any]:
    """Give all-numeric columns as one array.

    Shapes: (rows, columns), in the signature's order.
    """
    return np.array(list(request.columns.values()), dtype=dtype).T


def tensor(values: list[Any], column: Column | None) -> np.ndarray[Any, Any]:
    """Give nested lists as an array of the declared type."""
    return np.array(values, dtype=_NUMPY.get(column.dtype) if column else None)


def native(request: Request, signature: Signature) -> Any:
    """Give what MLflow's pyfunc models expect: a frame, an array, or a dict of arrays."""
    if signature.is_tensor:
        arrays = {c.name: tensor(request.columns[c.name], c) for c in signature.inputs}
        return arrays if len(arrays) > 1 else next(iter(arrays.values()))
    if not request.named:
        return np.array(request.columns[UNNAMED])
    return frame(request, signature)


def uniform_dtype(signature: Signature) -> str | None:
    """Name the one float type all inputs share; None when they need a frame."""
    kinds = {column.dtype for column in signature.inputs}
    if signature.is_tensor or len(kinds) != 1 or not kinds <= {DType.float, DType.double}:
        return None
    return _NUMPY[kinds.pop()]


def plain(result: Any, rows: int) -> list[Any]:
    """Give a model's result as one plain value per row.

    Raises:
        WrongAnswer: there is not one prediction per row.
    """
    result = _from_tensorflow(result)
    if hasattr(result, "to_dict") and hasattr(result, "columns"):
        result = result.to_dict(orient="records")
    elif isinstance(result, dict):
        columns = {str(name): plain(values, rows) for name, values in result.items()}
        result = [{name: values[row] for name, values in columns.items()} for row in range(rows)]
    elif hasattr(result, "toarray"):
        result = result.toarray().tolist()
    elif hasattr(result, "tolist"):
        result = result.tolist()
    if not isinstance(result, list):
        result = list(result) if isinstance(result, tuple) else [result]
    if len(result) != rows:
        raise WrongAnswer(f"The model gave {len(result)} predictions for {rows} rows.")
    kinds = set(map(type, result))
    return result if kinds <= {int, float, str, bool} else [_value(item) for item in result]


def _from_tensorflow(result: Any) -> Any:
    """Give a TensorFlow tensor as an array; anything else as it is."""
    is_one = hasattr(result, "numpy") and not hasattr(result, "tolist")
    return result.numpy() if is_one else result


def _series(values: list[Any], column: Column) -> Any:
    import pandas as pd

    if column.dtype in {DType.float, DType.double}:
        return np.array(values, dtype=_NUMPY[column.dtype])
    if column.dtype is DType.datetime:
        return pd.to_datetime(pd.Series(values))
    if column.dtype is DType.binary:
        return [None if value is None else base64.b64decode(value) for value in values]
    if column.dtype in _NUMPY and None not in values:
        return np.array(values, dtype=_NUMPY[column.dtype])
    if column.dtype in {DType.integer, DType.long}:
        return np.array(values, dtype="float64")  # as pandas holds integers with gaps
    return pd.Series(values, dtype=object)


def _value(item: Any) -> Any:
    if item is None or type(item) in {int, float, str, bool}:
        return item
    if isinstance(item, dict):
        return {str(key): _value(value) for key, value in item.items()}
    if isinstance(item, list | tuple | set):
        return [_value(value) for value in item]
    item = _from_tensorflow(item)
    if hasattr(item, "tolist"):
        return _value(item.tolist())
    if isinstance(item, dt.datetime | dt.date):
        return item.isoformat()
    if isinstance(item, bytes):
        return base64.b64encode(item).decode()
    return str(item)
