"""Keeps the desired model servers running: starts, watches, restarts with back-off, stops."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import orjson

from modelyard_protocol.routing import LaneState, ObservedServer, ServerSpec, ServerState

from .channel import Channel
from .deaths import death
from .logs import ServerLog
from .sandbox.walls import Tier
from .wire import Kind
from .workers import Workers

START_SECONDS = 180.0  # loading a large model on a busy machine
STUCK_SECONDS = 120.0  # an answer this late will never come
DRAIN_SECONDS = 30.0
LOG_DAYS = 30  # logs of servers that are gone
STABLE_SECONDS = 60.0  # a server that lived this long starts its next back-off from the beginning
_BACKOFF_SECONDS = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)


class ModelServer:
    """One revision's process, through all its restarts."""

    def __init__(self, spec: ServerSpec, folder: Path, tier: Tier, workers: Workers) -> None:
        self.spec = spec
        self.state = ServerState.starting
        self._tier, self._workers = tier, workers
        self._channel: Channel | None = None
        self._hello: dict[str, Any] | None = None
        self._error: str | None = None
        self._log = ServerLog(folder / "logs" / f"{spec.id}.log")
        self._rw = folder / "scratch" / spec.id
        self._child: subprocess.Popen[bytes] | None = None
        self._reason: str | None = None
        self._restarts = 0
        self._failures = 0
        self._since = dt.datetime.now(dt.UTC)
        self._started_at = 0.0
        self._next_try = 0.0
        self._stop_at: float | None = None
        self._kill_at: float | None = None

    @property
    def is_gone(self) -> bool:
        """It was told to stop and has."""
        return self.state is ServerState.stopping and self._child is None

    def observed(self) -> ObservedServer:
        """Give what is to be told about it: a version with a graph is ready without its server."""
        note = self._workers.lane_notes.get(self.spec.id)
        is_compiled = self._workers.is_compiled(self.spec.id)
        lane = LaneState.compiled if is_compiled else LaneState.native
        is_ready = is_compiled and self.state is not ServerState.stopping
        return ObservedServer(
            id=self.spec.id,
            state=ServerState.ready if is_ready else self.state,
            lane=LaneState.switched_back if note else lane,
            lane_note=note,
            compared=self._workers.compared(self.spec.id),
            reason=self._reason,
            pid=self._child.pid if self._child else None,
            restarts=self._restarts,
            since=self._since,
            sandbox=self._tier.value,
            log_tail=tuple(self._log.tail),
        )

    async def tick(self) -> None:
        """Do what is due."""
        now = time.monotonic()
        if self._child is not None and self._child.poll() is not None:
            self._ended(now, self._child.returncode)
        if self.state is ServerState.stopping:
            self._continue_stopping(now)
        elif self._child is None:
            if now >= self._next_try:
                await self._start(now)
        elif self.state is ServerState.starting:
            self._watch_start(now)
        elif self._workers.oldest_seconds(self.spec.id) > STUCK_SECONDS:
            self._kill(f"It did not answer a call for {STUCK_SECONDS:g} seconds.")

    def stop(self) -> None:
        """Let open calls finish, then end."""
        if self.state is not ServerState.stopping:
            self._enter(ServerState.stopping)
            self._stop_at = time.monotonic() + DRAIN_SECONDS
            self._workers.disconnect(self.spec.id)
            if self._channel is not None:
                self._channel.send(Kind.drain)

    def kill(self) -> None:
        """End at once."""
        if self._child is not None:
            with contextlib.suppress(ProcessLookupError):
                self._child.kill()

    async def _start(self, now: float) -> None:
        ours, theirs = socket.socketpair()
        try:
            self._rw.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._child = subprocess.Popen(
                self._line(theirs.fileno()),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        except OSError as error:
            ours.close()
            self._fail(now, f"It could not be started: {error}")
            return
        finally:
            theirs.close()
        loop = asyncio.get_running_loop()
        self._hello = self._error = None
        self._channel = Channel(ours, self._told, lambda: None)
        await loop.connect_read_pipe(lambda: self._log, self._child.stdout)
        self._started_at = now
        self._enter(ServerState.starting)

    def _line(self, fd: int) -> list[str]:
        spec = self.spec
        limits = spec.limits
        line = [sys.executable, "-m", "modelyard_runtime.sandbox", "run"]
        line += ["--parent", str(os.getpid()), "--tier", self._tier.value]
        if self._tier is Tier.none:
            line += ["--allow-unsandboxed"]
        line += ["--ro", spec.model_dir, "--ro", spec.environment_dir, "--keep-fd", str(fd)]
        if self._tier is not Tier.bwrap:  # bwrap has a private /tmp of its own
            line += ["--rw", str(self._rw)]
        line += ["--memory-mb", str(limits.memory_mb), "--processes", str(limits.processes)]
        line += ["--open-files", str(limits.open_files), "--tmp-mb", str(limits.tmp_mb)]
        if spec.environment_file:
            line += ["--env-file", spec.environment_file]
        threads = max(1, round(limits.cpus))
        line += ["--env", f"OMP_NUM_THREADS={threads}", "--env", f"MKL_NUM_THREADS={threads}"]
        line += ["--env", f"OPENBLAS_NUM_THREADS={threads}"]
        line += ["--", spec.python, "-m", "modelyard_runtime.serve"]
        return [*line, "--model-dir", spec.model_dir, "--engine", spec.engine, "--fd", str(fd)]

    def _told(self, kind: Kind, payload: bytes, descriptor: int) -> None:
        if descriptor >= 0:  # a model server has none to give
            os.close(descriptor)
        try:
            told = orjson.loads(payload)
            if kind is Kind.failed:
                self._error = str(told["error"])
            elif kind is Kind.hello and self._hello is None:
                self._hello = dict(told)
                if self.state is not ServerState.stopping:
                    self._workers.connect(self.spec.id, self._give)
        except (ValueError, KeyError, TypeError) as error:  # model code wrote into the socket
            self._error = f"The model server broke the protocol: {error}"
            if self._channel is not None:
                self._channel.close()
        self._workers.changed()

    def _give(self, descriptor: int) -> None:
        if self._channel is not None:
            self._channel.send(Kind.attach, b"{}", descriptor)

    def _watch_start(self, now: float) -> None:
        if self._hello is not None and self._workers.is_connected(self.spec.id):
            self._reason = None
            self._log.say(f"ready after {now - self._started_at:.2f} s")
            self._enter(ServerState.ready)
        elif self._error is not None and self._kill_at is None:
            self._kill_at = now + 2.0
        elif now - self._started_at > START_SECONDS:
            self._kill(f"It was not ready after {START_SECONDS:g} seconds.")
        if self._kill_at is not None and now > self._kill_at:
            self.kill()

    def _continue_stopping(self, now: float) -> None:
        """It leaves when the last worker has hung up, or is made to."""
        if self._child is None or self._stop_at is None:
            return
        if self._kill_at is not None:
            if now > self._kill_at:
                self.kill()
        elif self._channel is None or self._channel.is_closed or now > self._stop_at:
            if self._channel is not None:
                self._channel.close()
            self._kill_at = now + 3.0

    def _kill(self, reason: str) -> None:
        self._reason = reason
        self._log.say(reason)
        self.kill()

    def _ended(self, now: float, code: int) -> None:
        channel, self._channel, self._child, self._kill_at = self._channel, None, None, None
        if channel is not None:
            channel.drain()
            channel.close()
        self._workers.disconnect(self.spec.id)
        shutil.rmtree(self._rw, ignore_errors=True)
        if self.state is ServerState.stopping:
            self._workers.changed()
            return
        told = self._error
        if now - self._started_at > STABLE_SECONDS:
            self._failures = 0
        self._fail(now, told or self._reason or death(code, self.spec.limits.memory_mb))

    def _fail(self, now: float, reason: str) -> None:
        wait = _BACKOFF_SECONDS[min(self._failures, len(_BACKOFF_SECONDS) - 1)]
        self._failures += 1
        self._restarts += 1
        self._next_try = now + wait
        self._reason = reason
        self._log.say(f"{reason} Next try in {wait:g} s.")
        self._enter(ServerState.crashed)

    def _enter(self, state: ServerState) -> None:
        self.state = state
        self._since = dt.datetime.now(dt.UTC)
        self._workers.changed()


class Supervisor:
    """All model servers of the node."""

    def __init__(self, folder: Path, tier: Tier, workers: Workers) -> None:
        self._folder, self._tier, self._workers = folder, tier, workers
        self._servers: dict[str, ModelServer] = {}

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
                self._servers[server_id] = ModelServer(
                    spec, self._folder, self._tier, self._workers
                )
                if known is not None:
                    known.kill()

    def observed(self) -> tuple[ObservedServer, ...]:
        """Give what is to be told about all of them."""
        return tuple(server.observed() for server in self._servers.values())

    async def tick(self) -> None:
        """Do what is due for each."""
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
