"""Original models as ONNX graphs: what to try, in order of exactness."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from modelyard_protocol.package import Column, DType, Signature
from modelyard_protocol.routing import Feed
from modelyard_runtime.fast.matrices import NUMERIC
from modelyard_runtime.loading import Loaded

from .errors import NotConvertible

Width = Literal["float64", "float32"]

_OPSET, _OPSET_ML = (
    18,
    3,
)  # the oldest with double trees; every ONNX Runtime of the last years has it
_TOLERANCE: dict[Width, float] = {"float64": 1e-9, "float32": 2e-5}
_KINDS = NUMERIC | {DType.string, DType.boolean}
_MATRIX = "rows"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A graph that may be the model."""

    content: bytes
    feeds: tuple[Feed, ...]
    outputs: tuple[str, ...]
    column: int | None
    tolerance: float
    says: str


def candidates(loaded: Loaded) -> Iterator[Candidate]:
    """Give graphs of a model, the most exact first.

    Raises:
        NotConvertible: there is none.
    """
    signature, model = loaded.directory.package.signature, loaded.model
    if model.engine == "onnx":
        yield _as_it_is(loaded)
        return
    _require_columns(signature)
    made = {"sklearn": _sklearn, "xgboost": _xgboost, "lightgbm": _lightgbm}.get(model.engine)
    if made is None:
        raise NotConvertible("Its engine runs Python code of the model, which no graph can hold.")
    yield from made(model, signature)


def _require_columns(signature: Signature) -> None:
    if not signature.inputs or signature.is_tensor:
        raise NotConvertible("It was logged without named input columns.")
    if signature.params:
        raise NotConvertible("Its predict takes parameters.")
    for column in signature.inputs:
        if column.dtype not in _KINDS:
            text = f"Column {column.name!r} is {column.dtype.value}, which no graph takes."
            raise NotConvertible(text)


def _as_it_is(loaded: Loaded) -> Candidate:
    """Serve an ONNX package by its own graph."""
    model: Any = loaded.model
    directory = loaded.directory
    path = directory.path / str(directory.flavor("onnx")["data"])
    signature = directory.package.signature
    names = tuple(column.name for column in signature.inputs)
    feeds = []
    for name, (dtype, shape) in model.inputs.items():
        kind = "string" if dtype == "object" else dtype
        if kind not in {"float32", "float64", "int32", "int64", "bool", "string"}:
            raise NotConvertible(f"Its input {name!r} is {dtype}.")
        is_only = len(model.inputs) == 1
        if signature.is_tensor or not names:
            raise NotConvertible("It takes tensors; the fast lane takes columns.")
        columns = names if is_only else (name,)
        if not set(columns) <= set(names):
            raise NotConvertible(f"Its input {name!r} is not a column of the signature.")
        is_matrix = len(shape) == 2 if not is_only or len(names) == 1 else True
        feeds.append(Feed(name=name, columns=columns, dtype=kind, is_matrix=is_matrix))
    says = "the package's own graph"
    return Candidate(path.read_bytes(), tuple(feeds), tuple(model.outputs), None, 1e-9, says)


def _sklearn(model: Any, signature: Signature) -> Iterator[Candidate]:
    from sklearn.base import is_classifier

    estimator = model.estimator
    if model.method not in {"predict", "predict_proba"}:
        raise NotConvertible(f"It is served by {model.method}.")
    options = {id(estimator): {"zipmap": False}} if is_classifier(estimator) else None
    failures: list[str] = []
    found = False
    for as_matrix in (True, False):
        if as_matrix and not all(column.dtype in NUMERIC for column in signature.inputs):
            continue
        for width in ("float64", "float32"):
            feeds = _feeds(signature, width, as_matrix)
            try:
                content, named, outputs = _to_onnx(estimator, feeds, options)
            except Exception as error:
                failures.append(f"{type(error).__name__}: {error}".splitlines()[0][:300])
                continue
            at = 1 if model.method == "predict_proba" else 0
            if at < len(outputs):
                found = True
                content = only(content, outputs[at])
                says = f"skl2onnx, {width}, {'one matrix' if as_matrix else 'a tensor per column'}"
                yield Candidate(content, named, (outputs[at],), None, _TOLERANCE[width], says)
    if not found:
        raise NotConvertible(f"skl2onnx cannot convert it: {failures[0] if failures else '?'}")


