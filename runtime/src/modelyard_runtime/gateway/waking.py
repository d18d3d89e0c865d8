"""Calls that wait for a version that sleeps: held until it answers, or refused with a time."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from modelyard_protocol.routing import Route

from .refusals import Refusal

if TYPE_CHECKING:
    from modelyard_runtime.fast.lane import Sink

    from .admission import Admitted

WAKE_SECONDS = 30.0  # a caller who says nothing waits so long
MOST_WAKE_SECONDS = 120.0
MAX_HELD = 512
MAX_HELD_BYTES = 64 * 1024 * 1024
AGAIN_SECONDS = 5  # what a caller who does not wait is told
_ASK_SECONDS = 1.0  # between two messages to the node about the same version

Again = Callable[["Held"], None]


class Held:
    """A call that waits."""

    __slots__ = ("admitted", "body", "is_done", "sink", "started_ns", "timer")

    def __init__(self, admitted: Admitted, body: bytes, started_ns: int, sink: Sink) -> None:
        self.admitted, self.body = admitted, body
        self.started_ns, self.sink = started_ns, sink
        self.timer: asyncio.TimerHandle | None = None
        self.is_done = False


class Waking:
    """All held calls of one worker, by version."""

    def __init__(self, ask: Callable[[str], None], again: Again, refuse: Again) -> None:
        self._ask, self._again, self._refuse = ask, again, refuse
        self._held: dict[str, deque[Held]] = {}
        self._bytes = 0
        self._asked_at: dict[str, float] = {}

    def hold(self, server_id: str, call: Held) -> bool:
        """Wake a version and keep a call for it; False when its caller does not wait."""
        loop = asyncio.get_running_loop()
        if loop.time() - self._asked_at.get(server_id, -_ASK_SECONDS) >= _ASK_SECONDS:
            self._asked_at[server_id] = loop.time()
            self._ask(server_id)
        seconds = call.admitted.wake_seconds
        is_full = self._bytes + len(call.body) > MAX_HELD_BYTES
        if seconds <= 0 or is_full or len(self._held.get(server_id, ())) >= MAX_HELD:
            return False
        self._held.setdefault(server_id, deque()).append(call)
        self._bytes += len(call.body)
        call.timer = loop.call_later(seconds, self._give_up, call)
        return True

    def ready(self, server_id: str) -> None:
        """Answer those who waited for a version."""
        for call in self._held.pop(server_id, ()):
            if not call.is_done:
                self._end(call)
                self._again(call)

    def _give_up(self, call: Held) -> None:
        if not call.is_done:
            self._end(call)
            self._refuse(call)

    def _end(self, call: Held) -> None:
        call.is_done = True
        self._bytes -= len(call.body)
        if call.timer is not None:
            call.timer.cancel()


def sleeper(route: Route, can_sleep: frozenset[str]) -> str | None:
    """Give the version of a route that a call may wake; the one with the most traffic."""
    found = [one for one in route.targets if one.weight > 0 and one.server_id in can_sleep]
    return max(found, key=lambda one: one.weight).server_id if found else None


def waking_up() -> Refusal:
    """Say that it is being started."""
    detail = "The model was asleep and is being started. Try again in a few seconds."
    return Refusal(503, "inference.waking_up", detail, retry_after=AGAIN_SECONDS)


def seconds_of(header: str | None) -> float:
    """Read `X-Wake-Timeout`: seconds a caller waits; 0 for not at all."""
    try:
        return min(max(0.0, float(header)), MOST_WAKE_SECONDS) if header else WAKE_SECONDS
    except ValueError:
        return WAKE_SECONDS
