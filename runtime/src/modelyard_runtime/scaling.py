"""How many processes serve each version: by load, by rest, and anew when one has grown too large.

A version's processes are replicas `id`, `id.1`, `id.2`, …; the gateway workers know which belong
together. A process that is replaced is let go only after its successor answers, so no call fails.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from modelyard_protocol.routing import (
    DesiredState,
    LaneState,
    ObservedServer,
    Scaling,
    ServerSpec,
    ServerState,
)

from .processes import children_of
from .wire import REPLICA_MARK, base_of

LOOK_SECONDS = 0.5
CALM_SECONDS = 60.0  # less load for so long before a process is let go
FULL = 0.8  # of the memory that was left when it was ready: it is replaced before it is killed
GROWN = 3.0  # times what it had when it was ready, and
GROWN_MB = 256.0  # at least so much more
RECYCLE_SECONDS = 300.0  # a version's processes are not replaced more often
GROWN_SECONDS = 3600.0  # nor one that still has room: it may be that large after its first calls
CRASHES = 3  # of a successor before the process that was to leave stays
_SINGLE = Scaling()

Counted = Callable[[ServerSpec], int | None]
"""How many processes somebody else has decided on for a version; `None`: the scaler decides."""
LaneOf = Callable[[str], Mapping[str, Any]]
"""Which engine answers a version's calls, as `ObservedServer` says it."""


@dataclass(frozen=True, slots=True)
class Load:
    """What the gateway workers say of one version."""

    waiting: int = 0
    calls: int = 0
    """Since the workers started; only changes of it mean anything."""


@dataclass(slots=True)
class _Fleet:
    """The processes of one version."""

    spec: ServerSpec
    running: list[int] = field(default_factory=lambda: [0])
    """Their numbers, the newest last."""
    existing: set[int] = field(default_factory=set)
    """Numbers of processes that were there at the last look, also those that are leaving."""
    leaving: int | None = None
    """The process that goes once the newest one answers."""
    calls: int = 0
    busy_at: float = 0.0
    calm_since: float = 0.0
    recycled_at: float = -math.inf
    sizes_mb: dict[int, tuple[float, float]] = field(default_factory=dict)
    """What each held and had asked for when it was ready."""
    slept: float = 0.0
    """Seconds it has slept; what it sleeps now comes on top."""
    asleep_since: float | None = None

    @property
    def is_asleep(self) -> bool:
        return self.asleep_since is not None

    @property
    def scaling(self) -> Scaling:
        return self.spec.scaling or _SINGLE

    @property
    def can_sleep(self) -> bool:
        return self.scaling.min_replicas == 0 and self.scaling.idle_seconds is not None

    def name(self, number: int) -> str:
        return self.spec.id if number == 0 else f"{self.spec.id}{REPLICA_MARK}{number}"

    def begin(self) -> None:
        """Start one; under the number of one that still answers its last calls it would end it."""
        taken = {*self.running, *self.existing}
        self.running.append(next(number for number in count() if number not in taken))

    def let_go(self, number: int) -> None:
        if number in self.running:
            self.running.remove(number)
        self.sizes_mb.pop(number, None)

    def sleep(self, now: float) -> None:
        self.running, self.leaving, self.asleep_since = [], None, now
        self.sizes_mb.clear()

    def wake(self, now: float) -> None:
        self.slept, self.asleep_since, self.busy_at = self.slept_until(now), None, now
        self.begin()

    def slept_until(self, now: float) -> float:
        return self.slept + (0.0 if self.asleep_since is None else now - self.asleep_since)


