"""LightGBM boosters and scikit-learn style models as MLflow stores them."""

from __future__ import annotations

from typing import Any

from modelyard_protocol.inference import Request
from modelyard_runtime import tables
from modelyard_runtime.model import ModelDir

from .sklearn import add_code, read


def load(directory: ModelDir) -> LightgbmModel:
    """Load the booster or model of a package.

    Raises:
        Unsupported: it is stored in a form only MLflow knows.
    """
    import lightgbm

    flavor = directory.flavor("lightgbm")
    add_code(directory.path, flavor.get("code"))
    path = directory.path / str(flavor["data"])
    if str(flavor.get("model_class") or "lightgbm.basic.Booster") == "lightgbm.basic.Booster":
        return LightgbmModel(lightgbm.Booster(model_file=str(path)), directory)
    model = read(path, str(flavor.get("serialization_format") or "pickle"))
    return LightgbmModel(model, directory)


class LightgbmModel:
    """A booster, or a classifier or regressor around one."""

    engine = "lightgbm"

    def __init__(self, model: Any, directory: ModelDir) -> None:
        self._model = model
        self._signature = directory.package.signature
        self.booster = getattr(model, "booster_", model)
        classes = getattr(model, "classes_", None)
        self.classes: list[Any] | None = None if classes is None else classes.tolist()

    def predict(self, request: Request) -> list[Any]:
        """Give one prediction per row."""
        rows = tables.native(request, self._signature)
        return tables.plain(self._model.predict(rows), request.rows)
