"""Counts that could not be written yet: of each second one frame, however long that lasts."""

from __future__ import annotations

from typing import Any

import orjson

from modelyard_protocol.records import frame, read_frames

_REVISION = ("workspace_id", "deployment_id", "revision", "version")
_WHOSE = ("kind", *_REVISION, "at", "safeguard", "action")


def merged(frames: bytes) -> bytes:
    """Add up the frames of equal revisions and seconds."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for payload, _ in read_frames(frames):
        entry = orjson.loads(payload)
        key = tuple(entry.get(name) for name in _WHOSE)
        held = found.setdefault(key, entry)
        if held is not entry:
            _add(held, entry)
    return b"".join(frame(orjson.dumps(entry)) for entry in found.values())


def _add(held: dict[str, Any], more: dict[str, Any]) -> None:
    for name, value in more.items():
        if name in _WHOSE:
            continue
        if isinstance(value, dict):
            _add(held.setdefault(name, {}), value)
        else:
            held[name] = held.get(name, 0) + value
