"""Graphs are untrusted input: what the fast lane refuses before ONNX Runtime sees it."""

from typing import Any

import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper

from modelyard_runtime.fast.graphs import GraphRefused, check


def a_model(node: Any = None, **changes: Any) -> onnx.ModelProto:
    graph = helper.make_graph(
        [node or helper.make_node("Add", ["x", "one"], ["y"])],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None])],
        [helper.make_tensor("one", TensorProto.FLOAT, [1], [1.0])],
    )
    opsets = changes.pop("opsets", [helper.make_opsetid("", 17)])
    return helper.make_model(graph, opset_imports=opsets, **changes)


def test_graph_of_standard_operators_is_let_in() -> None:
    assert check(a_model().SerializeToString()) == 1


def test_weights_in_another_file_are_refused() -> None:
    model = a_model()
    weight = model.graph.initializer[0]
    weight.data_location = TensorProto.EXTERNAL
    weight.external_data.add(key="location", value="/etc/passwd")
    with pytest.raises(GraphRefused, match="other files"):
        check(model.SerializeToString())


def test_custom_operators_are_refused_also_inside_a_branch() -> None:
    custom = helper.make_node("Run", ["x"], ["y"], domain="evil")
    with pytest.raises(GraphRefused, match="evil"):
        check(a_model(custom).SerializeToString())
    branch = helper.make_graph([custom], "b", [], [])
    nested = helper.make_node("If", ["x"], ["y"], then_branch=branch, else_branch=branch)
    with pytest.raises(GraphRefused, match="evil"):
        check(a_model(nested).SerializeToString())
    with pytest.raises(GraphRefused, match="microsoft"):
        check(a_model(opsets=[helper.make_opsetid("com.microsoft", 1)]).SerializeToString())


def test_functions_of_its_own_are_refused() -> None:
    function = helper.make_function("own", "F", ["a"], ["b"], [], [helper.make_opsetid("", 17)])
    with pytest.raises(GraphRefused, match="functions"):
        check(a_model(functions=[function]).SerializeToString())


def test_graphs_within_graphs_without_end_are_refused() -> None:
    node = helper.make_node("Identity", ["x"], ["y"])
    for _ in range(12):
        branch = helper.make_graph([node], "b", [], [])
        node = helper.make_node("If", ["x"], ["y"], then_branch=branch, else_branch=branch)
        if len(node.SerializeToString()) > 500_000:
            break
    with pytest.raises(GraphRefused, match="nested"):
        check(a_model(node).SerializeToString())


@given(st.binary(max_size=200))
def test_any_bytes_are_let_in_or_refused_but_never_fail_otherwise(content: bytes) -> None:
    whole = a_model().SerializeToString()
    for damaged in (content, whole[:40] + content + whole[40:]):
        try:
            check(damaged)
        except GraphRefused:
            continue
