"""Any MLflow model by its python_function flavour: slower to start, but always what MLflow does."""

from __future__ import annotations

import os
from typing import Any

from modelyard_protocol.inference import Request
from modelyard_runtime import tables
from modelyard_runtime.model import ModelDir


def load(directory: ModelDir) -> PythonModel:
    """Load a package through `mlflow.pyfunc`."""
    for name, value in variables(directory.mlmodel).items():
        os.environ.setdefault(name, value)
    import mlflow.pyfunc

    return PythonModel(mlflow.pyfunc.load_model(str(directory.path)), directory)


def variables(mlmodel: dict[str, Any]) -> dict[str, str]:
    """Give what a package's libraries look for when they are imported; who says otherwise wins.

    Keras takes TensorFlow unless it is told which library was beneath it where the model was made.
    """
    found = {"MLFLOW_ENABLE_DB_SDK": "false"}
    keras = mlmodel["flavors"].get("keras")
    backend = keras.get("keras_backend") if isinstance(keras, dict) else None
    return found | ({"KERAS_BACKEND": backend} if isinstance(backend, str) else {})


class PythonModel:
    """A pyfunc model; asked without MLflow's schema enforcement where that changes nothing.

    Rows are checked against the signature and typed before they come here. MLflow does it again,
    column by column, which takes most of the time of a call.
    """

    engine = "python"

    def __init__(self, model: Any, directory: ModelDir) -> None:
        self._model = model
        self._inner: Any = None
        self._signature = directory.package.signature

    def use_arrays_if_equal(self, request: Request) -> None:
        """Ask the model within MLflow's from now on, if this request's answer is the same."""
        inner = getattr(self._model, "_model_impl", None)
        if inner is None or not self._signature.inputs or request.params:
            return
        expected = self.predict(request)
        try:
            self._inner = inner
            is_same = self.predict(request) == expected
        except Exception:
            is_same = False
        if not is_same:
            self._inner = None

    def predict(self, request: Request) -> list[Any]:
        """Give one prediction per row."""
        rows = tables.native(request, self._signature)
        if request.params:
            return tables.plain(self._model.predict(rows, params=request.params), request.rows)
        model = self._model if self._inner is None else self._inner
        return tables.plain(model.predict(rows), request.rows)
