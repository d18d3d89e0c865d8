"""Expected quality of classes from calibrated probabilities, without outcomes. Pure functions.

Source: confidence-based performance estimation (J. Białek et al. 2024, "Estimating model
performance under covariate shift without labels"): with calibrated probabilities the expected
confusion matrix is their sum over what was said. It is blind to concept drift.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modelyard_server.kernel.lazily import lazily

from .outcome_schemas import Measure
from .quality import Floats, Z
from .scoring import Ints

if TYPE_CHECKING:
    import numpy as np
    from sklearn import isotonic
else:
    isotonic = lazily("sklearn.isotonic")
    np = lazily("numpy")


FOLDS = 5
BINS = 10
_EDGE = 1e-15
Curve = tuple[Floats, Floats]


@dataclass(frozen=True, slots=True)
class Calibration:
    """Score → probability of each class; no curves where scores are probabilities already.

    `error`: distance of predicted and real share on rows held back, above what chance gives.
    """

    curves: tuple[Curve, ...]
    error: float
    raw_error: float
    held_back: Floats
    """Probabilities of the rows it was learned from, each by curves that had not seen it."""

    def of(self, scores: Floats) -> Floats:
        """Give calibrated probabilities that add up to 1. Shapes: (n, classes) both."""
        return _calibrated(self.curves, scores)


def calibrate(scores: Floats, actual: Ints) -> Calibration:
    """Fit one isotonic curve per class, kept only where that is better on rows held back."""
    held = np.empty_like(scores)
    folds = np.random.default_rng(0).permutation(len(actual)) % FOLDS
    for fold in range(FOLDS):
        learned, asked = folds != fold, folds == fold
        held[asked] = _calibrated(_curves(scores[learned], actual[learned]), scores[asked])
    raw, better = net_error(scores, actual), net_error(held, actual)
    if raw <= better:
        return Calibration((), raw, raw, scores)
    return Calibration(_curves(scores, actual), better, raw, held)


def net_error(scores: Floats, actual: Ints) -> float:
    """Give the calibration error above its noise, the mean over the classes of an answer.

    The noise is what perfectly calibrated scores would show on as many rows.
    """
    shown = range(1, 2) if scores.shape[1] == 2 else range(scores.shape[1])
    return float(np.mean([_net_error(scores[:, k], (actual == k) * 1.0) for k in shown]))


def measures(scores: Floats, probabilities: Floats, said: Ints, weight: Floats) -> list[Measure]:
    """Give the metrics that outcomes would show on average; as `quality` defines them."""
    if not len(said):
        return []
    width = probabilities.shape[1]
    weight = weight * len(weight) / weight.sum()
    expected = np.zeros((width, width))
    np.add.at(expected, said, probabilities * weight[:, None])
    right = probabilities[np.arange(len(said)), said]
    found = [_mean("accuracy", right, right * (1 - right), weight), *_averages(expected)]
    if width == 2:
        found += _of_scores(scores[:, 1], probabilities[:, 1], weight)
    return found


def auc(score: Floats, probability: Floats, weight: Floats) -> float | None:
    """Give the expected area under the ROC curve; ties count half."""
    groups, place = np.unique(score, return_inverse=True)
    positive = np.bincount(place, weights=probability * weight, minlength=len(groups))
    negative = np.bincount(place, weights=(1 - probability) * weight, minlength=len(groups))
    pairs = positive.sum() * negative.sum()
    if pairs <= 0:
        return None
    below = np.cumsum(negative) - negative
    return float((positive * (below + negative / 2)).sum() / pairs)


def _averages(expected: Floats) -> list[Measure]:
    """Give macro averages over classes that are said or expected at all."""
    true, said, was = np.diag(expected), expected.sum(axis=1), expected.sum(axis=0)
    seen = (said > 0) | (was >= 0.5)
    with np.errstate(divide="ignore", invalid="ignore"):
        precision = np.where(said > 0, true / said, 0.0)
        recall = np.where(was > 0, true / was, 0.0)
        f1 = np.where(said + was > 0, 2 * true / (said + was), 0.0)
    named = (("precision", precision), ("recall", recall), ("f1", f1))
    return [
        Measure.model_validate({"name": name, "value": float(values[seen].mean())})
        for name, values in named
    ]


def _of_scores(score: Floats, probability: Floats, weight: Floats) -> list[Measure]:
    clipped = np.clip(score, _EDGE, 1 - _EDGE)
    ranked = Measure(name="auc", value=auc(score, probability, weight))
    hit, miss = -np.log(clipped), -np.log1p(-clipped)
    loss = probability * hit + (1 - probability) * miss
    spread = probability * (1 - probability)
    brier = probability * (1 - score) ** 2 + (1 - probability) * score**2
    return [
        ranked,
        _mean("log_loss", loss, spread * (hit - miss) ** 2, weight),
        _mean("brier", brier, spread * ((1 - score) ** 2 - score**2) ** 2, weight),
    ]


def _mean(name: str, values: Floats, variances: Floats, weight: Floats) -> Measure:
    """Give a mean and the 95 % range in which the realised one is expected, if calibrated."""
    middle = float((values * weight).sum() / weight.sum())
    half = Z * math.sqrt(float((variances * weight**2).sum())) / float(weight.sum())
    highest = 1.0 if name == "accuracy" else math.inf
    facts = {"low": max(0.0, middle - half), "high": min(highest, middle + half)}
    return Measure.model_validate(
        {"name": name, "value": middle, "method": "spread of outcomes", **facts}
    )


def _curves(scores: Floats, actual: Ints) -> tuple[Curve, ...]:
    width = scores.shape[1]
    found: list[Curve] = []
    for k in range(1, 2) if width == 2 else range(width):
        fitted = isotonic.IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip")
        fitted.fit(scores[:, k], (actual == k) * 1.0)
        found.append((fitted.X_thresholds_, fitted.y_thresholds_))
    return tuple(found)


def _calibrated(curves: tuple[Curve, ...], scores: Floats) -> Floats:
    if not curves:
        return scores
    if scores.shape[1] == 2:
        positive = np.interp(scores[:, 1], *curves[0])
        return np.column_stack([1 - positive, positive])
    every = np.column_stack([np.interp(scores[:, k], *one) for k, one in enumerate(curves)])
    total = every.sum(axis=1, keepdims=True)
    return np.where(total > 0, every / np.where(total > 0, total, 1), scores)


def _net_error(score: Floats, hit: Floats) -> float:
    at = np.minimum((np.clip(score, 0, 1) * BINS).astype(np.int64), BINS - 1)
    rows = np.bincount(at, minlength=BINS)
    said = np.bincount(at, weights=score, minlength=BINS)
    was = np.bincount(at, weights=hit, minlength=BINS)
    spread = np.bincount(at, weights=score * (1 - score), minlength=BINS)
    noise = math.sqrt(2 / math.pi) * np.sqrt(spread)
    total = max(1, rows.sum())
    return max(0.0, float((np.abs(said - was) - noise).sum() / total))