class Scaler:
    """Decides about all of them; the node starts and stops what it says."""

    def __init__(self) -> None:
        self._fleets: dict[str, _Fleet] = {}
        self._looked_at = 0.0

    def want(self, specs: Iterable[ServerSpec], now: float) -> None:
        """Know what is to be served."""
        wanted = {spec.id: spec for spec in specs}
        for server_id in [name for name in self._fleets if name not in wanted]:
            del self._fleets[server_id]
        for server_id, spec in wanted.items():
            fleet = self._fleets.get(server_id)
            if fleet is None:
                self._fleets[server_id] = _Fleet(spec, busy_at=now, calm_since=now)
            else:
                fleet.spec = spec
                if fleet.is_asleep and not fleet.can_sleep:
                    fleet.wake(now)

    def processes(self) -> tuple[ServerSpec, ...]:
        """Give a spec per process that is to run."""
        return tuple(
            fleet.spec
            if number == 0
            else fleet.spec.model_copy(update={"id": fleet.name(number), "compiled": None})
            for fleet in self._fleets.values()
            for number in fleet.running
        )

    def table(self, state: DesiredState) -> DesiredState:
        """Give the state as gateway workers see it: with every replica, and every version."""
        replicas = [spec for spec in self.processes() if REPLICA_MARK in spec.id]
        return state.model_copy(update={"servers": (*state.servers, *replicas)})

    def wake(self, server_id: str, now: float) -> bool:
        """A call waits for a version that sleeps; tell whether something is to be started."""
        fleet = self._fleets.get(base_of(server_id))
        if fleet is None or not fleet.is_asleep:
            return False
        fleet.wake(now)
        return True

    def look(
        self,
        loads: Callable[[], dict[str, Load]],
        observed: Callable[[], Iterable[ObservedServer]],
        now: float,
        counted: Counted = lambda _: None,
    ) -> bool:
        """Decide anew every half second; tell whether anything is to be started or stopped."""
        if now - self._looked_at < LOOK_SECONDS:
            return False
        self._looked_at = now
        by_id = {server.id: server for server in observed()}
        seen = loads()
        before = [list(fleet.running) for fleet in self._fleets.values()]
        for fleet in self._fleets.values():
            fleet.existing.clear()
        for name in by_id:
            base, _, number = name.partition(REPLICA_MARK)
            if base in self._fleets:
                self._fleets[base].existing.add(int(number or 0))
        for fleet in self._fleets.values():
            self._decide(fleet, seen.get(fleet.spec.id, Load()), by_id, now, counted(fleet.spec))
        return before != [fleet.running for fleet in self._fleets.values()]

    def _decide(
        self,
        fleet: _Fleet,
        load: Load,
        by_id: dict[str, ObservedServer],
        now: float,
        counted: int | None,
    ) -> None:
        is_up = any(_is_ready(fleet, number, by_id) for number in fleet.running)
        if load.waiting or load.calls != fleet.calls or not is_up:  # calls may be held for it
            fleet.calls, fleet.busy_at = load.calls, now
        if fleet.is_asleep:
            return
        idle = fleet.scaling.idle_seconds
        if fleet.can_sleep and idle is not None and now - fleet.busy_at >= idle:
            fleet.sleep(now)
            return
        if counted is not None:
            self._follow(fleet, counted, by_id)
        elif fleet.leaving is not None:
            self._go_on_replacing(fleet, fleet.leaving, by_id)
        else:
            self._resize(fleet, load, by_id, now)
            self._replace(fleet, by_id, now)

    def _follow(self, fleet: _Fleet, counted: int, by_id: dict[str, ObservedServer]) -> None:
        """Have as many as there are; those that are gone already are let go first."""
        while len(fleet.running) < counted:
            fleet.begin()
        while len(fleet.running) > counted:
            unready = [one for one in fleet.running if not _is_ready(fleet, one, by_id)]
            fleet.let_go((unready or fleet.running)[-1])

    def _resize(
        self, fleet: _Fleet, load: Load, by_id: dict[str, ObservedServer], now: float
    ) -> None:
        scaling = fleet.scaling
        asked = math.ceil(load.waiting / scaling.target_concurrency)
        least = max(1, scaling.min_replicas)
        most = max(scaling.max_replicas, least)
        wanted = min(max(asked, least), most)
        if wanted >= len(fleet.running):
            fleet.calm_since = now
        while len(fleet.running) < wanted:
            fleet.begin()
        is_calm = len(fleet.running) > wanted and now - fleet.calm_since > CALM_SECONDS
        if is_calm or len(fleet.running) > most:
            unready = [one for one in fleet.running if not _is_ready(fleet, one, by_id)]
            fleet.let_go((unready or fleet.running)[-1])
            fleet.calm_since = now

    def _go_on_replacing(
        self, fleet: _Fleet, leaving: int, by_id: dict[str, ObservedServer]
    ) -> None:
        newest = fleet.running[-1]
        seen = by_id.get(fleet.name(newest))
        if _is_ready(fleet, newest, by_id):
            fleet.let_go(leaving)
            fleet.leaving = None
        elif seen is not None and seen.restarts >= CRASHES:  # there is no room for two
            fleet.let_go(newest)
            fleet.leaving = None

    def _replace(self, fleet: _Fleet, by_id: dict[str, ObservedServer], now: float) -> None:
        """Replace a process that holds too much memory by a new one."""
        waited = now - fleet.recycled_at
        for number in fleet.running:
            seen = by_id.get(fleet.name(number))
            if seen is None or seen.state is not ServerState.ready or not seen.memory_mb:
                continue
            held, asked = fleet.sizes_mb.setdefault(number, (seen.memory_mb, seen.data_mb))
            room = fleet.spec.limits.memory_mb - asked
            is_full = room > 0 and seen.data_mb > asked + room * FULL
            has_grown = seen.memory_mb > max(held * GROWN, held + GROWN_MB)
            if (is_full and waited >= RECYCLE_SECONDS) or (has_grown and waited >= GROWN_SECONDS):
                fleet.leaving, fleet.recycled_at = number, now
                fleet.begin()
                return

    def shown(
        self, servers: Iterable[ObservedServer], lane_of: LaneOf, now: float
    ) -> tuple[ObservedServer, ...]:
        """Give one entry a version: the best of its processes, or that it sleeps."""
        found: dict[str, list[ObservedServer]] = {}
        for server in servers:
            found.setdefault(base_of(server.id), []).append(server)
        asleep = {fleet.spec.id for fleet in self._fleets.values() if fleet.is_asleep}
        awake = [_best(name, own) for name, own in found.items() if name not in asleep]
        sleeping = [_sleeping(name) for name in sorted(asleep)]
        return tuple(
            _with_lane(one, lane_of(one.id), self._slept(one.id, now))
            for one in [*awake, *sleeping]
        )

    def _slept(self, server_id: str, now: float) -> float:
        fleet = self._fleets.get(server_id)
        return 0.0 if fleet is None else round(fleet.slept_until(now), 1)


