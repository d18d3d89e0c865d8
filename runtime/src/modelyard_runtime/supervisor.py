"""Keeps the desired model servers running: starts, watches, restarts with back-off, stops."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import json
import shutil
import time
from collections.abc import Mapping
from pathlib import Path

from modelyard_protocol.masking import Mask
from modelyard_protocol.routing import ObservedServer, ServerSpec, ServerState

from .drivers.contract import CannotStart, Driver, Home, Missing, Run
from .logs import ServerLog
from .scaling import memory_mb
from .workers import Workers

START_SECONDS = 180.0  # loading a large model on a busy machine
STUCK_SECONDS = 120.0  # an answer this late will never come
DRAIN_SECONDS = 30.0
LOG_DAYS = 30  # logs of servers that are gone
WEIGH_SECONDS = 1.0  # between two looks at a server's memory
STABLE_SECONDS = 60.0  # a server that lived this long starts its next back-off from the beginning
_BACKOFF_SECONDS = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)


class ModelServer:
    """One revision's model server, through all its runs."""

    def __init__(self, spec: ServerSpec, folder: Path, driver: Driver, workers: Workers) -> None:
        self.spec = spec
        self.state = ServerState.starting
        self._driver, self._workers = driver, workers
        self._run: Run | None = None
        self._walls: str | None = None
        self._is_connected = False
        log = folder / "logs" / f"{spec.id}.log"
        self._log = ServerLog(log, Mask(_variables(spec.environment_file)))
        self._home = Home(folder / "scratch" / spec.id, self._log, self._heard)
        self._reason: str | None = None
        self._killed: str | None = None
        """Why this run was ended by us."""
        self._restarts = 0
        self._failures = 0
        self._since = dt.datetime.now(dt.UTC)
        self._started_at = 0.0
        self._next_try = 0.0
        self._memory_mb = (0.0, 0.0)
        self._weighed_at = 0.0
        self._stop_at: float | None = None
        self._kill_at: float | None = None

    @property
    def is_gone(self) -> bool:
        """It was told to stop and has."""
        return self.state is ServerState.stopping and self._run is None

    def observed(self) -> ObservedServer:
        """Give what is to be told about its process."""
        silent_seconds, silent_calls = self._workers.silence(self.spec.id)
        return ObservedServer(
            id=self.spec.id,
            state=self.state,
            reason=self._reason,
            pid=self._run.pid if self._run else None,
            memory_mb=self._memory_mb[0],
            data_mb=self._memory_mb[1],
            silent_seconds=silent_seconds,
            silent_calls=silent_calls,
            restarts=self._restarts,
            since=self._since,
            sandbox=self._walls,
            log_tail=tuple(self._log.tail),
            waits_for=self._waits_for(),
        )

    async def tick(self) -> None:
        """Do what is due."""
        now = time.monotonic()
        if self._run is not None and self._run.has_ended:
            self._ended(now, self._run)
        if self.state is ServerState.stopping:
            self._continue_stopping(now)
        elif self._run is None:
            if now >= self._next_try:
                await self._start(now)
        elif self.state is ServerState.starting:
            self._watch_start(now, self._run)
        elif self._workers.oldest_seconds(self.spec.id) > STUCK_SECONDS:
            self._kill(f"It did not answer a call for {STUCK_SECONDS:g} seconds.")
        elif now - self._weighed_at > WEIGH_SECONDS:
            self._weighed_at = now
            self._memory_mb = memory_mb(self._run.pid)

    def stop(self) -> None:
        """Let open calls finish, then end."""
        if self.state is not ServerState.stopping:
            self._enter(ServerState.stopping)
            self._stop_at = time.monotonic() + DRAIN_SECONDS
            self._workers.disconnect(self.spec.id)
            if self._run is not None:
                self._run.drain()

    def kill(self) -> None:
        """End at once."""
        if self._run is not None:
            self._run.kill()

    def _waits_for(self) -> str | None:
        if self._run is None or self.state is not ServerState.starting:
            return None
        return self._run.waits_for

    async def _start(self, now: float) -> None:
        self._is_connected, self._killed = False, None
        try:
            self._run = await self._driver.begin(self.spec, self._home)
        except CannotStart as refusal:
            self._fail(now, str(refusal))
            return
        self._walls = self._run.walls
        self._started_at = now
        self._enter(ServerState.starting)

    def _heard(self) -> None:
        """Connect the workers as soon as the server has said hello."""
        run = self._run
        if run is not None and run.hello is not None and not self._is_connected:
            self._is_connected = True
            if self.state is not ServerState.stopping:
                self._workers.connect(self.spec.id, run.connect)
        self._workers.changed()

    def _watch_start(self, now: float, run: Run) -> None:
        if not run.has_begun:
            self._started_at = now
        elif run.hello is not None and self._workers.is_connected(self.spec.id):
            self._reason = None
            self._log.say(f"ready after {now - self._started_at:.2f} s")
            self._enter(ServerState.ready)
        elif run.error is not None and self._kill_at is None:
            self._kill_at = now + 2.0
        elif now - self._started_at > START_SECONDS:
            self._kill(f"It was not ready after {START_SECONDS:g} seconds.")
        if self._kill_at is not None and now > self._kill_at:
            self.kill()

    def _continue_stopping(self, now: float) -> None:
        """It leaves when the last worker has hung up, or is made to."""
        if self._run is None or self._stop_at is None:
            return
        if self._kill_at is not None:
            if now > self._kill_at:
                self.kill()
        elif self._run.has_hung_up or now > self._stop_at:
            self._run.hang_up()
            self._kill_at = now + 3.0

    def _kill(self, reason: str) -> None:
        self._reason = self._killed = reason
        self._log.say(reason)
        self.kill()

    def _ended(self, now: float, run: Run) -> None:
        died = run.bury()
        self._run, self._kill_at, self._memory_mb = None, None, (0.0, 0.0)
        self._workers.disconnect(self.spec.id)
        if self.state is ServerState.stopping:
            self._workers.changed()
            return
        if now - self._started_at > STABLE_SECONDS:
            self._failures = 0
        self._fail(now, run.error or self._killed or died)

    def _fail(self, now: float, reason: str) -> None:
        wait = _BACKOFF_SECONDS[min(self._failures, len(_BACKOFF_SECONDS) - 1)]
        self._failures += 1
        self._restarts += 1
        self._next_try = now + wait
        self._reason = self._log.mask.text(reason)
        self._log.say(f"{reason} Next try in {wait:g} s.")
        self._enter(ServerState.crashed)

    def _enter(self, state: ServerState) -> None:
        self.state = state
        self._since = dt.datetime.now(dt.UTC)
        self._workers.changed()


