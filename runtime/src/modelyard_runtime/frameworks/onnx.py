"""ONNX graphs on ONNX Runtime, without MLflow and without pandas."""

from __future__ import annotations

from typing import Any

import numpy as np

from modelyard_protocol.inference import UNNAMED, Request
from modelyard_runtime import tables
from modelyard_runtime.model import ModelDir

_NUMPY = {
    "tensor(float)": "float32",
    "tensor(double)": "float64",
    "tensor(float16)": "float16",
    "tensor(int64)": "int64",
    "tensor(int32)": "int32",
    "tensor(int16)": "int16",
    "tensor(int8)": "int8",
    "tensor(uint8)": "uint8",
    "tensor(bool)": "bool",
    "tensor(string)": "object",
}


def load(directory: ModelDir) -> OnnxModel:
    """Open a session on the graph of a package.

    Raises:
        Unsupported: the package has no ONNX flavour.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    path = directory.path / str(directory.flavor("onnx")["data"])
    session = onnxruntime.InferenceSession(
        str(path), sess_options=options, providers=["CPUExecutionProvider"]
    )
    return OnnxModel(session)


class OnnxModel:
    """A graph with one input matrix, or with one input per column or tensor."""

    engine = "onnx"

    def __init__(self, session: Any) -> None:
        self._session = session
        self.inputs = {
            i.name: (_NUMPY.get(i.type, "float32"), i.shape) for i in session.get_inputs()
        }
        self.outputs = [output.name for output in session.get_outputs()]

    def predict(self, request: Request) -> list[Any]:
        """Give one prediction per row; an object per row when the graph has several outputs."""
        results = self._session.run(self.outputs, self._feed(request))
        if len(results) == 1:
            return tables.plain(_squeezed(results[0]), request.rows)
        columns = zip(self.outputs, results, strict=True)
        return tables.plain({name: _squeezed(values) for name, values in columns}, request.rows)

    def _feed(self, request: Request) -> dict[str, Any]:
        columns = request.columns
        if len(self.inputs) == 1:
            name, (dtype, _) = next(iter(self.inputs.items()))
            if len(columns) == 1:
                values = next(iter(columns.values()))
                array = np.array(values, dtype=dtype)
                is_table = request.named and UNNAMED not in columns and array.ndim == 1
                return {name: array.reshape(-1, 1) if is_table else array}
            return {name: tables.matrix(request, dtype)}
        feed = {}
        for name, (dtype, shape) in self.inputs.items():
            array = np.array(columns[name], dtype=dtype)
            feed[name] = array.reshape(-1, 1) if len(shape) == 2 and array.ndim == 1 else array
        return feed


def _squeezed(values: Any) -> Any:
    if hasattr(values, "ndim") and values.ndim == 2 and values.shape[1] == 1:
        return values[:, 0]
    return values
