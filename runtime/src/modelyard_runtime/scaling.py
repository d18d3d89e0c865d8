"""How many processes serve each version: by load, by rest, and anew when one has grown too large.

A version's processes are replicas `id`, `id.1`, `id.2`, …; the gateway workers know which belong
together. A process that is replaced is let go only after its successor answers, so no call fails.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from modelyard_protocol.routing import (
    DesiredState,
    LaneState,
    ObservedServer,
    Scaling,
    ServerSpec,
    ServerState,
)

MARK = "."
LOOK_SECONDS = 0.5
CALM_SECONDS = 60.0  # less load for so long before a process is let go
FULL = 0.8  # of the memory that was left when it was ready: it is replaced before it is killed
GROWN = 3.0  # times what it had when it was ready, and
GROWN_MB = 256.0  # at least so much more
RECYCLE_SECONDS = 300.0  # a version's processes are not replaced more often
_SINGLE = Scaling()


def base_of(server_id: str) -> str:
    """Give the version that a replica belongs to."""
    return server_id.partition(MARK)[0]


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
    last: int = 0
    """Highest replica number ever used."""
    running: list[int] = field(default_factory=lambda: [0])
    leaving: int | None = None
    """The process that goes once the newest one answers."""
    calls: int = 0
    busy_at: float = 0.0
    calm_since: float = 0.0
    recycled_at: float = -RECYCLE_SECONDS
    sizes_mb: dict[int, tuple[float, float]] = field(default_factory=dict)
    is_asleep: bool = False

    @property
    def scaling(self) -> Scaling:
        return self.spec.scaling or _SINGLE

    def name(self, number: int) -> str:
        return self.spec.id if number == 0 else f"{self.spec.id}{MARK}{number}"

    def begin(self) -> None:
        self.last += 1
        self.running.append(self.last)


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
        replicas = [spec for spec in self.processes() if MARK in spec.id]
        return state.model_copy(update={"servers": (*state.servers, *replicas)})

    def wake(self, server_id: str, now: float) -> bool:
        """A call waits for a version that sleeps; tell whether something is to be started."""
        fleet = self._fleets.get(base_of(server_id))
        if fleet is None or not fleet.is_asleep:
            return False
        fleet.is_asleep, fleet.busy_at = False, now
        fleet.begin()
        return True

    def look(
        self,
        loads: dict[str, Load],
        observed: Callable[[], Iterable[ObservedServer]],
        now: float,
    ) -> bool:
        """Decide anew every half second; tell whether anything is to be started or stopped."""
        if now - self._looked_at < LOOK_SECONDS:
            return False
        self._looked_at = now
        by_id = {server.id: server for server in observed()}
        before = [(fleet.spec.id, list(fleet.running)) for fleet in self._fleets.values()]
        for fleet in self._fleets.values():
            self._decide(fleet, loads.get(fleet.spec.id, Load()), by_id, now)
        return before != [(fleet.spec.id, fleet.running) for fleet in self._fleets.values()]

    def _decide(
        self, fleet: _Fleet, load: Load, by_id: dict[str, ObservedServer], now: float
    ) -> None:
        names = [fleet.name(number) for number in fleet.running]
        is_up = any(name in by_id and by_id[name].state is ServerState.ready for name in names)
        if load.waiting or load.calls != fleet.calls or not is_up:  # calls may be held for it
            fleet.calls, fleet.busy_at = load.calls, now
        if fleet.is_asleep:
            return
        scaling = fleet.scaling
        idle = scaling.idle_seconds
        if scaling.min_replicas == 0 and idle is not None and now - fleet.busy_at >= idle:
            fleet.running, fleet.leaving, fleet.is_asleep = [], None, True
            return
        self._replace(fleet, by_id, now)
        if fleet.leaving is None:
            self._resize(fleet, load, now)

    def _resize(self, fleet: _Fleet, load: Load, now: float) -> None:
        scaling = fleet.scaling
        asked = math.ceil(load.waiting / scaling.target_concurrency)
        least = max(1, scaling.min_replicas)
        wanted = min(max(asked, least), max(scaling.max_replicas, least))
        if wanted >= len(fleet.running):
            fleet.calm_since = now
        while len(fleet.running) < wanted:
            fleet.begin()
        too_many = len(fleet.running) > scaling.max_replicas and len(fleet.running) > least
        if too_many or (len(fleet.running) > wanted and now - fleet.calm_since > CALM_SECONDS):
            fleet.running.pop()
            fleet.calm_since = now

    def _replace(self, fleet: _Fleet, by_id: dict[str, ObservedServer], now: float) -> None:
        """Replace a process that holds too much memory by a new one."""
        if fleet.leaving is not None:
            newest = by_id.get(fleet.name(fleet.running[-1]))
            if newest is not None and newest.state is ServerState.ready:
                if fleet.leaving in fleet.running:
                    fleet.running.remove(fleet.leaving)
                fleet.sizes_mb.pop(fleet.leaving, None)
                fleet.leaving = None
            return
        if now - fleet.recycled_at < RECYCLE_SECONDS:
            return
        for number in fleet.running:
            seen = by_id.get(fleet.name(number))
            if seen is None or seen.state is not ServerState.ready or not seen.memory_mb:
                continue
            held, asked = fleet.sizes_mb.setdefault(number, (seen.memory_mb, seen.data_mb))
            has_grown = seen.memory_mb > held * GROWN and seen.memory_mb > held + GROWN_MB
            room = fleet.spec.limits.memory_mb - asked
            if has_grown or seen.data_mb > asked + room * FULL:
                fleet.leaving, fleet.recycled_at = number, now
                fleet.begin()
                return

    def shown(
        self, servers: Iterable[ObservedServer], is_compiled: Callable[[str], bool]
    ) -> tuple[ObservedServer, ...]:
        """Give one entry a version: the best of its processes, or that it sleeps."""
        found: dict[str, list[ObservedServer]] = {}
        for server in servers:
            found.setdefault(base_of(server.id), []).append(server)
        shown = [_best(server_id, own) for server_id, own in found.items()]
        asleep = [
            _sleeping(fleet.spec.id, is_compiled=is_compiled(fleet.spec.id))
            for fleet in self._fleets.values()
            if fleet.is_asleep and fleet.spec.id not in found
        ]
        return (*shown, *asleep)


def memory_mb(pid: int | None) -> tuple[float, float]:
    """Give what a process and all below it hold, and what the largest of them has asked for."""
    held, asked, waiting = 0.0, 0.0, [pid] if pid else []
    while waiting:
        one = waiting.pop()
        try:
            status = Path(f"/proc/{one}/status").read_text()
            children = Path(f"/proc/{one}/task/{one}/children").read_text().split()
        except OSError:
            continue
        facts = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
        held += _mb(facts.get("VmRSS"))
        asked = max(asked, _mb(facts.get("VmData")))
        waiting += [int(child) for child in children]
    return round(held, 1), round(asked, 1)


def _mb(kilobytes: str | None) -> float:
    return int(kilobytes.split()[0]) / 1024 if kilobytes else 0.0


def _best(server_id: str, own: list[ObservedServer]) -> ObservedServer:
    ready = [one for one in own if one.state is ServerState.ready]
    best = next((one for one in own if one.id == server_id), own[0])
    best = ready[0] if ready and best.state is not ServerState.ready else best
    memory = sum(one.memory_mb for one in own)
    return best.model_copy(
        update={"id": server_id, "replicas": len(ready), "memory_mb": round(memory, 1)}
    )


def _sleeping(server_id: str, *, is_compiled: bool) -> ObservedServer:
    """Tell of a version without a process; one with a graph answers all the same."""
    return ObservedServer(
        id=server_id,
        state=ServerState.ready if is_compiled else ServerState.asleep,
        lane=LaneState.compiled if is_compiled else LaneState.native,
        since=dt.datetime.now(dt.UTC),
        replicas=0,
    )
