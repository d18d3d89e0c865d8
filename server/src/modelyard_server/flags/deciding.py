"""Whether a flag is on for somebody, and why. Pure."""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from dataclasses import dataclass

STALE_AFTER = dt.timedelta(days=60)


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything that may decide about one flag for one person."""

    default_on: bool
    is_killed: bool = False
    percentage: int = 0
    starts_at: dt.datetime | None = None
    ends_at: dt.datetime | None = None
    organisation: bool | None = None
    person: bool | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer, with the rule that gave it."""

    is_on: bool
    why: str


def decide(key: str, rules: Rules, user_id: uuid.UUID | None, now: dt.datetime) -> Decision:
    """Decide. First match wins: kill switch, person, organisation, schedule, share, default."""
    if rules.is_killed:
        return Decision(False, "Switched off for everybody by the kill switch.")
    if rules.person is not None:
        return Decision(rules.person, "Set for this person.")
    if rules.organisation is not None:
        return Decision(rules.organisation, "Set for the organisation.")
    if rules.starts_at is not None and now < rules.starts_at:
        return Decision(False, "Its schedule has not begun.")
    if rules.ends_at is not None and now >= rules.ends_at:
        return Decision(False, "Its schedule is over.")
    if rules.default_on:
        return Decision(True, "On by default.")
    if user_id is not None and share_of(key, user_id) < rules.percentage:
        return Decision(True, f"Among the {rules.percentage} % of people for whom it is on.")
    return Decision(False, "Off by default.")


def share_of(key: str, user_id: uuid.UUID) -> float:
    """Give a person's fixed place between 0 and 100 for one flag.

    Raising the percentage only adds people; other flags order people differently.
    """
    digest = hashlib.sha256(f"{key}:{user_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64 * 100


def staleness(
    rules: Rules,
    *,
    overrides: int,
    changed_at: dt.datetime,
    remove_by: dt.date,
    now: dt.datetime,
) -> str | None:
    """Say why a flag should be removed from the code, or `None`."""
    if now.date() > remove_by:
        return f"It was to be removed by {remove_by.isoformat()}."
    same = rules.is_killed or rules.default_on or rules.percentage in {0, 100}
    if same and not overrides and now - changed_at > STALE_AFTER:
        return f"It has been the same for everybody for more than {STALE_AFTER.days} days."
    return None
