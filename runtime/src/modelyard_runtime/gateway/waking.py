"""Calls that wait for a version that sleeps: held until it answers, or refused with a time."""

from __future__ import annotations

import asyncio
import time
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

    __slots__ = ("admitted", "body", "sink", "started_ns", "timer")

    def __init__(self, admitted: Admitted, body: bytes, started_ns: int, sink: Sink) -> None:
        self.admitted, self.body = admitted, body
        self.started_ns, self.sink = started_ns, sink
        self.timer: asyncio.TimerHandle | None = None


class Waking:
    """All held calls of one worker, by version."""

    def __init__(self, ask: Callable[[str], None], again: Again, refuse: Again) -> None:
        self._ask, self._again, self._refuse = ask, again, refuse
        self._held: dict[str, dict[Held, None]] = {}
        self._bytes = 0
        self._asking: set[str] = set()
        self._is_closed = False

    def hold(self, server_id: str, call: Held) -> bool:
        """Wake a version and keep a call for it; False when its caller does not wait."""
        waited = (time.perf_counter_ns() - call.started_ns) / 1e9
        seconds = call.admitted.wake_seconds - waited  # held before, when it did not stay awake
        too_many = len(self._held.get(server_id, ())) >= MAX_HELD
        is_full = too_many or self._bytes + len(call.body) > MAX_HELD_BYTES
        is_held = seconds > 0 and not is_full and not self._is_closed
        if is_held:
            self._held.setdefault(server_id, {})[call] = None
            self._bytes += len(call.body)
            timer = asyncio.get_running_loop().call_later(seconds, self._give_up, server_id, call)
            call.timer = timer
        self._wake(server_id)
        return is_held

    def ready(self, server_id: str) -> None:
        """Answer those who waited for a version."""
        for call in self._taken(server_id):
            self._again(call)

    def close(self) -> None:
        """Refuse all that wait, and hold no more: this worker leaves."""
        self._is_closed = True
        for server_id in list(self._held):
            for call in self._taken(server_id):
                self._refuse(call)

    def _wake(self, server_id: str) -> None:
        """Ask, and ask again as long as calls wait: it may have gone to sleep meanwhile."""
        if server_id not in self._asking:
            self._asking.add(server_id)
            self._ask(server_id)
            asyncio.get_running_loop().call_later(_ASK_SECONDS, self._asked, server_id)

    def _asked(self, server_id: str) -> None:
        self._asking.discard(server_id)
        if server_id in self._held:
            self._wake(server_id)

    def _taken(self, server_id: str) -> list[Held]:
        calls = list(self._held.pop(server_id, ()))
        for call in calls:
            self._release(call)
        return calls

    def _give_up(self, server_id: str, call: Held) -> None:
        own = self._held[server_id]
        del own[call]
        if not own:
            del self._held[server_id]
        self._release(call)
        self._refuse(call)

    def _release(self, call: Held) -> None:
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
