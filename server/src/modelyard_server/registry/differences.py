"""What changed between two versions, group by group."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from modelyard_protocol.package import Column, Signature

_NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(\[[^\]]*\])?\s*(.*)")


@dataclass(frozen=True, slots=True)
class Difference:
    """One named thing in both versions; `None` where a version lacks it."""

    name: str
    a: str | None
    b: str | None

    @property
    def changed(self) -> bool:
        """The versions do not agree."""
        return self.a != self.b


def compare(a: Mapping[str, str], b: Mapping[str, str]) -> list[Difference]:
    """Put two sets of named values side by side; what changed comes first."""
    found = [Difference(name, a.get(name), b.get(name)) for name in sorted({*a, *b})]
    return sorted(found, key=lambda one: not one.changed)


def packages(requirements: Iterable[str]) -> dict[str, str]:
    """Read requirement lines as package name → what is asked of it."""
    found: dict[str, str] = {}
    for line in requirements:
        text = line.partition(" #")[0].strip()
        match = _NAME.fullmatch(text)
        if not text or text.startswith("#"):
            continue
        if match is None or text.startswith("-"):
            found[text] = "as written"
            continue
        name = re.sub(r"[-_.]+", "-", match[1]).lower()
        found[f"{name}{match[2] or ''}"] = match[3].strip() or "any version"
    return found


def columns(signature: Mapping[str, Any]) -> dict[str, str]:
    """Read a stored signature as `input x` → `double, required`."""
    read = Signature.model_validate(signature)
    return {
        **{f"input {column.name}": _column(column) for column in read.inputs},
        **{f"output {column.name}": _column(column) for column in read.outputs},
    }


def _column(column: Column) -> str:
    shape = "" if column.shape is None else f" {list(column.shape)}"
    return f"{column.dtype}{shape}, {'required' if column.required else 'optional'}"
