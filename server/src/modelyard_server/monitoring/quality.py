"""Realised metrics with 95 % intervals that need no resampling. Pure functions.

Wilson: E. B. Wilson (1927), Probable inference. Normal: central limit theorem for a mean; for
metrics that are functions of means, the delta method. Values follow scikit-learn's definitions,
with 0 where a class was never predicted or never occurred.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

from modelyard_server.kernel.lazily import lazily

from .outcome_schemas import ClassQuality, Measure

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
else:
    np = lazily("numpy")


Z = 1.959963984540054  # 97.5 % point of the standard normal distribution
MAX_CLASSES = 10
Pairs = Mapping[tuple[str, str], int]
"""(predicted, actual) → rows."""
Floats: TypeAlias = "npt.NDArray[np.float64]"


def wilson(hits: int, n: int) -> tuple[float, float]:
    """Give the Wilson score interval of a share."""
    share, spread = hits / n, Z * Z / n
    middle = (share + spread / 2) / (1 + spread)
    half = Z * math.sqrt(share * (1 - share) / n + spread / (4 * n)) / (1 + spread)
    return max(0.0, middle - half), min(1.0, middle + half)


def classification(pairs: Pairs) -> list[Measure]:
    """Give accuracy and macro averages over every label that was predicted or occurred."""
    n = sum(pairs.values())
    if not n:
        return []
    hits = sum(count for (predicted, actual), count in pairs.items() if predicted == actual)
    tables = [_table(pairs, label) for label in _labels(pairs)]
    return [
        _share("accuracy", hits, n),
        _macro("precision", [(true, predicted) for true, predicted, _ in tables]),
        _macro("recall", [(true, actual) for true, _, actual in tables]),
        Measure(name="f1", value=sum(_f1(*table) for table in tables) / len(tables)),
    ]


def classes(pairs: Pairs) -> list[ClassQuality]:
    """Give precision, recall and F1 per class; nothing when there are too many to read."""
    labels = _labels(pairs)
    if len(labels) > MAX_CLASSES:
        return []
    found: list[ClassQuality] = []
    for label in labels:
        true, predicted, actual = _table(pairs, label)
        measures = [
            _share("precision", true, predicted),
            _share("recall", true, actual),
            Measure(name="f1", value=_f1(true, predicted, actual)),
        ]
        found.append(ClassQuality(label=label, n=actual, measures=measures))
    return found


def regression(predicted: Floats, actual: Floats) -> list[Measure]:
    """Give MAE, RMSE, MAPE and R²; R² needs two rows and outcomes that differ."""
    n = len(actual)
    if not n:
        return []
    errors = np.asarray(predicted - actual)
    absolute, squares = np.abs(errors), errors**2
    mae, rmse = float(absolute.mean()), math.sqrt(float(squares.mean()))
    spread = float(((actual - actual.mean()) ** 2).sum())
    r2 = 1 - float(squares.sum()) / spread if n > 1 and spread > 0 else None
    slope = 1 / (2 * rmse) if rmse > 0 else 0.0
    return [
        _around("mae", mae, _half(absolute), "normal"),
        _around("rmse", rmse, _half(squares, slope), "normal, delta method"),
        _relative(errors, actual),
        Measure(name="r2", value=r2),
    ]


def _relative(errors: Floats, actual: Floats) -> Measure:
    """Average the error as a share of the outcome, over outcomes that are not 0."""
    known = actual != 0
    if not known.any():
        return Measure(name="mape", value=None)
    shares = np.abs(errors[known] / actual[known])
    return _around("mape", float(shares.mean()), _half(shares), "normal")


def _labels(pairs: Pairs) -> list[str]:
    return sorted({label for pair in pairs for label in pair})


def _table(pairs: Pairs, label: str) -> tuple[int, int, int]:
    """Give true positives, rows predicted as the label, rows that were of it."""
    true = pairs.get((label, label), 0)
    predicted = sum(count for (said, _), count in pairs.items() if said == label)
    actual = sum(count for (_, was), count in pairs.items() if was == label)
    return true, predicted, actual


def _f1(true: int, predicted: int, actual: int) -> float:
    return 2 * true / (predicted + actual) if predicted + actual else 0.0


def _share(name: str, hits: int, n: int) -> Measure:
    if not n:
        return Measure.model_validate({"name": name, "value": 0.0})
    low, high = wilson(hits, n)
    facts = {"name": name, "value": hits / n, "low": low, "high": high, "method": "Wilson"}
    return Measure.model_validate(facts)


def _macro(name: str, shares: list[tuple[int, int]]) -> Measure:
    """Average shares; classes without rows count as 0 and say nothing about the spread."""
    values = [hits / n if n else 0.0 for hits, n in shares]
    variance = sum(v * (1 - v) / n for v, (_, n) in zip(values, shares, strict=True) if n)
    half = Z * math.sqrt(variance) / len(shares)
    return _around(name, sum(values) / len(shares), half, "normal, delta method", highest=1.0)


def _half(values: Floats, slope: float = 1.0) -> float | None:
    if len(values) < 2:
        return None
    return Z * slope * float(values.std(ddof=1)) / math.sqrt(len(values))


def _around(
    name: str, value: float, half: float | None, method: str, *, highest: float = math.inf
) -> Measure:
    facts: dict[str, object] = {"name": name, "value": value}
    if half is not None:
        low, high = max(0.0, value - half), min(highest, value + half)
        facts |= {"low": low, "high": high, "method": method}
    return Measure.model_validate(facts)
