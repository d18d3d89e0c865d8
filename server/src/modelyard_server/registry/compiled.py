"""Graphs of versions on this machine, kept by what they were made from and by which converter.

A folder per package, environment, engine and converter holds the graph and what was found out about
it; a version that cannot be compiled has one too, with the reason, so that it is not tried again.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from modelyard_protocol.routing import CONVERTER, GRAPH_FILE

_FACTS = "lane.json"
_CONVERTERS = ("onnxruntime", "skl2onnx", "onnxmltools")


def converter() -> str:
    """Name the converter: ours and the packages it uses."""
    return f"{CONVERTER}/" + "/".join(f"{name}-{_version(name)}" for name in _CONVERTERS)


def folder(home: Path, workspace_id: str, digest: str, lock_hash: str, engine: str) -> Path:
    """Give where the graph of a version belongs."""
    made_from = "/".join((digest, lock_hash, engine, converter()))
    return home / workspace_id / hashlib.sha256(made_from.encode()).hexdigest()[:40]


def known(target: Path) -> dict[str, Any] | None:
    """Give what is known of a version's graph; `None` when it was never compiled.

    A graph that is not the one that was proven is not known.
    """
    try:
        facts: dict[str, Any] = json.loads((target / _FACTS).read_text())
    except (OSError, ValueError):
        return None
    compiled = facts.get("compiled")
    if compiled is None:
        return facts
    try:
        with (target / GRAPH_FILE).open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None
    if found != compiled["sha256"]:
        return None
    return {**facts, "compiled": {**compiled, "graph": str(target / GRAPH_FILE)}}


@contextmanager
def workbench(target: Path) -> Iterator[Path]:
    """Lend a folder for the converter to write into."""
    part = target.parent / f"{target.name}.part-{uuid.uuid4().hex}"
    part.mkdir(parents=True)
    try:
        yield part
    finally:
        shutil.rmtree(part, ignore_errors=True)


def keep(part: Path, target: Path, lane: dict[str, Any]) -> dict[str, Any] | None:
    """Keep what a converter wrote; give what is known of it then."""
    for path in part.iterdir():
        if path.name != GRAPH_FILE or path.is_symlink() or not path.is_file():
            path.unlink() if not path.is_dir() else shutil.rmtree(path)
    (part / _FACTS).write_text(json.dumps(lane))
    shutil.rmtree(target, ignore_errors=True)
    part.rename(target)
    return known(target)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "none"
