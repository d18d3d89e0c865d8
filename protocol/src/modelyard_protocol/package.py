"""What we read from an MLflow-format model without loading it."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict


class DType(StrEnum):
    """Column types of an MLflow signature, by their MLflow names."""

    boolean = "boolean"
    integer = "integer"
    long = "long"
    float = "float"
    double = "double"
    string = "string"
    binary = "binary"
    datetime = "datetime"
    object = "object"  # nested values: carried, not checked


class Column(BaseModel):
    """One named input or output. A tensor has `shape`, a table column has not."""

    model_config = ConfigDict(frozen=True)

    name: str
    dtype: DType
    required: bool = True
    shape: tuple[int, ...] | None = None  # -1 is a free dimension


class Signature(BaseModel):
    """Inputs and outputs of a model; empty `inputs` means the model was logged without one."""

    model_config = ConfigDict(frozen=True)

    inputs: tuple[Column, ...] = ()
    outputs: tuple[Column, ...] = ()
    params: tuple[Column, ...] = ()

    @property
    def is_tensor(self) -> bool:
        """The model takes tensors instead of named columns."""
        return bool(self.inputs) and self.inputs[0].shape is not None


class Package(BaseModel):
    """The facts of an `MLmodel` file that serving, registry and monitoring need."""

    model_config = ConfigDict(frozen=True)

    flavors: tuple[str, ...]
    """All flavours in file order, e.g. ("python_function", "sklearn")."""
    engine: str
    """The most specific flavour: "sklearn", "xgboost", "onnx" …, else "python_function"."""
    signature: Signature
    input_example_path: str | None
    example_prediction: list[Any] | None
    """What the model answered for its input example where it was trained
    (`metadata.example_prediction`), when the author logged it."""
    python_version: str | None
    model_size_bytes: int | None
    mlflow_version: str | None


_KNOWN_ENGINES = ("sklearn", "xgboost", "lightgbm", "catboost", "onnx", "pytorch", "tensorflow")
_TENSOR_TYPES = {
    "bool": DType.boolean,
    "int8": DType.integer,
    "int16": DType.integer,
    "int32": DType.integer,
    "uint8": DType.integer,
    "uint16": DType.integer,
    "uint32": DType.long,
    "int64": DType.long,
    "uint64": DType.long,
    "float16": DType.float,
    "float32": DType.float,
    "float64": DType.double,
    "str": DType.string,
    "object": DType.object,
}


def read_package(mlmodel: dict[str, Any]) -> Package:
    """Read the parsed `MLmodel` YAML of a model.

    Raises:
        ValueError: it has no flavours, or its signature is not one MLflow writes.
    """
    flavors = mlmodel.get("flavors")
    if not isinstance(flavors, dict) or not flavors:
        raise ValueError("The MLmodel file names no flavors.")
    engine = next((name for name in _KNOWN_ENGINES if name in flavors), "python_function")
    example = mlmodel.get("saved_input_example_info") or {}
    metadata = mlmodel.get("metadata") or {}
    pyfunc = flavors.get("python_function") or {}
    return Package(
        flavors=tuple(flavors),
        engine=engine,
        signature=read_signature(mlmodel.get("signature")),
        input_example_path=example.get("artifact_path"),
        example_prediction=metadata.get("example_prediction"),
        python_version=pyfunc.get("python_version"),
        model_size_bytes=mlmodel.get("model_size_bytes"),
        mlflow_version=mlmodel.get("mlflow_version"),
    )


def read_signature(raw: dict[str, Any] | None) -> Signature:
    """Read the `signature` mapping of an MLmodel file; its parts are JSON strings."""
    if not raw:
        return Signature()
    return Signature(
        inputs=_columns(raw.get("inputs")),
        outputs=_columns(raw.get("outputs")),
        params=_columns(raw.get("params")),
    )


def _columns(raw: str | None) -> tuple[Column, ...]:
    entries = json.loads(raw) if raw else []
    if not isinstance(entries, list):
        raise ValueError("A signature part must be a list.")  # noqa: TRY004
    return tuple(_column(entry, index) for index, entry in enumerate(entries))


def _column(entry: dict[str, Any], index: int) -> Column:
    name = str(entry.get("name") or index)
    required = bool(entry.get("required", not entry.get("optional", False)))
    kind = entry.get("type")
    if kind == "tensor":
        spec = entry["tensor-spec"]
        dtype = _TENSOR_TYPES.get(str(spec["dtype"]).split("<")[0], DType.object)
        return Column(name=name, dtype=dtype, required=required, shape=tuple(spec["shape"]))
    dtype = DType(kind) if kind in set(DType) else DType.object
    return Column(name=name, dtype=dtype, required=required)
