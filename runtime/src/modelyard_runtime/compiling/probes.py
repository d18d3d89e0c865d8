"""Rows on which a graph and its original are most likely to differ.

The input example, rows around it, every learnt threshold and its nearest neighbours, extremes,
missing values where the signature allows them, and texts the model knows or has never seen.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

import numpy as np

from modelyard_protocol.inference import Request
from modelyard_protocol.package import Column, DType, Signature
from modelyard_runtime.loading import Loaded

AROUND_ROWS = 128
MAX_THRESHOLDS = 300  # of one model; five rows each
EXTREMES = (0.0, 1.0, -1.0, 1e3, -1e3, 1e6, -1e6, 1e-9, 1e9, -1e9, 1e12, -1e12)
UNSEEN = ("", "never seen before")
_TREES = ("tree_", "estimators_", "_predictors", "calibrated_classifiers_")


def rows(loaded: Loaded) -> Request:
    """Give the probes of a model; the same ones each time."""
    signature = loaded.directory.package.signature
    chance = random.Random(20)  # noqa: S311 - the same probes each time
    base = _base(loaded, signature)
    texts = sorted(_texts(loaded.model))[:200]
    found = [*base]
    found += [_around(chance.choice(base), signature, chance, texts) for _ in range(AROUND_ROWS)]
    found += _at_thresholds(loaded, signature, found, chance)
    for column in signature.inputs:
        for value in _hazards(column, texts):
            found.append({**chance.choice(base), column.name: value})
    columns = {column.name: [row[column.name] for row in found] for column in signature.inputs}
    return Request(columns, len(found), True)


def _base(loaded: Loaded, signature: Signature) -> list[dict[str, Any]]:
    example = loaded.example
    if example is not None and example.named and example.rows:
        names = list(example.columns)
        many = [
            dict(zip(names, row, strict=True))
            for row in zip(*example.columns.values(), strict=True)
        ]
        return many[:64]
    return [{column.name: _neutral(column) for column in signature.inputs}]


def _neutral(column: Column) -> Any:
    if column.dtype is DType.string:
        return ""
    if column.dtype is DType.boolean:
        return False
    return 0 if column.dtype in {DType.long, DType.integer} else 0.0


def _around(
    row: dict[str, Any], signature: Signature, chance: random.Random, texts: list[str]
) -> dict[str, Any]:
    return {
        column.name: _near(row[column.name], column, chance, texts) for column in signature.inputs
    }


def _near(value: Any, column: Column, chance: random.Random, texts: list[str]) -> Any:
    if column.dtype is DType.string:
        return chance.choice(texts) if texts and chance.random() < 0.7 else value
    if column.dtype is DType.boolean:
        return chance.random() < 0.5
    if value is None:
        return None
    moved = float(value) * (1 + chance.gauss(0, 0.5)) + chance.gauss(0, 1) * (
        abs(float(value)) or 1
    )
    return _fitting(moved, column)


def _fitting(value: float, column: Column) -> Any:
    if column.dtype in {DType.long, DType.integer}:
        limit = 2**31 - 1 if column.dtype is DType.integer else 2**53
        return int(max(-limit, min(limit, round(value))))
    return float(np.float32(value)) if column.dtype is DType.float else float(value)


def _hazards(column: Column, texts: list[str]) -> Iterator[Any]:
    if not column.required:
        yield None
    if column.dtype is DType.string:
        yield from (*UNSEEN, *texts)
    elif column.dtype is DType.boolean:
        yield from (True, False)
    else:
        yield from (_fitting(value, column) for value in EXTREMES)


def _at_thresholds(
    loaded: Loaded, signature: Signature, base: list[dict[str, Any]], chance: random.Random
) -> Iterator[dict[str, Any]]:
    """Put values on learnt thresholds and one step of either float width beside them."""
    numeric = [c for c in signature.inputs if c.dtype not in {DType.string, DType.boolean}]
    found = sorted(set(_thresholds(loaded.model)))
    if len(found) > MAX_THRESHOLDS:
        found = chance.sample(found, MAX_THRESHOLDS)
    for feature, threshold in found:
        is_direct = len(numeric) == len(signature.inputs) and 0 <= feature < len(numeric)
        for column in [numeric[feature]] if is_direct else numeric[:8]:
            for value in _neighbours(threshold):
                yield {**chance.choice(base), column.name: _fitting(value, column)}


def _neighbours(threshold: float) -> tuple[float, ...]:
    narrow = np.float32(threshold)
    up, down = np.float32(np.inf), np.float32(-np.inf)
    return (
        threshold,
        float(np.nextafter(threshold, np.inf)),
        float(np.nextafter(threshold, -np.inf)),
        float(narrow),
        float(np.nextafter(narrow, up)),
        float(np.nextafter(narrow, down)),
    )


def _thresholds(model: Any) -> Iterator[tuple[int, float]]:
    if model.engine == "xgboost":
        booster = model.original if model.is_booster else model.original.get_booster()
        yield from _of_xgboost(booster)
    elif model.engine == "lightgbm":
        for tree in model.booster.dump_model()["tree_info"]:
            yield from _of_lightgbm(tree["tree_structure"])
    elif model.engine == "sklearn":
        for part in parts(model.estimator):
            yield from _of_sklearn(part)


def _of_sklearn(part: Any) -> Iterator[tuple[int, float]]:
    tree = getattr(part, "tree_", None)
    if tree is not None:
        inner = tree.feature >= 0
        yield from zip(tree.feature[inner].tolist(), tree.threshold[inner].tolist(), strict=True)
    for predictors in getattr(part, "_predictors", None) or ():
        for predictor in predictors:
            nodes = predictor.nodes
            inner = nodes["is_leaf"] == 0
            features, values = nodes["feature_idx"][inner], nodes["num_threshold"][inner]
            yield from zip(features.tolist(), values.tolist(), strict=True)
    for name, value in (("bin_edges_", None), ("threshold", None)):
        edges = getattr(part, name, value)
        if isinstance(edges, float):
            yield -1, edges


def _of_xgboost(booster: Any) -> Iterator[tuple[int, float]]:
    learner = json.loads(bytes(booster.save_raw("json")))["learner"]
    kept = learner["gradient_booster"].get("model") or {}
    for tree in kept.get("trees", ()):
        nodes = zip(
            tree["left_children"], tree["split_indices"], tree["split_conditions"], strict=True
        )
        yield from ((int(at), float(value)) for left, at, value in nodes if left >= 0)


def _of_lightgbm(node: dict[str, Any]) -> Iterator[tuple[int, float]]:
    if "split_feature" in node:
        if isinstance(node["threshold"], float):
            yield int(node["split_feature"]), float(node["threshold"])
        yield from _of_lightgbm(node["left_child"])
        yield from _of_lightgbm(node["right_child"])


def _texts(model: Any) -> set[str]:
    found: set[str] = set()
    if model.engine != "sklearn":
        return found
    for part in parts(model.estimator):
        for categories in getattr(part, "categories_", None) or ():
            found |= {value for value in list(categories)[:100] if isinstance(value, str)}
        vocabulary = getattr(part, "vocabulary_", None)
        if isinstance(vocabulary, dict):
            words = [word for word in vocabulary if isinstance(word, str)][:40]
            found |= {*words, " ".join(words[:5]), " ".join(words[5:12]).upper()}
    return found


def parts(estimator: Any, seen: set[int] | None = None) -> Iterator[Any]:
    """Give an estimator and everything fitted inside it."""
    seen = set() if seen is None else seen
    if estimator is None or isinstance(estimator, str) or id(estimator) in seen:
        return
    seen.add(id(estimator))
    if isinstance(estimator, list | tuple):
        for one in estimator:
            yield from parts(one, seen)
        return
    if isinstance(estimator, np.ndarray):
        if estimator.dtype == object:
            yield from parts(estimator.ravel().tolist(), seen)
        return
    if not hasattr(estimator, "get_params"):
        return
    yield estimator
    for name in ("steps", "transformers_", "transformer_list", "estimators_", "estimator_",
                 "calibrated_classifiers_", "estimator", "base_estimator_", "best_estimator_",
                 "final_estimator_", "regressor_", "classifier_"):  # fmt: skip
        yield from parts(getattr(estimator, name, None), seen)
