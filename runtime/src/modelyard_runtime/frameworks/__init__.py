"""Loaders per framework; each imports its framework only when asked to load."""

from __future__ import annotations

from modelyard_runtime.model import Model, ModelDir, Unsupported


def load(directory: ModelDir, engine: str) -> Model:
    """Load a model by the lane named `engine`, or by pyfunc where that lane cannot."""
    try:
        if engine == "sklearn":
            from . import sklearn

            return sklearn.load(directory)
        if engine == "xgboost":
            from . import xgboost

            return xgboost.load(directory)
        if engine == "lightgbm":
            from . import lightgbm

            return lightgbm.load(directory)
        if engine == "onnx":
            from . import onnx

            return onnx.load(directory)
    except Unsupported:
        pass
    from . import python

    return python.load(directory)
