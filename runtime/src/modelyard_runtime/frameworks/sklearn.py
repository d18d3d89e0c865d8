"""scikit-learn estimators as MLflow stores them, loaded without importing MLflow."""

from __future__ import annotations

import pickle
import sys
import warnings
from pathlib import Path
from typing import Any

from modelyard_protocol.inference import Request
from modelyard_runtime import tables
from modelyard_runtime.model import ModelDir, Unsupported

_METHODS = {"predict", "predict_proba", "predict_log_proba", "predict_joint_log_proba", "score"}


def load(directory: ModelDir) -> SklearnModel:
    """Load the estimator of a package.

    Raises:
        Unsupported: it is stored in a form only MLflow knows.
    """
    flavor = directory.flavor("sklearn")
    pyfunc = directory.flavor("python_function")
    method = str(pyfunc.get("predict_fn") or "predict")
    if method not in _METHODS - {"score"}:
        raise Unsupported(f"{method} needs MLflow.")
    add_code(directory.path, flavor.get("code") or pyfunc.get("code"))
    path = directory.path / str(flavor.get("pickled_model") or pyfunc.get("model_path"))
    estimator = read(path, str(flavor.get("serialization_format") or "pickle"))
    return SklearnModel(estimator, method, directory)


def add_code(root: Path, code: Any) -> None:
    """Put the code a model was logged with on the import path."""
    if code:
        sys.path.insert(0, str(root / str(code)))


def read(path: Path, form: str) -> Any:
    """Load an estimator from a file of a package.

    Raises:
        Unsupported: only MLflow knows this form.
    """
    if form == "skops":
        import skops.io

        # The sandbox is the wall, not the list of types: that list comes from the model itself.
        return skops.io.load(path, trusted=skops.io.get_untrusted_types(file=path))
    if form not in {"pickle", "cloudpickle"}:
        raise Unsupported(f"The serialization format {form} needs MLflow.")
    with path.open("rb") as file:
        return pickle.load(file)  # noqa: S301 - only ever run inside the sandbox


class SklearnModel:
    """An estimator; fed an array where that gives the same answers as a frame."""

    engine = "sklearn"

    def __init__(self, estimator: Any, method: str, directory: ModelDir) -> None:
        self._signature = directory.package.signature
        self._predict = getattr(estimator, method)
        self.estimator = estimator
        self.method = method
        self._array_dtype: str | None = None
        warnings.filterwarnings("ignore", message="X does not have valid feature names")

    def use_arrays_if_equal(self, request: Request) -> None:
        """Skip pandas from now on, if this request's answer is the same without it."""
        dtype = tables.uniform_dtype(self._signature)
        if dtype is None or not _only_library_code(self.estimator):
            return
        expected = self.predict(request)
        self._array_dtype = dtype
        try:
            same = self.predict(request) == expected
        except Exception:
            same = False
        if not same:
            self._array_dtype = None

    def predict(self, request: Request) -> list[Any]:
        """Give one prediction per row."""
        if self._array_dtype is not None:
            rows: Any = tables.matrix(request, self._array_dtype)
        else:
            rows = tables.native(request, self._signature)
        return tables.plain(self._predict(rows), request.rows)


def _only_library_code(estimator: Any) -> bool:
    """Own transformers may look at column names and still answer something for an array."""
    if not hasattr(estimator, "get_params"):
        return False
    parts = [estimator, *estimator.get_params(deep=True).values()]
    for part in parts:
        if hasattr(part, "get_params"):
            kind = type(part)
            module = kind.__module__.split(".")[0]
            if module not in {"sklearn", "xgboost", "lightgbm", "catboost"}:
                return False
            if kind.__name__ in {"FunctionTransformer", "ColumnTransformer"}:
                return False
    return True
