"""Quality of probabilities: ranking, sharpness and calibration. Pure functions.

`score` is the predicted probability of the positive class, `hit` is 1 where it really was of it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from modelyard_server.kernel.lazily import lazily

from .outcome_schemas import Measure
from .quality import Floats, Z

if TYPE_CHECKING:
    import numpy as np
    from scipy import special
else:
    np = lazily("numpy")
    special = lazily("scipy.special")


LEAST_PER_CLASS = 2
BINS = 10
_EDGE = 1e-15  # a probability of 0 or 1 that was wrong costs much, not infinitely much


def measures(score: Floats, hit: Floats) -> list[Measure]:
    """Give AUC, log loss, Brier score and calibration error, with intervals."""
    if not len(score):
        return []
    clipped = np.clip(score, _EDGE, 1 - _EDGE)
    losses = -(special.xlogy(hit, clipped) + special.xlog1py(1 - hit, -clipped))
    return [
        _auc(score, hit),
        _mean("log_loss", losses),
        _mean("brier", (score - hit) ** 2),
        Measure(name="calibration_error", value=calibration_error(score, hit)),
    ]


def auc(score: Floats, hit: Floats) -> tuple[float, float] | None:
    """Give the area under the ROC curve and its variance; `None` without both classes.

    Source: DeLong, DeLong, Clarke-Pearson 1988, by mid-ranks (Sun and Xu 2014).
    """
    positive, negative = score[hit == 1], score[hit != 1]
    m, n = len(positive), len(negative)
    if m < LEAST_PER_CLASS or n < LEAST_PER_CLASS:
        return None
    every = _midranks(np.concatenate([positive, negative]))
    area = float((every[:m].sum() - m * (m + 1) / 2) / (m * n))
    over_negative = (every[:m] - _midranks(positive)) / n
    over_positive = 1 - (every[m:] - _midranks(negative)) / m
    variance = float(over_negative.var(ddof=1) / m + over_positive.var(ddof=1) / n)
    return area, variance


def calibration_error(score: Floats, hit: Floats) -> float:
    """Give the mean distance of predicted and real share, over ten bins weighted by rows.

    Source: Naeini, Cooper, Hauskrecht 2015.
    """
    at = np.minimum((score * BINS).astype(np.int64), BINS - 1)
    rows = np.bincount(at, minlength=BINS)
    said = np.bincount(at, weights=score, minlength=BINS)
    was = np.bincount(at, weights=hit, minlength=BINS)
    return float(np.abs(said - was).sum() / max(1, rows.sum()))


def curve(score: Floats, hit: Floats) -> list[tuple[float, float, int]]:
    """Give predicted share, real share and rows per bin that has rows."""
    at = np.minimum((score * BINS).astype(np.int64), BINS - 1)
    return [
        (float(score[at == b].mean()), float(hit[at == b].mean()), int((at == b).sum()))
        for b in range(BINS)
        if (at == b).any()
    ]


def _auc(score: Floats, hit: Floats) -> Measure:
    found = auc(score, hit)
    if found is None:
        return Measure(name="auc", value=None)
    area, variance = found
    half = Z * math.sqrt(max(0.0, variance))
    low, high = max(0.0, area - half), min(1.0, area + half)
    return Measure(name="auc", value=area, low=low, high=high, method="DeLong")


def _mean(name: str, values: Floats) -> Measure:
    facts: dict[str, object] = {"name": name, "value": float(values.mean())}
    if len(values) > 1:
        half = Z * float(values.std(ddof=1)) / math.sqrt(len(values))
        middle = float(values.mean())
        facts |= {"low": max(0.0, middle - half), "high": middle + half, "method": "normal"}
    return Measure.model_validate(facts)


def _midranks(values: Floats) -> Floats:
    ordered, place, rows = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(rows)
    middle: Floats = (last - (rows - 1) / 2).astype(np.float64)
    del ordered
    return middle[place]