class Supervisor:
    """All model servers of the node."""

    def __init__(self, folder: Path, drivers: Mapping[str, Driver], workers: Workers) -> None:
        self._folder, self._drivers, self._workers = folder, drivers, workers
        self._servers: dict[str, ModelServer] = {}
        self._is_clean = False

    def apply(self, specs: tuple[ServerSpec, ...]) -> None:
        """Start what is new and stop what is no longer wanted."""
        wanted = {spec.id: spec for spec in specs}
        for server_id, server in self._servers.items():
            if server_id not in wanted:
                server.stop()
        for server_id, spec in wanted.items():
            known = self._servers.get(server_id)
            if known is not None and known.state is not ServerState.stopping:
                known.spec = spec
            else:
                driver = self._drivers.get(spec.driver) or Missing(spec.driver)
                self._servers[server_id] = ModelServer(spec, self._folder, driver, self._workers)
                if known is not None:
                    known.kill()
        for name, own in self._drivers.items():
            own.follow([spec for spec in specs if spec.driver == name])

    def replicas(self, spec: ServerSpec) -> int | None:
        """Give how many processes a version has where its driver's world decides about that."""
        driver = self._drivers.get(spec.driver)
        return None if driver is None else driver.replicas(spec.id)

    def observed(self) -> tuple[ObservedServer, ...]:
        """Give what is to be told about all of them."""
        return tuple(server.observed() for server in self._servers.values())

    async def tick(self) -> None:
        """Do what is due for each."""
        if not self._is_clean and self._workers.has_state:
            self._is_clean = True
            for driver in self._drivers.values():
                await driver.clean_up(set(self._servers))
        for server_id, server in list(self._servers.items()):
            await server.tick()
            if server.is_gone:
                del self._servers[server_id]
                self._workers.changed()

    async def shut_down(self, seconds: float) -> None:
        """Stop all; what has not ended in time is killed."""
        for server in self._servers.values():
            server.stop()
        end = time.monotonic() + seconds
        while self._servers and time.monotonic() < end:
            await self.tick()
            await asyncio.sleep(0.05)
        for server in self._servers.values():
            server.kill()
        for driver in self._drivers.values():
            await driver.close()


def _variables(path: str) -> dict[str, str]:
    """Read what a model finds in its environment; nothing where there is no file of it."""
    try:
        found: dict[str, str] = json.loads(Path(path).read_text("utf-8")) if path else {}
    except (OSError, ValueError):
        return {}
    return found


def make_folders(folder: Path) -> None:
    """Clear what a node that was killed has left, and make what this one needs."""
    shutil.rmtree(folder / "scratch", ignore_errors=True)
    for name in ("logs", "scratch", "scratch/gateway"):
        (folder / name).mkdir(parents=True, exist_ok=True, mode=0o700)
    _prune_logs(folder / "logs")


def _prune_logs(folder: Path) -> None:
    oldest = time.time() - LOG_DAYS * 86_400
    for path in folder.iterdir():
        with contextlib.suppress(OSError):
            if path.stat().st_mtime < oldest:
                path.unlink()
