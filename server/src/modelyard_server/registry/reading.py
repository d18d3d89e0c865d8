"""Reads an MLflow model's description from stored artifacts; loads no code of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import yaml

from modelyard_protocol import language
from modelyard_protocol.package import Package, Signature, read_package

from .errors import PackageUnreadable

MAX_MLMODEL_BYTES = 4 * 1024 * 1024
MAX_EXAMPLE_BYTES = 256 * 1024
MAX_REQUIREMENTS_BYTES = 256 * 1024
MAX_PREDICTION_VALUES = 100_000
_PATH_KEYS = ("pickled_model", "data", "model_path", "python_model")
ReadFile = Callable[[str, int], bytes]
"""`(path relative to the package, limit) -> bytes`."""


class PackageFile(Protocol):
    """One file of a package; the path is relative to it."""

    @property
    def path(self) -> str: ...
    @property
    def size_bytes(self) -> int: ...
    @property
    def sha256(self) -> str: ...


@dataclass(frozen=True, slots=True)
class PackageFacts:
    """What a version stores about its package."""

    package: Package
    input_example: Any | None
    requirements: list[str]


LANGUAGE_FLAVOR = "gguf"
LANGUAGE_PACKAGE = Package(
    flavors=(LANGUAGE_FLAVOR,),
    engine=language.ENGINE,
    signature=Signature(),
    input_example_path=None,
    example_prediction=None,
    python_version=None,
    model_size_bytes=None,
    mlflow_version=None,
)
"""What is known of a language model that is a file alone; it says the rest itself."""


def has_language_model(paths: Iterable[str]) -> bool:
    """Tell whether a GGUF file is among these; the scan tells whether it is one."""
    return any(path.lower().endswith(".gguf") for path in paths)


def content_digest(files: Sequence[PackageFile]) -> str:
    """Give the SHA-256 over the files' digests in path order: equal content, equal digest."""
    whole = hashlib.sha256()
    for file in sorted(files, key=lambda f: f.path):
        whole.update(f"{file.sha256}  {file.path}\n".encode())
    return whole.hexdigest()


def read_facts(files: Sequence[PackageFile], read: ReadFile) -> PackageFacts:
    """Read what a package says about itself.

    Raises:
        PackageUnreadable: no model, a description nobody can read, or files it names are missing.
    """
    sizes = {file.path: file.size_bytes for file in files}
    if not sizes:
        raise PackageUnreadable("There are no files at the source.")
    if "MLmodel" not in sizes:
        raise PackageUnreadable("The source has no MLmodel; it is not an MLflow model.")
    described = parse_mlmodel(_limited(sizes, "MLmodel", MAX_MLMODEL_BYTES, read))
    package = _package(described)
    missing = [path for path in named_files(described) if not _present(path, sizes)]
    if missing:
        raise PackageUnreadable(
            f"The MLmodel file names {', '.join(missing)}, which the source does not have. "
            "Was the upload interrupted?"
        )
    example = None
    if package.input_example_path in sizes:
        example = _example(sizes, package.input_example_path, read)
    lines: list[str] = []
    if "requirements.txt" in sizes:
        text = _limited(sizes, "requirements.txt", MAX_REQUIREMENTS_BYTES, read).decode(
            errors="replace"
        )
        lines = [line.strip() for line in text.splitlines() if line.strip()]
    return PackageFacts(package, example, lines)


def parse_mlmodel(raw: bytes) -> dict[str, Any]:
    """Parse an MLmodel file; plain data only.

    Raises:
        PackageUnreadable: it is not YAML, or not a mapping.
    """
    try:
        described = yaml.load(raw, yaml.CSafeLoader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise PackageUnreadable(f"The MLmodel file is not valid YAML: {error}") from error
    if not isinstance(described, dict):
        raise PackageUnreadable("The MLmodel file is not a mapping.")
    return described


def named_files(described: dict[str, Any]) -> list[str]:
    """List the paths that the flavours of an MLmodel say are part of the package."""
    found: set[str] = set()
    flavors = described.get("flavors")
    for flavor in flavors.values() if isinstance(flavors, dict) else ():
        if not isinstance(flavor, dict):
            continue
        found.update(flavor[key] for key in _PATH_KEYS if isinstance(flavor.get(key), str))
        environment = flavor.get("env")
        if isinstance(environment, dict):
            found.update(value for value in environment.values() if isinstance(value, str))
    return sorted(path for path in found if path and "://" not in path)


def _package(described: dict[str, Any]) -> Package:
    metadata = described.get("metadata")
    if isinstance(metadata, dict):
        _bounded(metadata.get("example_prediction"))
    try:
        return read_package(described)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise PackageUnreadable(f"The MLmodel file cannot be understood: {error}") from error


def _present(path: str, sizes: dict[str, int]) -> bool:
    path = path.rstrip("/")
    return path in sizes or any(known.startswith(f"{path}/") for known in sizes)


def _limited(sizes: dict[str, int], path: str, limit: int, read: ReadFile) -> bytes:
    if sizes[path] > limit:
        raise PackageUnreadable(f"{path} has {sizes[path]} bytes; at most {limit} are read.")
    return read(path, limit)


def _example(sizes: dict[str, int], path: str, read: ReadFile) -> Any | None:
    if sizes[path] > MAX_EXAMPLE_BYTES:
        return None  # shown nowhere; verification reads it from the package itself
    try:
        return storable(json.loads(read(path, MAX_EXAMPLE_BYTES)))
    except (ValueError, RecursionError):
        return None


def storable(value: Any) -> Any | None:
    """Give the value back when every database stores it as JSON: no NaN, no dates; else `None`."""
    try:
        return value if "\\u0000" not in json.dumps(value, allow_nan=False) else None
    except (ValueError, TypeError, RecursionError):
        return None


def _bounded(value: Any) -> None:
    """Refuse a value that YAML references blow up to more than a prediction can be."""
    budget = MAX_PREDICTION_VALUES
    waiting = [value]
    while waiting:
        item = waiting.pop()
        budget -= 1
        if budget < 0:
            raise PackageUnreadable("metadata.example_prediction has too many values.")
        if isinstance(item, dict):
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)