def _feeds(signature: Signature, width: Width, as_matrix: bool) -> tuple[Feed, ...]:
    if as_matrix:
        names = tuple(column.name for column in signature.inputs)
        return (Feed(name=_MATRIX, columns=names, dtype=width),)
    return tuple(
        Feed(name=column.name, columns=(column.name,), dtype=_dtype(column, width))
        for column in signature.inputs
    )


def _dtype(column: Column, width: Width) -> Any:
    if column.dtype is DType.string:
        return "string"
    if column.dtype is DType.boolean and column.required:
        return "bool"
    if column.dtype in {DType.long, DType.integer} and column.required:
        return "int64"
    return width


def _to_onnx(
    estimator: Any, feeds: tuple[Feed, ...], options: Any
) -> tuple[bytes, tuple[Feed, ...], list[str]]:
    """Give the graph, its feeds under the names it gave them, and its outputs."""
    from skl2onnx import to_onnx
    from skl2onnx.common import data_types as types

    of = {
        "float64": types.DoubleTensorType,
        "float32": types.FloatTensorType,
        "int64": types.Int64TensorType,
        "bool": types.BooleanTensorType,
        "string": types.StringTensorType,
    }
    initial = [(feed.name, of[feed.dtype]([None, len(feed.columns)])) for feed in feeds]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = to_onnx(
            estimator,
            initial_types=initial,
            options=options,
            target_opset={"": _OPSET, "ai.onnx.ml": _OPSET_ML},
        )
    names = [entry.name for entry in made.graph.input]
    named = [
        feed.model_copy(update={"name": name}) for feed, name in zip(feeds, names, strict=True)
    ]
    return made.SerializeToString(), tuple(named), [output.name for output in made.graph.output]


def only(content: bytes, output: str) -> bytes:
    """Give a graph that computes one of its outputs, and nothing for the others."""
    import onnx

    model = onnx.load_from_string(content)
    graph = model.graph
    for other in [entry for entry in graph.output if entry.name != output]:
        graph.output.remove(other)
    if any(
        attribute.HasField("g") or attribute.graphs for n in graph.node for attribute in n.attribute
    ):
        return bytes(model.SerializeToString())  # an inner graph may use what looks unused
    needed, kept = {output}, []
    for node in reversed(graph.node):
        if needed & set(node.output):
            needed |= set(node.input)
            kept.append(node)
    del graph.node[:], graph.value_info[:]
    graph.node.extend(reversed(kept))
    for weight in [entry for entry in graph.initializer if entry.name not in needed]:
        graph.initializer.remove(weight)
    return bytes(model.SerializeToString())


def _xgboost(model: Any, signature: Signature) -> Iterator[Candidate]:
    """Convert in float32: XGBoost's own arithmetic is that."""
    from onnxmltools import convert_xgboost
    from onnxmltools.convert.common.data_types import FloatTensorType

    original = copy.deepcopy(model.original)
    booster = original if model.is_booster else original.get_booster()
    booster.feature_names = booster.feature_types = None  # the converter numbers the columns
    objective = _objective(booster)
    try:
        made = convert_xgboost(
            original,
            initial_types=[(_MATRIX, FloatTensorType([None, len(signature.inputs)]))],
            target_opset=15,
        )
    except Exception as error:
        raise NotConvertible(f"onnxmltools cannot convert it: {error}"[:300]) from error
    outputs = [output.name for output in made.graph.output]
    column = None
    wanted = outputs[0]
    if model.is_booster and len(outputs) > 1:
        wanted = outputs[1]
        column = 1 if objective.startswith("binary:") else None
    feeds = _feeds(signature, "float32", True)
    content = only(made.SerializeToString(), wanted)
    yield Candidate(
        content, feeds, (wanted,), column, _TOLERANCE["float32"], "onnxmltools, float32"
    )


def _objective(booster: Any) -> str:
    import json

    learner = json.loads(booster.save_config()).get("learner", {})
    return str(learner.get("objective", {}).get("name", ""))


def _lightgbm(model: Any, signature: Signature) -> Iterator[Candidate]:
    from .lightgbm import convert

    content, output = convert(model, len(signature.inputs), _MATRIX)
    feeds = _feeds(signature, "float64", True)
    yield Candidate(
        content, feeds, (output,), None, _TOLERANCE["float64"], "own converter, float64"
    )
