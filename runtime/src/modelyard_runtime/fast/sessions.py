"""A compiled graph as a function of decoded rows; shared by the worker and the converter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from modelyard_protocol.inference import UNNAMED, Request
from modelyard_protocol.package import Signature
from modelyard_protocol.routing import Compiled, Feed

from . import graphs
from .matrices import NUMERIC, Matrix

if TYPE_CHECKING:
    import onnxruntime

_CASTS: dict[str, type] = {"int": int, "float": float, "bool": bool}


def open_session(content: bytes) -> onnxruntime.InferenceSession:
    """Load a graph for one thread of one process.

    Raises:
        GraphRefused: it uses more than ONNX's own operators, or other files.
    """
    import onnxruntime

    graphs.check(content)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(
        content, sess_options=options, providers=["CPUExecutionProvider"]
    )


class Graph:
    """A session with what its inputs are made of and what its outputs mean."""

    def __init__(self, session: Any, compiled: Compiled, signature: Signature) -> None:
        self._run = session.run
        self._outputs = list(compiled.outputs)
        self._cast = _CASTS.get(compiled.cast)
        self._at = compiled.column
        self._feeds = compiled.feeds
        self.matrix = Matrix(signature) if _is_one_matrix(compiled, signature) else None
        self._name = compiled.feeds[0].name
        self._dtype = np.dtype("float32" if compiled.feeds[0].dtype == "float32" else "float64")

    def of_matrix(self, rows: np.ndarray[Any, Any]) -> list[Any]:
        """Predict numeric rows.

        Shapes: (rows, columns)
        """
        fed = rows
        if self._dtype != np.float64:
            with np.errstate(over="ignore"):
                fed = rows.astype(self._dtype)
            if np.isinf(fed).any():
                raise ValueError("A number is too large for a 32-bit float.")
        return self._values(self._run(self._outputs, {self._name: fed}), len(rows))

    def of_request(self, request: Request) -> list[Any]:
        """Predict decoded rows; one plain JSON value per row."""
        if self.matrix is not None and request.named:
            return self.of_matrix(self.matrix.from_request(request))
        fed = {feed.name: _fed(feed, request) for feed in self._feeds}
        return self._values(self._run(self._outputs, fed), request.rows)

    def _values(self, results: list[Any], rows: int) -> list[Any]:
        if len(results) == 1:
            first = results[0] if self._at is None else results[0][:, self._at]
            values = _column(first)
            if self._cast is not None:
                values = [self._cast(value) for value in values]
        else:
            columns = dict(zip(self._outputs, map(_column, results), strict=True))
            values = [{name: column[at] for name, column in columns.items()} for at in range(rows)]
        if len(values) != rows:
            raise ValueError(f"The graph gave {len(values)} predictions for {rows} rows.")
        return values


def _is_one_matrix(compiled: Compiled, signature: Signature) -> bool:
    names = tuple(column.name for column in signature.inputs)
    return (
        len(compiled.feeds) == 1
        and compiled.feeds[0].columns == names
        and compiled.feeds[0].is_matrix
        and compiled.feeds[0].dtype in {"float32", "float64"}
        and not signature.is_tensor
        and all(column.dtype in NUMERIC for column in signature.inputs)
    )


def _column(result: Any) -> list[Any]:
    """Give one value per row of an output.

    Shapes: (n,), (n, 1) or (n, k)
    """
    if isinstance(result, list):
        return result
    if result.ndim == 2 and result.shape[1] == 1:
        result = result[:, 0]
    values = result.tolist()
    return values if isinstance(values, list) else [values]


def _fed(feed: Feed, request: Request) -> np.ndarray[Any, Any]:
    columns = [request.columns[name if request.named else UNNAMED] for name in feed.columns]
    if feed.dtype == "string":
        texts = [["" if value is None else value for value in values] for values in columns]
        array = np.array(texts, dtype=object)
        return array.T if feed.is_matrix else array[0]
    if not feed.is_matrix:
        return np.array(columns[0], dtype=feed.dtype)
    return np.array(columns, dtype=feed.dtype).T  # a missing number, None, becomes NaN
