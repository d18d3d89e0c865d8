"""Model servers as processes below the node, behind the sandbox's walls.

They die with the node: nothing is ever left to be taken over.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Collection
from typing import Any

from modelyard_protocol.routing import ServerSpec
from modelyard_runtime.deaths import death
from modelyard_runtime.sandbox.walls import Tier

from .contract import CannotStart, Home, NodeDecides
from .talk import Talk


class ProcessRun:
    """One process."""

    has_begun = True
    waits_for = None

    def __init__(self, spec: ServerSpec, home: Home, tier: Tier) -> None:
        self._home = home
        self._memory_mb = spec.limits.memory_mb
        self.walls = tier.value
        self._talk = Talk(home.on_word)
        ours, theirs = socket.socketpair()
        try:
            home.scratch.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._child = subprocess.Popen(
                _line(spec, home, tier, theirs.fileno()),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        except OSError as error:
            ours.close()
            raise CannotStart(f"It could not be started: {error}") from error
        finally:
            theirs.close()
        self._talk.begin(ours)

    async def read_log(self) -> None:
        """Have its output read as it comes."""
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: self._home.log, self._child.stdout)

    @property
    def pid(self) -> int | None:
        """Process id, as long as it runs."""
        return self._child.pid

    @property
    def has_ended(self) -> bool:
        """The process has ended."""
        return self._child.poll() is not None

    @property
    def hello(self) -> dict[str, Any] | None:
        """What it said once it had predicted the input example."""
        return self._talk.hello

    @property
    def error(self) -> str | None:
        """What it said is wrong with its model."""
        return self._talk.error

    @property
    def has_hung_up(self) -> bool:
        """Its connection is closed."""
        return self._talk.has_hung_up

    def connect(self) -> socket.socket:
        """Give a connected socket for a gateway worker."""
        return self._talk.connect()

    def drain(self) -> None:
        """Ask it to answer what is open and to leave."""
        self._talk.drain()

    def hang_up(self) -> None:
        """Close the connection with it."""
        self._talk.hang_up()

    def kill(self) -> None:
        """End it at once."""
        with contextlib.suppress(ProcessLookupError):
            self._child.kill()

    def bury(self) -> str:
        """Release what it held; say why it ended."""
        self._talk.bury()
        shutil.rmtree(self._home.scratch, ignore_errors=True)
        return death(self._child.returncode, self._memory_mb)


class ProcessDriver(NodeDecides):
    """Starts processes."""

    def __init__(self, tier: Tier) -> None:
        self._tier = tier

    async def begin(self, spec: ServerSpec, home: Home) -> ProcessRun:
        """Start one."""
        run = ProcessRun(spec, home, self._tier)
        await run.read_log()
        return run

    async def clean_up(self, wanted: Collection[str]) -> None:
        """Do nothing: processes die with their node."""

    async def close(self) -> None:
        """Do nothing: it holds nothing."""


def _line(spec: ServerSpec, home: Home, tier: Tier, fd: int) -> list[str]:
    limits = spec.limits
    line = [sys.executable, "-m", "modelyard_runtime.sandbox", "run"]
    line += ["--parent", str(os.getpid()), "--tier", tier.value]
    if tier is Tier.none:
        line += ["--allow-unsandboxed"]
    line += ["--ro", spec.model_dir, "--ro", spec.environment_dir, "--keep-fd", str(fd)]
    if tier is not Tier.bwrap:  # bwrap has a private /tmp of its own
        line += ["--rw", str(home.scratch)]
    line += ["--memory-mb", str(limits.memory_mb), "--processes", str(limits.processes)]
    line += ["--open-files", str(limits.open_files), "--tmp-mb", str(limits.tmp_mb)]
    if spec.environment_file:
        line += ["--env-file", spec.environment_file]
    threads = max(1, round(limits.cpus))
    line += ["--env", f"OMP_NUM_THREADS={threads}", "--env", f"MKL_NUM_THREADS={threads}"]
    line += ["--env", f"OPENBLAS_NUM_THREADS={threads}"]
    line += ["--", spec.python, "-m", "modelyard_runtime.serve"]
    return [*line, "--model-dir", spec.model_dir, "--engine", spec.engine, "--fd", str(fd)]