def _is_ready(fleet: _Fleet, number: int, by_id: dict[str, ObservedServer]) -> bool:
    seen = by_id.get(fleet.name(number))
    return seen is not None and seen.state is ServerState.ready


def memory_mb(pid: int | None) -> tuple[float, float]:
    """Give what a process and all below it hold, and what the largest of them has asked for."""
    held, asked, waiting = 0.0, 0.0, [pid] if pid else []
    while waiting:
        one = waiting.pop()
        try:
            status = Path(f"/proc/{one}/status").read_text()
            children = children_of(one)
        except OSError:
            continue
        facts = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
        held += _mb(facts.get("VmRSS"))
        asked = max(asked, _mb(facts.get("VmData")))
        waiting += children
    return round(held, 1), round(asked, 1)


def _mb(kilobytes: str | None) -> float:
    return int(kilobytes.split()[0]) / 1024 if kilobytes else 0.0


def _best(server_id: str, every: list[ObservedServer]) -> ObservedServer:
    own = [one for one in every if one.state is not ServerState.stopping] or every
    ready = [one for one in own if one.state is ServerState.ready]
    best = (ready or own)[0]
    memory, largest = sum(one.memory_mb for one in own), max(one.data_mb for one in own)
    mute = max(own, key=lambda one: one.silent_seconds)
    facts = {"id": server_id, "replicas": len(ready), "data_mb": largest}
    silence = {"silent_seconds": mute.silent_seconds, "silent_calls": mute.silent_calls}
    return best.model_copy(update=facts | silence | {"memory_mb": round(memory, 1)})


def _sleeping(server_id: str) -> ObservedServer:
    now = dt.datetime.now(dt.UTC)
    return ObservedServer(
        id=server_id, state=ServerState.asleep, since=now, replicas=0, is_asleep=True
    )


def _with_lane(one: ObservedServer, facts: Mapping[str, Any], slept: float) -> ObservedServer:
    """Add what answers its calls: one with a graph is ready without a process."""
    found = {**facts, "slept_seconds": slept}
    if facts["lane"] is LaneState.compiled and one.state is not ServerState.stopping:
        found["state"] = ServerState.ready
        if one.state in {ServerState.starting, ServerState.crashed}:
            found["original"] = one.state
    return one.model_copy(update=found)
