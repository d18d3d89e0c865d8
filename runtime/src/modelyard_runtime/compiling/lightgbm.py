"""LightGBM trees as ONNX, in float64 as LightGBM computes.

Source: `TreeEnsemble` of ai.onnx.ml 5; LightGBM's model dump (`Booster.dump_model`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .errors import NotConvertible

_LEQ = 0  # `x <= threshold` goes left
_IDENTITY = {"regression", "regression_l1", "huber", "fair", "quantile", "mape"}
_EXPONENTIAL = {"poisson", "gamma", "tweedie"}
_SCORES = "scores"
_TINY = float(np.float32(1e-35))  # LightGBM takes smaller values for zero


@dataclass(slots=True)
class _Nodes:
    """Inner nodes and leaves of all trees, as the operator's attributes want them."""

    features: list[int] = field(default_factory=list)
    splits: list[float] = field(default_factory=list)
    missing_left: list[int] = field(default_factory=list)
    left: list[tuple[int, int]] = field(default_factory=list)
    right: list[tuple[int, int]] = field(default_factory=list)
    roots: list[int] = field(default_factory=list)
    leaf_targets: list[int] = field(default_factory=list)
    leaf_weights: list[float] = field(default_factory=list)

    def add_tree(self, tree: dict[str, Any], target: int) -> None:
        self.roots.append(len(self.features))
        if "split_feature" in tree:
            self._add(tree, target)
            return
        self._inner(0, 0.0, is_missing_left=True)  # the operator has no tree of a leaf alone
        self.left[-1] = self.right[-1] = self._leaf(tree, target)

    def _add(self, node: dict[str, Any], target: int) -> tuple[int, int]:
        if "split_feature" not in node:
            return self._leaf(node, target)
        if node["decision_type"] != "<=" or not isinstance(node["threshold"], float):
            raise NotConvertible("It splits on categories.")
        if node["missing_type"] == "Zero":
            raise NotConvertible("It takes zeros for missing values.")
        threshold = float(node["threshold"])
        as_zero = node["missing_type"] == "None"
        is_left = threshold >= 0 if as_zero else bool(node["default_left"])
        at = self._inner(int(node["split_feature"]), threshold, is_missing_left=is_left)
        self.left[at] = self._add(node["left_child"], target)
        self.right[at] = self._add(node["right_child"], target)
        return at, 0

    def _inner(self, feature: int, split: float, *, is_missing_left: bool) -> int:
        self.features.append(feature)
        self.splits.append(split)
        self.missing_left.append(int(is_missing_left))
        self.left.append((0, 0))
        self.right.append((0, 0))
        return len(self.features) - 1

    def _leaf(self, node: dict[str, Any], target: int) -> tuple[int, int]:
        self.leaf_targets.append(target)
        self.leaf_weights.append(float(node["leaf_value"]))
        return len(self.leaf_weights) - 1, 1


def convert(model: Any, width: int, name: str) -> tuple[bytes, str]:
    """Give the graph of a booster or classifier and the name of its output.

    Raises:
        NotConvertible: its objective or its splits have no counterpart.
    """
    from onnx import TensorProto, helper

    dump = model.booster.dump_model()
    if dump.get("average_output"):
        raise NotConvertible("It averages its trees.")
    targets = int(dump["num_tree_per_iteration"])
    nodes = _Nodes()
    for at, tree in enumerate(dump["tree_info"]):
        nodes.add_tree(tree["tree_structure"], at % targets)
    steps = [
        helper.make_node("Abs", [name], ["size"]),
        helper.make_node("LessOrEqual", ["size", "tiny"], ["is_tiny"]),
        helper.make_node("Where", ["is_tiny", "zero", name], ["values_in"]),
        _ensemble(nodes, targets, "values_in"),
    ]
    initializers: list[Any] = [
        helper.make_tensor("tiny", TensorProto.DOUBLE, [1], [_TINY]),
        helper.make_tensor("zero", TensorProto.DOUBLE, [1], [0.0]),
    ]
    last = _transform(str(dump.get("objective", "regression")), steps)
    if model.classes is not None:
        last = _labels(model.classes, targets, last, steps, initializers)
    kind = TensorProto.DOUBLE
    if model.classes is not None:
        kind = TensorProto.STRING if isinstance(model.classes[0], str) else TensorProto.INT64
    graph = helper.make_graph(
        steps,
        "lightgbm",
        [helper.make_tensor_value_info(name, TensorProto.DOUBLE, [None, width])],
        [helper.make_tensor_value_info(last, kind, None)],
        initializers,
    )
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", 5)]
    made = helper.make_model(graph, opset_imports=opsets, ir_version=10)
    return bytes(made.SerializeToString()), last


def _ensemble(nodes: _Nodes, targets: int, name: str) -> Any:
    from onnx import TensorProto, helper

    count, leaves = len(nodes.splits), len(nodes.leaf_weights)
    return helper.make_node(
        "TreeEnsemble",
        [name],
        [_SCORES],
        domain="ai.onnx.ml",
        n_targets=targets,
        aggregate_function=1,  # sum
        post_transform=0,
        tree_roots=nodes.roots,
        nodes_featureids=nodes.features,
        nodes_modes=helper.make_tensor("m", TensorProto.UINT8, [count], [_LEQ] * count),
        nodes_splits=helper.make_tensor("s", TensorProto.DOUBLE, [count], nodes.splits),
        nodes_missing_value_tracks_true=nodes.missing_left,
        nodes_truenodeids=[at for at, _ in nodes.left],
        nodes_trueleafs=[is_leaf for _, is_leaf in nodes.left],
        nodes_falsenodeids=[at for at, _ in nodes.right],
        nodes_falseleafs=[is_leaf for _, is_leaf in nodes.right],
        leaf_targetids=nodes.leaf_targets,
        leaf_weights=helper.make_tensor("w", TensorProto.DOUBLE, [leaves], nodes.leaf_weights),
    )


def _transform(objective: str, steps: list[Any]) -> str:
    """Add what turns scores into predictions; give the name of the result."""
    from onnx import helper

    kind, *settings = objective.split()
    if kind == "binary" and "sigmoid:1" in settings:
        steps.append(helper.make_node("Sigmoid", [_SCORES], ["probabilities"]))
        return "probabilities"
    if kind == "multiclass":
        steps.append(helper.make_node("Softmax", [_SCORES], ["probabilities"], axis=1))
        return "probabilities"
    if kind in _EXPONENTIAL:
        steps.append(helper.make_node("Exp", [_SCORES], ["values"]))
        return "values"
    if kind in _IDENTITY and "sqrt" not in settings:
        return _SCORES
    raise NotConvertible(f"Its objective {objective!r} has no counterpart.")


def _labels(
    classes: list[Any], targets: int, last: str, steps: list[Any], initializers: list[Any]
) -> str:
    """Add the choice of the most likely class."""
    from onnx import TensorProto, helper

    kind = TensorProto.STRING if isinstance(classes[0], str) else TensorProto.INT64
    values: Any = [v.encode() if isinstance(v, str) else int(v) for v in classes]
    initializers.append(helper.make_tensor("classes", kind, [len(classes)], values))
    if targets == 1:
        initializers.append(helper.make_tensor("one", TensorProto.DOUBLE, [1], [1.0]))
        steps.append(helper.make_node("Sub", ["one", last], ["others"]))
        steps.append(helper.make_node("Concat", ["others", last], ["both"], axis=1))
        last = "both"
    steps.append(helper.make_node("ArgMax", [last], ["index"], axis=1, keepdims=0))
    steps.append(helper.make_node("Gather", ["classes", "index"], ["label"]))
    return "label"
