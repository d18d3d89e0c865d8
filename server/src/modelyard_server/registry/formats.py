"""Tells what a model file is from its content: headers, folders of archives, opcodes, fields.

Nothing is ever loaded. What is not recognised is `opaque`.
"""

from __future__ import annotations

import json
import re
import struct
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from . import archives, pickles, protobuf
from .protobuf import Span

OPAQUE = "opaque"
_HEAD = 65_536
_TAIL = 4_096
_MAX_HEADER = 100_000_000
_XGBOOST = re.compile(rb'^\s*\{\s*"(?:learner|version)"\s*:')
_XGBOOST_UBJ = re.compile(rb"^\{(?:L.{8}|l.{4}|I.{2}|i.|U.)(?:learner|version)[\{\[]", re.DOTALL)
_LIGHTGBM = re.compile(rb"^tree\r?\nversion=v\d")
_FLAVOUR_OF_MODULE = {
    "sklearn": "sklearn",
    "xgboost": "xgboost",
    "lightgbm": "lightgbm",
    "torch": "pytorch",
    "catboost": "catboost",
    "keras": "keras",
}


@dataclass(frozen=True, slots=True)
class Format:
    """What a file is, and how one can tell."""

    name: str
    """Framework and container, such as `pytorch/torchscript`."""
    evidence: str

    @property
    def framework(self) -> str | None:
        """The part before the slash; nobody knows that of an opaque file."""
        return None if self.name == OPAQUE else self.name.partition("/")[0]


def detect_folder(
    folder: Path, told: Mapping[Path, Format] | None = None
) -> tuple[Format, str | None]:
    """Give the format of a model folder, and the file it was told from.

    `told` are files whose format is known already.
    """
    told = told or {}
    if (folder / "MLmodel").is_file():
        return Format("mlflow/package", "It has an MLmodel file."), "MLmodel"
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    for path in files:
        if path.name == "saved_model.pb":
            found = _saved_model(path)
            if found is not None:
                return found, str(path.relative_to(folder))
    by_size = sorted(files, key=lambda path: -path.stat().st_size)
    known = [(path, told.get(path) or detect(path)) for path in by_size]
    for path, found in known:
        if found.name != OPAQUE:
            return found, str(path.relative_to(folder))
    if not known:
        return Format(OPAQUE, "There are no files."), None
    return known[0][1], str(known[0][0].relative_to(folder))


