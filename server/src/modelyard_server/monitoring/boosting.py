"""Gradient boosting on one core: its threads spin while others work, which makes both slow."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from threadpoolctl import threadpool_limits

from modelyard_server.kernel.lazily import lazily

from .quality import Floats

if TYPE_CHECKING:
    import numpy as np
    from sklearn import ensemble
else:
    ensemble = lazily("sklearn.ensemble")
    np = lazily("numpy")

PART_ROWS = 20_000  # predicted at once
Apply = Callable[[Floats], Floats]


def regression(features: Floats, target: Floats) -> Apply:
    """Learn a number; give what predicts it. Shapes: (n, columns), (n,)."""
    least = 20 if len(target) >= 400 else 5
    model = ensemble.HistGradientBoostingRegressor(
        min_samples_leaf=least, early_stopping=False, random_state=0
    )
    with _on_one_core():
        model.fit(features, target)

    def apply(rows: Floats) -> Floats:
        parts = range(0, max(1, len(rows)), PART_ROWS)
        with _on_one_core():
            return _floats(
                np.concatenate([model.predict(rows[at : at + PART_ROWS]) for at in parts])
            )

    return apply


def classification(features: Floats, is_one: Floats) -> Apply:
    """Learn the probability of 1; give what predicts it."""
    model = ensemble.HistGradientBoostingClassifier(
        max_iter=50, max_leaf_nodes=15, early_stopping=False, random_state=0
    )
    with _on_one_core():
        model.fit(features, is_one)

    def apply(rows: Floats) -> Floats:
        with _on_one_core():
            return _floats(model.predict_proba(rows)[:, 1])

    return apply


@contextmanager
def _on_one_core() -> Iterator[None]:
    with threadpool_limits(limits=1):
        yield


def _floats(values: Any) -> Floats:
    found: Floats = values
    return found
