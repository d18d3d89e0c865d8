"""The node's gateway workers: started behind walls, told what to serve, and started again.

The node keeps their listening sockets: callers who connect while a worker is being started wait in
its queue, none is refused.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

from modelyard_protocol.routing import DesiredState, LaneState, ObservedWorker, ServerSpec

from .channel import Channel
from .gateway.allowance import Month, Spent
from .gateway.recorder import read_packed
from .journal import Journal
from .ledger import Source
from .logs import ServerLog
from .sandbox.walls import Tier
from .scaling import Load
from .wire import Kind, base_of

MEMORY_MB = 4096  # of data, all graphs and waiting bodies together
OPEN_FILES = 8192
STABLE_SECONDS = 20.0
HANG_UP_SECONDS = 5.0
_BACKOFF_SECONDS = (0.0, 0.2, 0.5, 1.0, 2.0, 5.0)

Connect = Callable[[], socket.socket]
"""Opens a connection to a model server."""


class Worker:
    """One worker process, through all its restarts."""

    def __init__(self, listener: socket.socket, log: Path, tier: Tier, owner: Workers) -> None:
        self._listener, self._tier, self._owner = listener, tier, owner
        self._log = ServerLog(log)
        self._source: Source | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self._failures = 0
        self._next_try = self._started_at = self._gone_at = 0.0
        self._is_draining = False
        self.channel: Channel | None = None
        self.restarts = 0
        self.generation = self.epoch = -1
        self.attached: dict[str, int] = {}
        self.compiled: dict[str, str | None] = {}
        self.health: dict[str, Any] = {}

    @property
    def is_up(self) -> bool:
        """It can be told something."""
        return self.channel is not None and not self.channel.is_closed

    @property
    def is_gone(self) -> bool:
        """Its process has ended."""
        return self._child is None

    def observed(self) -> ObservedWorker:
        """Give what is to be told about it."""
        return ObservedWorker(
            pid=self._child.pid if self._child else None,
            restarts=self.restarts,
            connections=int(self.health.get("connections", 0)),
            memory_mb=float(self.health.get("memory_mb", 0.0)),
        )

    async def tick(self) -> None:
        """Do what is due."""
        now = time.monotonic()
        if self._child is not None and self._child.poll() is not None and self._is_silent(now):
            self._ended(now)
        if self._child is None and not self._is_draining and now >= self._next_try:
            await self._start(now)

    def drain(self) -> None:
        """Have it answer what is open and leave."""
        self._is_draining = True
        if self.channel is not None:
            self.channel.send(Kind.drain)

    def kill(self) -> None:
        """End it at once."""
        if self._child is not None:
            with contextlib.suppress(ProcessLookupError):
                self._child.kill()

    def _is_silent(self, now: float) -> bool:
        """Tell whether no process behind its walls answers any more: it has hung up then."""
        if self.channel is None:
            return True
        self._gone_at = self._gone_at or now
        self.channel.drain()
        return self.channel.is_closed or now - self._gone_at > HANG_UP_SECONDS

    async def _start(self, now: float) -> None:
        ours, theirs = socket.socketpair()
        try:
            source = self._owner.journal.ledger.source()
        except OSError as error:
            ours.close()
            theirs.close()
            self._not_started(error, now)
            return
        try:
            self._child = subprocess.Popen(
                self._line(theirs.fileno(), source.fd),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=[theirs.fileno(), self._listener.fileno(), source.fd],
                start_new_session=True,
            )
        except OSError as error:
            ours.close()
            source.close()
            self._not_started(error, now)
            return
        finally:
            theirs.close()
        self._started_at, self._gone_at, self._source = now, 0.0, source
        self.generation = self.epoch = -1
        self.attached, self.compiled, self.health = {}, {}, {}
        self.channel = Channel(ours, self._told, lambda: None)
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: self._log, self._child.stdout)
        self._owner.inform(self)

    def _not_started(self, error: OSError, now: float) -> None:
        self._log.say(f"could not be started: {error}")
        self._next_try = now + 1.0

    def _line(self, control: int, tally: int) -> list[str]:
        listen = self._listener.fileno()
        line = [sys.executable, "-m", "modelyard_runtime.sandbox", "run"]
        line += ["--parent", str(os.getpid()), "--tier", self._tier.value]
        if self._tier is Tier.none:
            line += ["--allow-unsandboxed"]
        for kept in (control, listen, tally):
            line += ["--keep-fd", str(kept)]
        line += ["--memory-mb", str(MEMORY_MB), "--open-files", str(OPEN_FILES)]
        if self._tier is not Tier.bwrap:
            line += ["--rw", str(self._owner.scratch)]
        line += ["--", sys.executable, "-m", "modelyard_runtime.worker"]
        line += ["--listen", str(listen), "--control", str(control)]
        return [*line, "--tally", str(tally)]

    def _ended(self, now: float) -> None:
        code = self._child.returncode if self._child is not None else 0
        self._child = None
        if self.channel is not None:
            self.channel.drain()
            self.channel.close()
            self.channel = None
        if self._source is not None:
            self._owner.journal.end(self._source)
        self._source = None
        if self._is_draining:
            return
        if now - self._started_at > STABLE_SECONDS:
            self._failures = 0
        wait = _BACKOFF_SECONDS[min(self._failures, len(_BACKOFF_SECONDS) - 1)]
        self._failures += 1
        self.restarts += 1
        self._next_try = now + wait
        self._log.say(f"ended with code {code}; next try in {wait:g} s")

    def _told(self, kind: Kind, payload: bytes, descriptor: int) -> None:
        if descriptor >= 0:  # a worker has none to give
            os.close(descriptor)
        owner = self._owner
        if kind is Kind.records:
            owner.journal.add(*read_packed(payload), self._source)
        elif kind is Kind.counts:
            owner.journal.add_counts(payload)
        elif kind is Kind.health:
            self._told_health(orjson.loads(payload))
        elif kind is Kind.spent:
            owner.spread(self, payload)
        elif kind is Kind.done:
            self._done(orjson.loads(payload))
            owner.changed()

    def _told_health(self, health: dict[str, Any]) -> None:
        dropped = int(health["dropped"]) - int(self.health.get("dropped", 0))
        self.health = health
        if dropped > 0 and self._source is not None:
            self._owner.journal.lost(dropped, self._source)

    def _done(self, facts: dict[str, Any]) -> None:
        if "generation" in facts:
            self.generation, self.epoch = int(facts["generation"]), int(facts["epoch"])
        elif "attached" in facts:
            self.attached[str(facts["attached"])] = int(facts["serial"])
        elif "compiled" in facts:
            server_id = str(facts["compiled"])
            self.compiled[server_id] = facts["error"]
            if facts["error"]:
                self._owner.switched_back(server_id, f"The graph was refused: {facts['error']}")
        elif "wake" in facts:
            self._owner.woken.add(str(facts["wake"]))
        elif "switched_back" in facts:
            self._owner.switched_back(str(facts["switched_back"]), str(facts["error"]))


class Workers:
    """All gateway workers of the node."""

    def __init__(
        self,
        folder: Path,
        tier: Tier,
        listeners: list[socket.socket],
        journal: Journal,
        on_change: Callable[[], None],
    ) -> None:
        self.journal, self.changed = journal, on_change
        self.scratch = folder / "scratch" / "gateway"
        self._desired: DesiredState | None = None
        self._table = b""
        self._servers: dict[str, tuple[int, Connect]] = {}
        self._specs: dict[str, ServerSpec] = {}
        self._serial = 0
        self.lane_notes: dict[str, str] = {}
        self.month = Month()
        """What keys with limits were let in for, and what they used."""
        self.woken: set[str] = set()
        """Versions that calls wait for."""
        self._all = [
            Worker(listener, folder / "logs" / f"gateway-{at}.log", tier, self)
            for at, listener in enumerate(listeners, 1)
        ]

    @property
    def generation(self) -> int:
        """The desired generation that every running worker serves by."""
        return min((worker.generation for worker in self._all if worker.is_up), default=-1)

    @property
    def epoch(self) -> int:
        """The node's own count of tables that every running worker serves by."""
        return min((worker.epoch for worker in self._all if worker.is_up), default=-1)

    def is_ready(self, server_id: str) -> bool:
        """Tell whether every running worker would answer for a version."""
        own = [name for name in self._servers if base_of(name) == server_id]
        return self.is_compiled(server_id) or any(self.is_connected(name) for name in own)

    @property
    def has_state(self) -> bool:
        """A desired state has been applied."""
        return self._desired is not None

    def observed(self) -> tuple[ObservedWorker, ...]:
        """Give what is to be told about all of them."""
        return tuple(worker.observed() for worker in self._all)

    def compared(self, server_id: str) -> int:
        """Count live calls that graph and original answered alike."""
        return sum(int((one.health.get("compared") or {}).get(server_id, 0)) for one in self._all)

    def apply(self, desired: DesiredState) -> None:
        """Have everybody serve by a new state."""
        self._desired = desired
        self._table = desired.model_dump_json().encode()
        before, self._specs = self._specs, {spec.id: spec for spec in desired.servers}
        for server_id in [name for name in self.lane_notes if name not in self._specs]:
            del self.lane_notes[server_id]
        for server_id, spec in before.items():
            now = self._specs.get(server_id)
            if spec.compiled is not None and (now is None or now.compiled is None):
                self._tell(Kind.forget, orjson.dumps({"server": server_id}))
        for server_id, spec in self._specs.items():
            known = before.get(server_id)
            if spec.compiled is not None and (known is None or known.compiled != spec.compiled):
                self.lane_notes.pop(server_id, None)
                for worker in self._all:
                    self._send_graph(worker, spec)
        self._tell(Kind.table, self._table)

    def connect(self, server_id: str, connect: Connect) -> None:
        """Connect every worker with a model server that is ready."""
        self._serial += 1
        self._servers[server_id] = (self._serial, connect)
        for worker in self._all:
            self._attach(worker, server_id)

    def disconnect(self, server_id: str) -> None:
        """Forget a model server that has ended."""
        self._servers.pop(server_id, None)
        self._tell(Kind.detach, orjson.dumps({"server": server_id}))

    def is_connected(self, server_id: str) -> bool:
        """Tell whether every running worker reaches a model server."""
        serial, _ = self._servers.get(server_id, (-1, None))
        up = [worker for worker in self._all if worker.is_up]
        return bool(up) and all(worker.attached.get(server_id) == serial for worker in up)

    def is_compiled(self, server_id: str) -> bool:
        """Tell whether every running worker answers for a version by its graph."""
        spec = self._specs.get(server_id)
        if spec is None or spec.compiled is None or server_id in self.lane_notes:
            return False
        up = [worker for worker in self._all if worker.is_up]
        return bool(up) and all(
            worker.compiled.get(server_id, "not loaded") is None for worker in up
        )

    def lane_of(self, server_id: str) -> dict[str, Any]:
        """Tell which engine answers a version's calls, in the words of `ObservedServer`."""
        note = self.lane_notes.get(server_id)
        lane = LaneState.compiled if self.is_compiled(server_id) else LaneState.native
        return {
            "lane": LaneState.switched_back if note else lane,
            "lane_note": note,
            "compared": self.compared(server_id),
        }

    def loads(self) -> dict[str, Load]:
        """Give what all workers together say of each version."""
        found: dict[str, Load] = {}
        for worker in self._all:
            for server_id, (waiting, calls) in (worker.health.get("load") or {}).items():
                seen = found.get(server_id, Load())
                found[server_id] = Load(seen.waiting + waiting, seen.calls + calls)
        return found

    def oldest_seconds(self, server_id: str) -> float:
        """Give the age of the call that waits longest for a model server."""
        ages = [(worker.health.get("oldest") or {}).get(server_id, 0.0) for worker in self._all]
        return max(map(float, ages), default=0.0)

    def silence(self, server_id: str) -> tuple[float, int]:
        """Give for how long a model server has answered nobody, and how many wait for it."""
        told = [(worker.health.get("silent") or {}).get(server_id) for worker in self._all]
        waiting = [(float(seconds), int(calls)) for seconds, calls in filter(None, told) if calls]
        seconds = min((one for one, _ in waiting), default=0.0)
        return round(seconds, 1), sum(calls for _, calls in waiting)

    def inform(self, worker: Worker) -> None:
        """Tell a worker that has just started everything the others know."""
        for spec in self._specs.values():
            if spec.compiled is not None and spec.id not in self.lane_notes:
                self._send_graph(worker, spec)
        for server_id in self._servers:
            self._attach(worker, server_id)
        if worker.channel is not None:
            now = time.time()
            self.month.turn(now)
            told = orjson.dumps([self.month.name, [self.month.calls, self.month.tokens]])
            worker.channel.send(Kind.month, told)
            if self._table:
                worker.channel.send(Kind.table, self._table)
            worker.channel.send(Kind.open)

    def switched_back(self, server_id: str, reason: str) -> None:
        """Stop using a graph everywhere."""
        if server_id not in self.lane_notes:
            self.lane_notes[server_id] = reason
            self._tell(Kind.forget, orjson.dumps({"server": server_id}))
        self.changed()

    def spread(self, source: Worker, payload: bytes) -> None:
        """Tell the others what one of them let in, and what it used."""
        self.month.add(Spent(*orjson.loads(payload)), time.time())
        for worker in self._all:
            if worker is not source and worker.channel is not None:
                worker.channel.send(Kind.spent, payload)

    async def tick(self) -> None:
        """Do what is due for each."""
        for worker in self._all:
            await worker.tick()

    async def shut_down(self, seconds: float) -> None:
        """Have all answer what is open and leave; what has not left in time is killed."""
        for worker in self._all:
            worker.drain()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            await self.tick()
            if all(worker.is_gone for worker in self._all):
                return
            await asyncio.sleep(0.02)
        for worker in self._all:
            worker.kill()

    def _tell(self, kind: Kind, payload: bytes) -> None:
        for worker in self._all:
            if worker.channel is not None:
                worker.channel.send(kind, payload)

    def _attach(self, worker: Worker, server_id: str) -> None:
        if worker.channel is None:
            return
        serial, connect = self._servers[server_id]
        facts = {"server": server_id, "serial": serial}
        with (
            contextlib.suppress(OSError),
            connect() as ours,
        ):  # one that is gone is ended by its run
            worker.channel.send(Kind.attach, orjson.dumps(facts), ours.fileno())

    def _send_graph(self, worker: Worker, spec: ServerSpec) -> None:
        if worker.channel is None or spec.compiled is None:
            return
        facts = {
            "server": spec.id,
            "compiled": spec.compiled.model_dump(mode="json"),
            "signature": spec.signature.model_dump(mode="json"),
        }
        try:
            descriptor = os.open(spec.compiled.graph, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            self.switched_back(spec.id, f"The compiled graph cannot be read: {error.strerror}")
            return
        try:
            worker.channel.send(Kind.graph, orjson.dumps(facts), descriptor)
        finally:
            os.close(descriptor)
