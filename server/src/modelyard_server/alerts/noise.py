"""When somebody is told, and when nobody is. Pure functions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

GROUP_INTERVAL = dt.timedelta(minutes=5)
"""Signals that join later are told together after so long."""
MUTED_BY_DOWN = frozenset({"latency", "drift", "data", "quality"})
Told = Literal["fired", "repeated", "escalated", "announced"]
_PERIODS = {"daily": dt.timedelta(days=1), "weekly": dt.timedelta(days=7)}


@dataclass(frozen=True, slots=True)
class Quiet:
    """A silence or a maintenance window; empty members match everything."""

    deployment_id: object
    cause: str | None
    severity: str | None
    starts_at: dt.datetime
    ends_at: dt.datetime
    repeats: str
    reason: str

    def holds(self, now: dt.datetime) -> bool:
        """Tell whether it is in force; a repeating one starts again each day or week."""
        if now < self.starts_at:
            return False
        period = _PERIODS.get(self.repeats)
        if period is None:
            return now < self.ends_at
        return (now - self.starts_at) % period < self.ends_at - self.starts_at


@dataclass(frozen=True, slots=True)
class Facts:
    """What the decision about one open alert rests on."""

    deployment_id: object
    cause: str
    severity: str
    opened_at: dt.datetime
    is_acknowledged: bool
    snoozed_until: dt.datetime | None
    was_muted: bool
    first_told_at: dt.datetime | None
    last_told_at: dt.datetime | None
    new_signals: int
    """Signals that joined since somebody was told."""
    is_escalated: bool


@dataclass(frozen=True, slots=True)
class Patience:
    """A workspace's policy."""

    group_wait: dt.timedelta = dt.timedelta(seconds=30)
    repeat: dt.timedelta = dt.timedelta(hours=4)
    escalate: dt.timedelta | None = dt.timedelta(minutes=30)


def muted_by(
    facts: Facts, quiet: Iterable[Quiet], down: Iterable[object], now: dt.datetime
) -> str | None:
    """Say why nobody is told about an alert now. `down`: deployments whose endpoint is down."""
    if facts.snoozed_until is not None and now < facts.snoozed_until:
        return "Snoozed."
    for one in quiet:
        if one.holds(now) and _matches(one, facts):
            return f"Silenced: {one.reason}"
    if facts.cause in MUTED_BY_DOWN and facts.deployment_id in set(down):
        return "The endpoint is down, which explains it."
    return None


def due(facts: Facts, patience: Patience, now: dt.datetime) -> Told | None:
    """Say what is to be told about an open alert that is not muted."""
    if facts.first_told_at is None or facts.last_told_at is None:
        if facts.was_muted:
            return "announced"
        return "fired" if now - facts.opened_at >= patience.group_wait else None
    if facts.was_muted:
        return "announced"
    if facts.is_acknowledged:
        return None
    waited = now - facts.first_told_at
    if patience.escalate is not None and not facts.is_escalated and waited >= patience.escalate:
        return "escalated"
    since = now - facts.last_told_at
    if since >= patience.repeat or (facts.new_signals and since >= GROUP_INTERVAL):
        return "repeated"
    return None


def _matches(one: Quiet, facts: Facts) -> bool:
    return all(
        wanted is None or wanted == found
        for wanted, found in (
            (one.deployment_id, facts.deployment_id),
            (one.cause, facts.cause),
            (one.severity, facts.severity),
        )
    )
