"""The life of a revision and of a deployment: pure functions, no database."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from modelyard_protocol.routing import ObservedServer, ServerState


class Status(StrEnum):
    """Where a revision or a deployment is."""

    requested = "requested"
    building = "building"
    verifying = "verifying"
    starting = "starting"
    shifting = "shifting"  # gets a part of the traffic
    ready = "ready"
    degraded = "degraded"
    standby = "standby"  # replaced, its server kept for an instant way back
    stopping = "stopping"
    stopped = "stopped"
    failed = "failed"


_ROLL_OUT = (
    Status.requested,
    Status.building,
    Status.verifying,
    Status.starting,
    Status.shifting,
)
ROLLING_OUT = frozenset(_ROLL_OUT)
LIVE = frozenset({Status.ready, Status.degraded})
ENDED = frozenset({Status.stopped, Status.failed})
CRASHES_BEFORE_GIVING_UP = 3
CRASHES_BEFORE_FAILED = 5

_NEXT: dict[Status, frozenset[Status]] = {
    Status.requested: frozenset({Status.building}),
    Status.building: frozenset({Status.verifying}),
    Status.verifying: frozenset({Status.starting}),
    Status.starting: frozenset({Status.ready}),
    Status.shifting: frozenset({Status.ready}),
    Status.ready: frozenset({Status.degraded, Status.standby, Status.stopping}),
    Status.standby: frozenset({Status.ready, Status.stopping}),
    Status.degraded: frozenset({Status.ready, Status.failed, Status.stopping}),
    Status.failed: frozenset({Status.ready, Status.degraded, Status.stopping}),
    Status.stopping: frozenset({Status.stopped}),
    Status.stopped: frozenset(),
}


class ImpossibleStep(RuntimeError):
    """A revision was moved along a line that the machine does not have. A defect of ours."""


def may_follow(now: Status, then: Status, *, is_live: bool) -> bool:
    """Tell whether a revision may go from one status to another.

    During a roll-out it may repeat or leave a step (a worker that took over starts again), fail, or
    be stopped by a newer one. A failed revision is over unless it is the live one, whose server may
    recover.
    """
    if now == then:
        return True
    if now in ROLLING_OUT:
        return then in ENDED or then in _NEXT[now] or then in ROLLING_OUT
    if now == Status.failed and not is_live:
        return False
    return then in _NEXT[now]


def moved(now: Status, then: Status, *, is_live: bool) -> Status:
    """Give the next status.

    Raises:
        ImpossibleStep: the machine has no such line.
    """
    if not may_follow(now, then, is_live=is_live):
        raise ImpossibleStep(f"A revision cannot go from {now} to {then}.")
    return then


def of_deployment(live: Status | None, newest: Status) -> Status:
    """Give a deployment's status: its live revision's, else what its newest one is doing."""
    return newest if live is None else live


@dataclass(frozen=True, slots=True)
class Health:
    """What a live revision's server looks like from outside."""

    status: Status
    reason: str | None
    log_tail: tuple[str, ...] = ()


def health(server: ObservedServer | None, *, node_is_up: bool) -> Health:
    """Judge a live revision by what the node saw of its server."""
    if not node_is_up:
        return Health(
            Status.degraded, "The inference node of this machine is not running; it is restarted."
        )
    if server is None:
        return Health(Status.degraded, "The node has not started the model server yet.")
    if server.state == ServerState.ready:
        return Health(Status.ready, _beside(server), server.log_tail if server.original else ())
    if server.state == ServerState.asleep:
        return Health(Status.ready, "Asleep; the next call wakes it.")
    if server.state == ServerState.crashed:
        times = "once" if server.restarts <= 1 else f"{server.restarts} times"
        reason = f"The model server crashed {times}: {server.reason or 'it gave no reason'}"
        gave_up = server.restarts >= CRASHES_BEFORE_FAILED
        status = Status.failed if gave_up else Status.degraded
        return Health(status, reason, server.log_tail)
    if server.state == ServerState.starting and server.restarts >= CRASHES_BEFORE_FAILED:
        reason = f"The model server keeps crashing: {server.reason or 'it gave no reason'}"
        return Health(Status.failed, reason, server.log_tail)
    doing = f": {server.waits_for}" if server.waits_for else ""
    reason = f"The model server is being started again{doing}."
    return Health(Status.degraded, reason, server.log_tail)


def _beside(server: ObservedServer) -> str | None:
    """Say what the processes do of a version whose graph answers without them.

    A process that simply starts is worth no word: it is there in seconds.
    """
    if server.original is None:
        return None
    if server.reason is not None:
        return f"The compiled graph answers; the original engine does not run: {server.reason}"
    if server.waits_for is None:
        return None
    return f"The compiled graph answers; the original engine is starting: {server.waits_for}."


def previous_good(
    candidates: Collection[tuple[int, bool, tuple[object, ...]]],
    current: tuple[object, ...] | None,
) -> int | None:
    """Give the revision a rollback returns to.

    `candidates` are `(number, was live, what it serves)`; the newest that was live and serves
    something else than `current`.
    """
    good = [number for number, was_live, what in candidates if was_live and what != current]
    return max(good, default=None)
