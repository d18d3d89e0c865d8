"""Lends the converter's packages to a model's own environment, behind those of the model.

A model's environment holds what the model needs. Converters, ONNX and ONNX Runtime come from the
platform's environment, package by package, so that nothing else of it is seen.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

PACKAGES = (
    "skl2onnx",
    "onnxmltools",
    "onnx",
    "onnxruntime",
    "google",
    "ml_dtypes",
    "flatbuffers",
    "typing_extensions",
    "packaging",
)
_VARIABLE = "MODELYARD_TOOLS"
_FOLDER = "tools"


def walls(folder: Path, python: Path) -> list[str]:
    """Give the sandbox's options that show the packages to another environment's interpreter."""
    if python.absolute() == Path(sys.executable).absolute():
        return []
    links = folder / _FOLDER
    links.mkdir()
    line = ["--env", f"{_VARIABLE}={links}"]
    for name in PACKAGES:
        for path in _paths(name):
            (links / path.name).symlink_to(path)
            line += ["--ro", str(path)]
    return line


def use() -> None:
    """Make lent packages importable where the environment has none of its own."""
    folder = os.environ.get(_VARIABLE)
    if folder and folder not in sys.path:
        sys.path.append(folder)


def _paths(name: str) -> list[Path]:
    spec = importlib.util.find_spec(name)
    if spec is None:
        return []
    if spec.submodule_search_locations:
        return [Path(next(iter(spec.submodule_search_locations)))]
    return [Path(spec.origin)] if spec.origin else []
