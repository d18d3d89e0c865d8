"""Any MLflow model by its python_function flavour: slower to start, but always what MLflow does."""

from __future__ import annotations

import os
from typing import Any

from modelyard_protocol.inference import Request
from modelyard_runtime import tables
from modelyard_runtime.model import ModelDir


def load(directory: ModelDir) -> PythonModel:
    """Load a package through `mlflow.pyfunc`."""
    os.environ.setdefault("MLFLOW_ENABLE_DB_SDK", "false")
    import mlflow.pyfunc

    return PythonModel(mlflow.pyfunc.load_model(str(directory.path)), directory)


class PythonModel:
    """A pyfunc model with MLflow's own schema enforcement."""

    engine = "python"

    def __init__(self, model: Any, directory: ModelDir) -> None:
        self._model = model
        self._signature = directory.package.signature

    def predict(self, request: Request) -> list[Any]:
        """Give one prediction per row."""
        rows = tables.native(request, self._signature)
        if request.params:
            return tables.plain(self._model.predict(rows, params=request.params), request.rows)
        return tables.plain(self._model.predict(rows), request.rows)
