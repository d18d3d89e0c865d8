"""XGBoost boosters and scikit-learn style models as MLflow stores them."""

from __future__ import annotations

from typing import Any

from modelyard_protocol.inference import Request
from modelyard_runtime import tables
from modelyard_runtime.model import ModelDir, Unsupported

from .sklearn import add_code


def load(directory: ModelDir) -> XgboostModel:
    """Load the booster or model of a package.

    Raises:
        Unsupported: its class is not one of XGBoost's own.
    """
    import xgboost

    flavor = directory.flavor("xgboost")
    add_code(directory.path, flavor.get("code"))
    module, _, name = str(flavor.get("model_class") or "xgboost.core.Booster").rpartition(".")
    kind = getattr(xgboost, name, None)
    if module.split(".")[0] != "xgboost" or kind is None:
        raise Unsupported(f"{module}.{name} needs MLflow.")
    model = kind()
    model.load_model(directory.path / str(flavor["data"]))
    return XgboostModel(model, directory, is_booster=kind is xgboost.Booster)


class XgboostModel:
    """A booster behind one thread: model servers get their share of cores from the node."""

    engine = "xgboost"

    def __init__(self, model: Any, directory: ModelDir, *, is_booster: bool) -> None:
        self.original = model
        self.is_booster = is_booster
        self._signature = directory.package.signature

    def predict(self, request: Request) -> list[Any]:
        """Give one prediction per row."""
        rows = tables.native(request, self._signature)
        if self.is_booster:
            import xgboost

            rows = xgboost.DMatrix(rows)
        return tables.plain(self.original.predict(rows), request.rows)
