"""What a rule remembers between evaluations: a state machine of pure functions.

    ok → pending (the rule's time) → firing → recovering (the recovery time) → ok

`no_data` is a state of its own and never ends an alert: a rule that was firing still is when the
data come back, unless they are clear for the recovery time.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal


class State(StrEnum):
    """Where a rule is."""

    ok = "ok"
    pending = "pending"
    firing = "firing"
    recovering = "recovering"
    no_data = "no_data"


Step = Literal["fired", "resolved"]


@dataclass(frozen=True, slots=True)
class Seen:
    """What one evaluation found. `is_clear`: beyond the recovery threshold; never with a breach."""

    is_known: bool
    is_breach: bool
    is_clear: bool


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a condition must hold, and how long it must be clear."""

    hold: dt.timedelta
    recover: dt.timedelta


@dataclass(frozen=True, slots=True)
class Memory:
    """The state, since when it holds, and whether an alert is behind `no_data`."""

    state: State
    since: dt.datetime
    was_firing: bool = False

    @property
    def is_alerting(self) -> bool:
        """Tell whether the rule has an alert that has not ended."""
        return self.state in {State.firing, State.recovering} or self.was_firing


def advance(
    memory: Memory, seen: Seen, patience: Patience, now: dt.datetime
) -> tuple[Memory, Step | None]:
    """Give the next memory, and whether the rule fired or resolved with it."""
    if not seen.is_known:
        if memory.state is State.no_data:
            return memory, None
        return Memory(State.no_data, now, was_firing=memory.is_alerting), None
    if memory.is_alerting:
        return _alerting(memory, seen, patience, now)
    return _quiet(memory, seen, patience, now)


def _quiet(
    memory: Memory, seen: Seen, patience: Patience, now: dt.datetime
) -> tuple[Memory, Step | None]:
    if not seen.is_breach:
        return (memory if memory.state is State.ok else Memory(State.ok, now)), None
    since = memory.since if memory.state is State.pending else now
    if now - since >= patience.hold:
        return Memory(State.firing, now), "fired"
    return Memory(State.pending, since), None


def _alerting(
    memory: Memory, seen: Seen, patience: Patience, now: dt.datetime
) -> tuple[Memory, Step | None]:
    if seen.is_breach or not seen.is_clear:
        if memory.state is State.firing:
            return memory, None
        return replace(memory, state=State.firing, since=now, was_firing=False), None
    since = memory.since if memory.state is State.recovering else now
    if now - since >= patience.recover:
        return Memory(State.ok, now), "resolved"
    return Memory(State.recovering, since), None
