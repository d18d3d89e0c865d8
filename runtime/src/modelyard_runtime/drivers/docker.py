"""Model servers as containers of this machine's Docker engine.

A container has no network. It reaches the node over a Unix socket in a folder of its own that is
mounted into it, and gateway workers over descriptors that it is handed there. It outlives a node
that is killed, waits for the next one, and is taken over without loading the model again.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import shutil
import socket
import time
import uuid
from collections.abc import Collection, Coroutine
from pathlib import Path
from typing import Any

from modelyard_protocol.routing import ServerSpec
from modelyard_runtime.deaths import death
from modelyard_runtime.logs import MAX_BYTES_A_SECOND, TAIL_LINES
from modelyard_runtime.state import code_version

from . import containers
from .contract import Home, NodeDecides
from .engine import Engine, EngineGone, EngineRefused
from .talk import Talk

AGAIN_SECONDS = 1.0
LAST_LINES_SECONDS = 2.0


class DockerRun:
    """One container."""

    walls = "docker"
    waits_for = None

    def __init__(self, driver: DockerDriver, spec: ServerSpec, home: Home) -> None:
        self._driver, self._spec, self._home = driver, spec, home
        self._talk = Talk(home.on_word)
        self._container: str | None = None
        self._killed_at = 0.0
        self._ending = ""
        self.pid: int | None = None
        self.has_begun = False
        self.has_ended = False
        self._folder = driver.sockets / spec.id
        self._life = asyncio.get_running_loop().create_task(self._live())

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
        """End it at once; asked for again while the engine has not done it."""
        now = time.monotonic()
        if self._container is None:
            self._life.cancel()
        elif now - self._killed_at > AGAIN_SECONDS:
            self._killed_at = now
            self._driver.later(self._driver.engine.kill(self._container))

    def bury(self) -> str:
        """Have the container removed; say why it ended."""
        self._talk.bury()
        self.pid = None
        shutil.rmtree(self._folder, ignore_errors=True)
        if self._container is not None:
            self._driver.later(self._driver.engine.remove(self._container))
        return self._ending

    async def _live(self) -> None:
        try:
            await self._run()
        except (EngineGone, EngineRefused) as refusal:
            self._ending = f"The Docker engine did not run it: {refusal}"
        except OSError as error:
            self._ending = f"It could not be started: {error}"
        except asyncio.CancelledError:
            self._ending = "It was ended before it had begun."
        finally:
            self.has_ended = True
            self._home.on_word()

    async def _run(self) -> None:
        with containers.listen(self._folder) as listener:
            container = await self._driver.take_over(self._spec)
            is_new = container is None
            if container is None:
                container = await self._driver.make(self._spec)
            self._container = container
            if is_new:
                await self._driver.engine.start(container)
            self.pid = (await self._driver.engine.inspect(container))["State"]["Pid"] or None
            self.has_begun = True
            said = "started" if is_new else "taken over, its model is loaded already"
            self._home.log.say(f"container {container[:12]} {said}")
            answers = asyncio.create_task(self._answer(listener))
            lines = asyncio.create_task(self._read_log(container))
            try:
                self._ending = await self._end_of(container)
                await asyncio.wait([lines], timeout=LAST_LINES_SECONDS)
            finally:
                answers.cancel()
                lines.cancel()

    async def _answer(self, listener: socket.socket) -> None:
        """Take the container's one connection."""
        connection, _ = await asyncio.get_running_loop().sock_accept(listener)
        self._talk.begin(connection)

    async def _read_log(self, container: str) -> None:
        began, size = time.monotonic(), 0
        with contextlib.suppress(Exception):  # a log that cannot be read is no reason to end
            async for piece in self._driver.engine.output(container, TAIL_LINES):
                self._home.log.data_received(piece)
                size += len(piece)
                if size > MAX_BYTES_A_SECOND:  # the engine keeps the rest, within its own limit
                    await asyncio.sleep(max(0.0, began + 1.0 - time.monotonic()))
                    began, size = time.monotonic(), 0

    async def _end_of(self, container: str) -> str:
        """Wait for the end; an engine that is away for a while does not end its containers."""
        while True:
            try:
                await self._driver.engine.wait(container)
                state = (await self._driver.engine.inspect(container))["State"]
            except EngineGone:
                await asyncio.sleep(AGAIN_SECONDS)
                continue
            except EngineRefused as refusal:
                if refusal.status == 404:
                    return "Its container was removed by somebody else."
                raise
            memory = self._spec.limits.memory_mb
            if state.get("OOMKilled"):
                return f"It used more than {memory} MB of memory and was ended."
            return state.get("Error") or death(int(state["ExitCode"]), memory)


class DockerDriver(NodeDecides):
    """Runs containers of one engine for one node."""

    def __init__(self, folder: Path, engine: Path) -> None:
        self.engine = Engine(engine)
        self.sockets = folder / "sockets"
        self._node = hashlib.sha256(str(folder).encode()).hexdigest()[:16]
        self._start = uuid.uuid4().hex
        self._code = code_version()
        self._tasks: set[asyncio.Task[None]] = set()

    async def begin(self, spec: ServerSpec, home: Home) -> DockerRun:
        """Begin a run; the engine is asked beside the node's loop."""
        return DockerRun(self, spec, home)

    async def clean_up(self, wanted: Collection[str]) -> None:
        """Remove containers that an earlier start has left and that nobody will take over."""
        self.later(self._clean_up(set(wanted)))

    async def close(self) -> None:
        """Wait for what is being removed, then let go of the engine."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=10)
        await self.engine.close()

    def later(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something nobody waits for; what fails is tried again by the next clean-up."""

        async def quietly() -> None:
            with contextlib.suppress(EngineGone, EngineRefused):
                await work

        task = asyncio.get_running_loop().create_task(quietly())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def take_over(self, spec: ServerSpec) -> str | None:
        """Give the running container of this very spec that an earlier start has left."""
        mine = (f"{containers.NODE}={self._node}", f"{containers.SERVER}={spec.id}")
        wanted = self._body(spec)["Labels"][containers.DIGEST]
        found = None
        for one in await self.engine.containers(*mine, running=True):
            if found is None and one["Labels"].get(containers.DIGEST) == wanted:
                found = str(one["Id"])
            else:
                await self.engine.remove(one["Id"])
        return found

    async def make(self, spec: ServerSpec) -> str:
        """Make a container for a spec."""
        name = f"modelyard-{spec.id[:12]}-{uuid.uuid4().hex[:8]}"
        return await self.engine.create(name, self._body(spec))

    def _body(self, spec: ServerSpec) -> dict[str, Any]:
        user = os.getuid() or containers.NOBODY
        body = containers.body(spec, self.sockets / spec.id, user)
        labels = {containers.NODE: self._node, containers.SERVER: spec.id}
        labels |= {containers.DIGEST: containers.digest(body, self._code)}
        labels |= {containers.START: self._start, containers.LABEL: spec.label}
        return body | {"Labels": labels}

    async def _clean_up(self, wanted: set[str]) -> None:
        for one in await self.engine.containers(f"{containers.NODE}={self._node}"):
            labels = one["Labels"]
            is_kept = one["State"] == "running" and labels.get(containers.SERVER) in wanted
            if labels.get(containers.START) != self._start and not is_kept:
                await self.engine.remove(one["Id"])
