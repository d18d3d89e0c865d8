"""From a model directory to a model that has predicted its own input example."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import yaml

from modelyard_protocol.inference import InvalidRows, Request, read_request
from modelyard_protocol.package import read_package
from modelyard_protocol.records import Skin

from . import frameworks
from .model import Model, ModelDir


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model ready to serve, with what was found out on the way."""

    directory: ModelDir
    model: Model
    example: Request | None
    predictions: list[Any] | None
    """What the model says about its input example now."""
    load_ms: float
    predict_ms: float


class ExampleUnusable(Exception):
    """The package's input example does not fit its own signature."""


def open_dir(path: Path) -> ModelDir:
    """Read a package's `MLmodel` file.

    Raises:
        ValueError: it is not one MLflow writes.
    """
    try:
        mlmodel = yaml.safe_load((path / "MLmodel").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ValueError("The package has no MLmodel file.") from None
    if not isinstance(mlmodel, dict):
        raise ValueError("The MLmodel file is not a mapping.")  # noqa: TRY004
    return ModelDir(path, mlmodel, read_package(mlmodel))


def load(path: Path, engine: str) -> Loaded:
    """Load a model and predict its input example.

    Raises:
        ExampleUnusable: its input example does not fit its signature.
        Exception: whatever the model's own code raises.
    """
    started = time.perf_counter()
    directory = open_dir(path)
    model = frameworks.load(directory, engine)
    load_ms = (time.perf_counter() - started) * 1000
    example = read_example(directory)
    if example is None:
        return Loaded(directory, model, None, None, load_ms, 0.0)
    prefer_arrays = getattr(model, "use_arrays_if_equal", None)
    if prefer_arrays is not None:
        prefer_arrays(example)
    predictions = model.predict(example)
    return Loaded(directory, model, example, predictions, load_ms, _predict_ms(model, example))


def _predict_ms(model: Model, example: Request) -> float:
    """Give the shortest of a few predictions: a busy machine only ever makes them longer."""
    shortest, begun = float("inf"), time.perf_counter()
    for _ in range(10):
        started = time.perf_counter()
        model.predict(example)
        shortest = min(shortest, time.perf_counter() - started)
        if time.perf_counter() - begun > 0.1:
            break
    return shortest * 1000


def read_example(directory: ModelDir) -> Request | None:
    """Give the package's input example as a decoded request; None when it has none.

    Raises:
        ExampleUnusable: it does not fit the signature.
    """
    body = _example_body(directory)
    if body is None:
        return None
    signature = directory.package.signature
    try:
        return read_request(Skin.invocations, "application/json", body, signature)
    except InvalidRows as wrong:
        raise ExampleUnusable(f"The input example does not fit the signature: {wrong}") from None


def _example_body(directory: ModelDir) -> bytes | None:
    stored = directory.mlmodel.get("saved_input_example_info") or {}
    serving = directory.path / str(stored.get("serving_input_path") or "-")
    if serving.is_file():
        return serving.read_bytes()
    plain = directory.path / str(stored.get("artifact_path") or "-")
    if not plain.is_file():
        return None
    value = orjson.loads(plain.read_bytes())
    if stored.get("type") == "dataframe":
        return orjson.dumps({"dataframe_split": value})
    if isinstance(value, dict) and "inputs" in value:
        return orjson.dumps(value)
    return orjson.dumps({"inputs": value})
