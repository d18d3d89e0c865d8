"""Expected error of numbers from a model of the error, without outcomes. Pure functions.

Source: direct loss estimation (NannyML): gradient boosting predicts each row's absolute and
squared error from its inputs and its prediction. It is blind to concept drift.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modelyard_server.kernel.lazily import lazily

from . import boosting
from .boosting import Apply
from .outcome_schemas import Measure
from .quality import Floats, Z

if TYPE_CHECKING:
    import numpy as np
else:
    np = lazily("numpy")


FOLDS = 2


@dataclass(frozen=True, slots=True)
class Losses:
    """Two models of one prediction's error, and how far they were off on rows held back."""

    absolute: Apply
    squared: Apply
    spread: float
    """Standard deviation of the absolute error."""
    spread_of_squares: float
    said: float
    was: float
    """Mean absolute error that was estimated and that came true, on rows held back."""

    def measures(self, features: Floats, weight: Floats) -> list[Measure]:
        """Give MAE and RMSE that outcomes would show on average. Shapes: (n, columns), (n,)."""
        if not len(weight):
            return []
        mae = _mean(np.maximum(0.0, self.absolute(features)), weight)
        square = _mean(np.maximum(0.0, self.squared(features)), weight)
        rmse = math.sqrt(square)
        root = math.sqrt(len(weight))
        slope = 1 / (2 * rmse) if rmse > 0 else 0.0
        return [
            _around("mae", mae, Z * self.spread / root),
            _around("rmse", rmse, Z * slope * self.spread_of_squares / root),
        ]


def learn(features: Floats, predicted: Floats, actual: Floats) -> Losses:
    """Learn the error from rows whose outcome is known."""
    absolute = np.abs(predicted - actual)
    half = np.random.default_rng(0).permutation(len(absolute)) % FOLDS == 0
    checked = boosting.regression(features[half], absolute[half])(features[~half])
    return Losses(
        boosting.regression(features, absolute),
        boosting.regression(features, absolute**2),
        float(absolute.std(ddof=1)),
        float((absolute**2).std(ddof=1)),
        float(np.maximum(0.0, checked).mean()),
        float(absolute[~half].mean()),
    )


def _mean(values: Floats, weight: Floats) -> float:
    return float((values * weight).sum() / weight.sum())


def _around(name: str, value: float, half: float) -> Measure:
    facts = {"low": max(0.0, value - half), "high": value + half, "method": "spread of errors"}
    return Measure.model_validate({"name": name, "value": value, **facts})
