"""The node's gRPC front: a process of its own, which HTTP never misses when it dies."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import os
import subprocess
import sys
import time
from pathlib import Path

from .logs import ServerLog

STABLE_SECONDS = 20.0
_BACK_OFF = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)


class Front:
    """One process, through all its restarts; none when no port is given."""

    def __init__(self, host: str, port: int, gateway_port: int, log: Path) -> None:
        self._host, self._port, self._gateway_port = host, port, gateway_port
        self._log = ServerLog(log)
        self._child: subprocess.Popen[bytes] | None = None
        self._failures = 0
        self._next_try = self._started_at = 0.0
        self._is_draining = False
        self._is_wanted = port > 0
        if self._is_wanted and importlib.util.find_spec("grpc") is None:
            self._log.say("grpcio is not installed: gRPC is off")
            self._is_wanted = False

    @property
    def port(self) -> int | None:
        """Where it listens, while it runs."""
        return self._port if self._child is not None else None

    @property
    def is_gone(self) -> bool:
        """Its process has ended."""
        return self._child is None

    async def tick(self) -> None:
        """Do what is due."""
        now = time.monotonic()
        if self._child is not None and self._child.poll() is not None:
            self._log.say(f"ended with code {self._child.returncode}")
            if now - self._started_at > STABLE_SECONDS:
                self._failures = 0
            self._next_try = now + _BACK_OFF[min(self._failures, len(_BACK_OFF) - 1)]
            self._failures += 1
            self._child = None
        if self._is_wanted and not self._is_draining and not self._child and now >= self._next_try:
            await self._start(now)

    def drain(self) -> None:
        """Have it answer what is open and leave."""
        self._is_draining = True
        if self._child is not None and self._child.stdin is not None:
            self._child.stdin.close()

    def kill(self) -> None:
        """End it at once."""
        if self._child is not None:
            with contextlib.suppress(ProcessLookupError):
                self._child.kill()

    async def _start(self, now: float) -> None:
        line = [sys.executable, "-m", "modelyard_runtime.grpc_front", "--host", self._host]
        line += ["--port", str(self._port), "--gateway-port", str(self._gateway_port)]
        line += ["--gateway-host", _reachable(self._host)]
        kept = {"PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "PYTHONPATH"}
        environment = {name: value for name, value in os.environ.items() if name in kept}
        try:
            self._child = subprocess.Popen(
                line,
                env=environment | {"PYTHONUNBUFFERED": "1"},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            self._log.say(f"could not be started: {error}")
            self._next_try = now + 5.0
            return
        self._started_at = now
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: self._log, self._child.stdout)


def _reachable(host: str) -> str:
    return {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