def detect(path: Path) -> Format:
    """Give the format of one file."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
        file.seek(max(path.stat().st_size - _TAIL, 0))
        tail = file.read(_TAIL)
    if head[:4] == b"GGUF":
        return _gguf(head)
    if head[:4] == b"CBM1":
        return Format("catboost/cbm", "It starts with CatBoost's mark CBM1.")
    if head[:8] == b"\x89HDF\r\n\x1a\n":
        return _hdf5(path)
    if _LIGHTGBM.match(head):
        return Format("lightgbm/text", "It starts with LightGBM's `tree` and version lines.")
    if _XGBOOST_UBJ.match(head):
        return Format("xgboost/ubj", "It is binary JSON that starts with XGBoost's `learner`.")
    if _XGBOOST.match(head) and (b'"version":[' in tail.replace(b" ", b"")):
        return Format("xgboost/json", "It is JSON with XGBoost's `learner` and `version`.")
    if zipfile.is_zipfile(path):
        return _zip(path)
    tensors = _safetensors(head, path.stat().st_size)
    if tensors is not None:
        return tensors
    if pickles.looks_like_pickle(path) or head[:1] == b"\x80" or _is_packed(head):
        found = _pickle(path)
        if found is not None:
            return found
    return _message(path) or Format(OPAQUE, _opaque(head))


def _is_packed(head: bytes) -> bool:
    return head.startswith((b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x78"))


def _gguf(head: bytes) -> Format:
    if len(head) < 24:
        return Format(OPAQUE, "It starts like GGUF and ends early.")
    version, tensors, _ = struct.unpack("<IQQ", head[4:24])
    return Format("gguf/gguf", f"It starts with GGUF, version {version}, {tensors} tensors.")


def _hdf5(path: Path) -> Format:
    with path.open("rb") as file:
        start = file.read(4_000_000)
    if b"keras_version" in start or b"model_config" in start:
        return Format("keras/hdf5", "It is HDF5 with Keras's attributes.")
    return Format(OPAQUE, "It is HDF5 without Keras's attributes.")


def _zip(path: Path) -> Format:
    try:
        names = [entry.filename for entry in archives.entries(path)]
    except archives.TooManyEntries as error:
        return Format(OPAQUE, f"It is an archive. {error}")
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return Format(OPAQUE, "It is a damaged archive.")
    below = {name.partition("/")[2] for name in names}
    if {"config.json", "metadata.json", "model.weights.h5"} <= set(names):
        return Format("keras/v3", "It is an archive with Keras 3's config, metadata and weights.")
    exported = {"archive_format", "serialized_exported_program.json"} & (below | set(names))
    if exported and (
        "serialized_exported_program.json" in exported
        or any(name.endswith((".json", ".pt2")) for name in names)
    ):
        return Format("pytorch/export", "It is an archive that torch.export writes.")
    if "data.pkl" in below:
        has_code = any("/code/" in name for name in names)
        if has_code and "constants.pkl" in below:
            return Format("pytorch/torchscript", "It is a torch archive with code and constants.")
        return Format("pytorch/state", "It is a torch archive with data.pkl and tensors.")
    if "schema.json" in names:
        return Format("sklearn/skops", "It is an archive with skops's schema.")
    if names and all(name.endswith(".npy") for name in names):
        return Format(OPAQUE, "It is an archive of NumPy arrays.")
    return Format(OPAQUE, "It is an archive of a kind that is not known here.")


def _safetensors(head: bytes, size: int) -> Format | None:
    if len(head) < 9 or head[8:9] != b"{":
        return None
    (length,) = struct.unpack("<Q", head[:8])
    if not 2 <= length <= min(_MAX_HEADER, size - 8):
        return None
    if length <= len(head) - 8:
        try:
            header = json.loads(head[8 : 8 + length])
        except ValueError:
            return None
        if not isinstance(header, dict) or not all(
            key == "__metadata__" or (isinstance(value, dict) and "data_offsets" in value)
            for key, value in header.items()
        ):
            return None
    elif b'"data_offsets"' not in head:
        return None
    return Format("safetensors/safetensors", "It starts with a safetensors header.")


def _pickle(path: Path) -> Format | None:
    seen = pickles.inspect(path, path.name)
    if seen.unreadable is not None and not seen.imports:
        return None
    container = "joblib" if any(n.startswith("joblib.") for n in seen.imports) else "pickle"
    with path.open("rb") as file:
        if _is_packed(file.read(2)):
            container = "joblib"
    for name in seen.imports:
        framework = _FLAVOUR_OF_MODULE.get(name.partition(".")[0])
        if framework == "pytorch":
            return Format("pytorch/pickle", f"It is a pickle that imports {name}.")
        if framework is not None:
            return Format(f"{framework}/{container}", f"It is a pickle that imports {name}.")
    if seen.carries_code or any("pyfunc" in name for name in seen.imports):
        return Format("python/pickle", "It is a pickle that carries Python code of its own.")
    return Format(OPAQUE, "It is a pickle of values that belong to no framework known here.")


_META_GRAPH, _META_INFO, _SIGNATURE, _TAG, _WRITTEN_BY = 2, 1, 5, 4, 5


def _saved_model(path: Path) -> Format | None:
    """Read whom a SavedModel's graphs are for: a schema version, then graphs that carry tags."""
    tags: set[str] = set()
    signatures: set[str] = set()
    versions: set[str] = set()
    try:
        with path.open("rb") as file:
            whole = list(protobuf.fields(file, Span(0, path.stat().st_size)))
            if {number for number, _ in whole} != {1, 2}:
                return None
            for graph in protobuf.spans(whole, _META_GRAPH):
                parts = list(protobuf.fields(file, graph))
                for info in protobuf.spans(parts, _META_INFO):
                    facts = list(protobuf.fields(file, info))
                    tags |= {protobuf.text(file, at) for at in protobuf.spans(facts, _TAG)}
                    versions |= {protobuf.text(file, a) for a in protobuf.spans(facts, _WRITTEN_BY)}
                for entry in protobuf.spans(parts, _SIGNATURE):
                    key = protobuf.spans(list(protobuf.fields(file, entry)), 1)
                    signatures |= {protobuf.text(file, at) for at in key}
    except (ValueError, OSError):
        return None
    if not tags:
        return None
    by = f" of TensorFlow {', '.join(sorted(versions))}" if versions else ""
    names = sorted(name for name in signatures if not name.startswith("__"))  # TensorFlow's own
    told = f", signatures {', '.join(names)}" if names else ""
    says = f"It is a SavedModel{by} for {', '.join(sorted(tags))}{told}."
    return Format("tensorflow/saved_model", says)


def _message(path: Path) -> Format | None:
    found = _numbers(path)
    if found is not None and {1, 7, 8} <= found and max(found) <= 25:
        return Format(
            "onnx/onnx", "It is a protobuf message with ONNX's version, graph and opsets."
        )
    return None


def _numbers(path: Path) -> set[int] | None:
    """Give the numbers of a message's own fields, or `None` when the file is none."""
    try:
        with path.open("rb") as file:
            whole = Span(0, path.stat().st_size)
            return {number for number, _ in protobuf.fields(file, whole)}
    except (ValueError, OSError):
        return None


def _opaque(head: bytes) -> str:
    return f"Nothing known starts with {head[:8].hex(' ')}." if head else "It is empty."


def why_not_deployable(found: Format, files: Sequence[str]) -> str | None:
    """Say why a folder cannot be served, in one sentence; `None` when it can."""
    is_named = any(path.lower().endswith(".gguf") for path in files)
    if found.name == "mlflow/package" or (found.name == "gguf/gguf" and is_named):
        return None
    what = (
        f"Its format is not known ({found.evidence[0].lower()}{found.evidence[1:-1]})"
        if found.name == OPAQUE
        else f"It is {found.name} without an MLmodel file"
    )
    if not files:
        return "It has no files."
    return (
        f"{what}, so signature, environment and loader are unknown. "
        "Log it with `mlflow.<flavor>.log_model` to serve it."
    )
