"""The incident summary: what happened, who did what, how long it took. Pure text."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

WORDS = {
    "recovered": "it recovered by itself",
    "acted": "it recovered after somebody acted",
    "fixed": "fixed",
    "rolled_back": "rolled back",
    "bad_data": "the data were wrong",
    "expected": "an expected change",
    "false_alarm": "a false alarm",
    "rule_removed": "its rule was removed or switched off",
    "other": "another reason",
}


@dataclass(frozen=True, slots=True)
class Facts:
    """An alert that has ended."""

    deployment: str
    title: str
    version: int | None
    opened_at: dt.datetime
    acknowledged_at: dt.datetime | None
    acknowledged_by: str | None
    acted_at: dt.datetime | None
    action: str | None
    resolved_at: dt.datetime
    resolved_by: str
    resolution: str


def summary(facts: Facts, signals: Sequence[tuple[str, str]], remark: str | None) -> str:
    """Write the summary as Markdown."""
    version = f" (version {facts.version})" if facts.version is not None else ""
    lines = [
        f"**{facts.title}** on {facts.deployment}{version}, {_at(facts.opened_at)}.",
        "",
        *(f"- {name}: {text}" for name, text in signals),
        "",
    ]
    if facts.acknowledged_at is not None:
        waited = lasted(facts.acknowledged_at - facts.opened_at)
        lines.append(f"Acknowledged by {facts.acknowledged_by} after {waited}.")
    if facts.acted_at is not None:
        recovered = lasted(facts.resolved_at - facts.acted_at)
        lines.append(f"{facts.action} {_at(facts.acted_at)}; over {recovered} later.")
    lines.append(
        f"Resolved by {facts.resolved_by} after {lasted(facts.resolved_at - facts.opened_at)}: "
        f"{WORDS[facts.resolution]}."
    )
    if remark:
        lines += ["", remark]
    return "\n".join(lines)


def lasted(span: dt.timedelta) -> str:
    """Say a length of time in its two largest units."""
    seconds = max(0, int(span.total_seconds()))
    for size, name, rest, rest_name in (
        (86_400, "d", 3600, "h"),
        (3600, "h", 60, "min"),
        (60, "min", 1, "s"),
    ):
        if seconds >= size:
            left = seconds % size // rest
            return f"{seconds // size} {name}" + (f" {left} {rest_name}" if left else "")
    return f"{seconds} s"


def _at(when: dt.datetime) -> str:
    return f"on {when:%Y-%m-%d at %H:%M} UTC"
