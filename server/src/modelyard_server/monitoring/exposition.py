"""Prometheus text exposition format 0.0.4: families with help, type and escaped labels.

https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
Labels = Mapping[str, str]


@dataclass(slots=True)
class Family:
    """One metric with its samples."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    help: str
    lines: list[str] = field(default_factory=list)

    def add(self, labels: Labels, value: float) -> None:
        """Add a sample of a counter or gauge."""
        self._sample(self.name, labels, value)

    def add_histogram(
        self, labels: Labels, limits: tuple[float, ...], counts: list[int], total: float
    ) -> None:
        """Add a histogram: `counts` has one entry per limit and one for everything above."""
        seen = 0
        for limit, count in zip((*limits, math.inf), counts, strict=True):
            seen += count
            self._sample(f"{self.name}_bucket", {**labels, "le": _number(limit)}, seen)
        self._sample(f"{self.name}_sum", labels, total)
        self._sample(f"{self.name}_count", labels, seen)

    def _sample(self, name: str, labels: Labels, value: float) -> None:
        inside = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
        self.lines.append(f"{name}{{{inside}}} {_number(value)}")


def render(families: list[Family]) -> str:
    """Write families; one without samples is left out."""
    blocks: list[str] = []
    for family in families:
        if family.lines:
            about = family.help.replace("\\", r"\\").replace("\n", r"\n")
            head = [f"# HELP {family.name} {about}", f"# TYPE {family.name} {family.kind}"]
            blocks.append("\n".join([*head, *family.lines]) + "\n")
    return "".join(blocks)


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _number(value: float) -> str:
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return str(int(value)) if float(value).is_integer() else repr(float(value))
