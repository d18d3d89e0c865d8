"""Looks for what should not be in a model's files, reading and never loading.

A verdict belongs to content: the same digest has the same verdict until the scanner changes.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from . import archives, containers, pickles, protobuf
from .formats import Format, detect, detect_folder
from .protobuf import Span

SCANNER = 3
"""Raised when the rules change: verdicts of earlier scanners are made again."""
MAX_REASONS = 100
_OTHERS = frozenset(
    (
        "catboost/cbm",
        "gguf/gguf",
        "keras/hdf5",
        "lightgbm/text",
        "onnx/onnx",
        "safetensors/safetensors",
        "xgboost/json",
        "xgboost/ubj",
    )
)
_LAMBDA = b'"class_name": "Lambda"'


class Verdict(StrEnum):
    """What a scan came to."""

    clean = "clean"
    suspicious = "suspicious"
    blocked = "blocked"


class Level(StrEnum):
    """How much a reason weighs."""

    notice = "notice"
    suspicious = "suspicious"
    blocked = "blocked"


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that was found."""

    level: Level
    path: str
    says: str

    def as_json(self) -> dict[str, str]:
        """Give it as it is stored."""
        return {key: str(value) for key, value in asdict(self).items()}


@dataclass(frozen=True, slots=True)
class Scan:
    """What was found in a folder."""

    verdict: Verdict
    reasons: list[Reason]
    format: Format
    format_path: str | None
    files: int


def scan(folder: Path) -> Scan:
    """Look at every file of a folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() or path.is_symlink())
    reasons: list[Reason] = []
    told: dict[Path, Format] = {}
    with archives.read_once():
        for path in files:
            name = str(path.relative_to(folder))
            reasons.extend(_of_file(path, name, folder, told))
        found, told_from = detect_folder(folder, told)
    return Scan(verdict_of(reasons), reasons[:MAX_REASONS], found, told_from, len(files))


def verdict_of(reasons: list[Reason]) -> Verdict:
    """Weigh reasons: one that blocks is enough."""
    levels = {reason.level for reason in reasons}
    if Level.blocked in levels:
        return Verdict.blocked
    return Verdict.suspicious if Level.suspicious in levels else Verdict.clean


def _of_file(path: Path, name: str, folder: Path, told: dict[Path, Format]) -> Iterator[Reason]:
    if path.is_symlink():
        yield Reason(Level.blocked, name, "It is a link.")
        return
    for says in containers.problems(path):
        damaged = "damaged" in says or "encrypted" in says
        yield Reason(Level.suspicious if damaged else Level.blocked, name, says)
    form = told[path] = detect(path)
    if pickles.looks_like_pickle(path):
        yield from _of_pickle(path, name, is_other=form.name in _OTHERS)
    if path.suffix == ".py":
        yield Reason(Level.notice, name, "Python source that runs when the model is loaded.")
    if form.name == "onnx/onnx":
        yield from _of_onnx(path, name, folder)
    if form.framework == "keras":
        yield from _of_keras(path, name)


def _of_pickle(path: Path, name: str, *, is_other: bool) -> Iterator[Reason]:
    """Judge what looks like a pickle; in `is_other`, a format of its own, only what it imports."""
    seen = pickles.inspect(path, name)
    if seen.dangerous:
        names = ", ".join(seen.dangerous[:5])
        yield Reason(Level.blocked, name, f"Loading this pickle would call {names}.")
    if seen.unknown:
        names = ", ".join(seen.unknown[:5])
        more = f" and {len(seen.unknown) - 5} more" if len(seen.unknown) > 5 else ""
        says = f"This pickle imports {names}{more}, which is not on the list of known names."
        yield Reason(Level.suspicious, name, says)
    if seen.unreadable is not None and not is_other:
        says = f"This pickle cannot be followed to its end: {seen.unreadable}"
        yield Reason(Level.suspicious, name, says)
    if seen.carries_code and seen.reaching:
        words = ", ".join(seen.reaching[:5])
        says = f"This pickle carries code of its own that names {words}."
        yield Reason(Level.suspicious, name, says)
    elif seen.carries_code:
        says = "This pickle carries code of its own, which nobody can read; it runs walled in."
        yield Reason(Level.notice, name, says)


def _of_onnx(path: Path, name: str, folder: Path) -> Iterator[Reason]:
    """Check where tensors outside of the file are said to lie."""
    try:
        with path.open("rb") as file:
            places = sorted(set(_external(file, Span(0, path.stat().st_size), "model", 0)))
    except (ValueError, OSError) as error:
        yield Reason(Level.suspicious, name, f"The graph cannot be read: {error}.")
        return
    for place in places:
        parts = PurePosixPath(place.replace("\\", "/"))
        if not place or parts.is_absolute() or ".." in parts.parts or ":" in place:
            says = f"External data of the graph lies outside of the package: {place!r}."
            yield Reason(Level.blocked, name, says)
        elif not (path.parent / place).is_file():
            says = f"External data of the graph is missing: {place!r}."
            yield Reason(Level.suspicious, name, says)
        elif not (path.parent / place).resolve().is_relative_to(folder.resolve()):
            yield Reason(Level.blocked, name, f"External data is a link out of here: {place!r}.")


_DOWN = {
    ("model", 7): "graph",
    ("model", 25): "function",
    ("graph", 1): "node",
    ("graph", 5): "tensor",
    ("graph", 15): "sparse",
    ("function", 7): "node",
    ("node", 5): "attribute",
    ("attribute", 5): "tensor",
    ("attribute", 6): "graph",
    ("attribute", 10): "tensor",
    ("attribute", 11): "graph",
    ("sparse", 1): "tensor",
    ("sparse", 2): "tensor",
    ("tensor", 13): "external",
}
_DEEPEST = 40


def _external(file: BinaryIO, span: Span, kind: str, depth: int) -> Iterator[str]:
    """Give every location that a tensor names, wherever in the graph it is."""
    if depth > _DEEPEST:
        raise ValueError("graphs lie in graphs too deep")
    if kind == "external":
        entry = {n: v for n, v in protobuf.fields(file, span) if isinstance(v, Span)}
        if 1 in entry and protobuf.text(file, entry[1]) == "location":
            yield protobuf.text(file, entry[2]) if 2 in entry else ""
        return
    for number, value in protobuf.fields(file, span):
        below = _DOWN.get((kind, number))
        if below is not None and isinstance(value, Span):
            yield from _external(file, value, below, depth + 1)


def _of_keras(path: Path, name: str) -> Iterator[Reason]:
    """A Lambda layer is Python byte code in the model's configuration."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            config = archive.open("config.json").read(50_000_000)
        found = "Lambda" in set(_class_names(config))
    else:
        with path.open("rb") as file:
            found = _LAMBDA in file.read(50_000_000)
    if found:
        says = "A Lambda layer holds Python byte code that runs when the model is loaded."
        yield Reason(Level.suspicious, name, says)


def _class_names(config: bytes) -> Iterator[str]:
    try:
        waiting = [json.loads(config)]
    except (ValueError, RecursionError):
        yield "Lambda"  # what cannot be read is not trusted
        return
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            if isinstance(item.get("class_name"), str):
                yield item["class_name"]
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)
