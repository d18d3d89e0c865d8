"""One process of a version: a pod, and the node's conversation with it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import socket
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from modelyard_protocol.routing import ServerSpec
from modelyard_runtime.deaths import death
from modelyard_runtime.drivers.contract import Home
from modelyard_runtime.drivers.talk import Talk
from modelyard_runtime.wire import Kind

from . import greeting
from .api import ClusterGone, ClusterRefused
from .calling import REACH_SECONDS, dial
from .seeing import Pod, end_of

if TYPE_CHECKING:
    from .driver import KubernetesDriver
    from .version import Version

LOOK_SECONDS = 0.3
LAST_SECONDS = 5.0  # until the cluster knows how a container has ended


class PodTalk(Talk):
    """The conversation with what runs in a pod: it also passes on what the model prints."""

    def __init__(self, home: Home) -> None:
        super().__init__(home.on_word)
        self._home = home
        self.code: int | None = None

    def _told(self, kind: Kind, payload: bytes, descriptor: int) -> None:
        if kind is Kind.printed:
            self._home.log.data_received(payload)
        elif kind is Kind.ended:
            with contextlib.suppress(ValueError, KeyError, TypeError):
                self.code = int(json.loads(payload)["code"])
            self.hang_up()
        else:
            super()._told(kind, payload, descriptor)


class KubernetesRun:
    """One pod. Connections for gateway workers are opened before they are asked for."""

    walls = "kubernetes"
    pid = None

    def __init__(
        self, driver: KubernetesDriver, version: Version, spec: ServerSpec, home: Home
    ) -> None:
        self._driver, self._version, self._spec, self._home = driver, version, spec, home
        self._talk = PodTalk(home)
        self._pod: Pod | None = None
        self._ready: list[socket.socket] = []
        self._ending = ""
        self._said = ""
        self.is_leaving = False
        self.has_begun = False
        self.has_ended = False
        version.users.add(self)
        loop = asyncio.get_running_loop()
        self._filling: asyncio.Task[None] | None = None
        self._life = loop.create_task(self._live())

    @property
    def hello(self) -> dict[str, Any] | None:
        """What the model server said, once there is a connection for every worker too."""
        is_ready = len(self._ready) >= self._driver.workers or self._filling is not None
        return self._talk.hello if is_ready else None

    @property
    def waits_for(self) -> str | None:
        """What its pod does until it can be called."""
        if self._pod is not None:
            return "the pod loads the model"
        return self._version.waits() or "the cluster is asked for a pod"

    @property
    def error(self) -> str | None:
        """What it said is wrong with its model."""
        return self._talk.error

    @property
    def has_hung_up(self) -> bool:
        """Its connection is closed."""
        return self._talk.has_hung_up

    def connect(self) -> socket.socket:
        """Give one of the open connections, and have another one opened."""
        if not self._ready:
            raise ConnectionError("There is no open connection with the pod.")
        given = self._ready.pop()
        if self._filling is None or self._filling.done():
            self._filling = asyncio.get_running_loop().create_task(self._refill())
        return given

    def drain(self) -> None:
        """Ask it to answer what is open and to leave, and the cluster not to start it again."""
        self.is_leaving = True
        self._close_ready()
        self._talk.drain()
        if all(user.is_leaving for user in self._version.users):
            self._driver.later(self._version.stop())

    def hang_up(self) -> None:
        """Close the connection with it."""
        self._talk.hang_up()

    def kill(self) -> None:
        """End its pod at once."""
        if not self.has_ended and not self._life.cancelling():
            if self._pod is not None:
                self._driver.later(self._version.end_pod(self._pod))
            self._life.cancel()

    def bury(self) -> str:
        """Let go of its pod; the last run of a version that leaves takes everything along."""
        self._talk.bury()
        self._close_ready()
        shutil.rmtree(self._home.scratch, ignore_errors=True)
        self._version.release(self)
        self._version.users.discard(self)
        if self._talk.code is not None:
            self._ending = death(self._talk.code, self._spec.limits.memory_mb)
        self._driver.left(self._version, is_leaving=self.is_leaving)
        return self._ending

    def say(self, text: str) -> None:
        """Write a line of the node's own into its log."""
        self._home.log.say(text)

    async def _live(self) -> None:
        try:
            await self._run()
        except (ClusterGone, ClusterRefused) as refusal:
            self._ending = str(refusal)
        except greeting.Stranger as error:
            self._ending = str(error)
        except OSError as error:
            self._ending = f"Its pod cannot be reached: {error or type(error).__name__}."
        except asyncio.CancelledError:
            self._ending = "It was ended." if self.has_begun else "It ended before it had begun."
        finally:
            self.has_ended = True
            if self._filling is not None:
                self._filling.cancel()
            self._home.on_word()

    async def _run(self) -> None:
        await self._version.ensure()
        self._pod = pod = await self._claim()
        self.has_begun = True
        try:
            connection = await self._dial(pod)
        except OSError:
            if not self._has_ended(pod):
                raise
            self._ending = end_of(self._version.pods.get(pod.uid), self._spec.limits.memory_mb)
            return
        self._home.log.say(f"pod {pod.namespace}/{pod.name} at {pod.address}")
        self._talk.begin(connection)
        await self._refill()
        while not self._talk.has_hung_up and self._is_there(pod):
            await self._news()
        self._ending = await self._end(pod)

    async def _claim(self) -> Pod:
        """Wait for a pod; what stands in its way ends the run."""
        while True:
            pod = self._version.claim(self)
            if pod is not None:
                return pod
            trouble = self._version.trouble()
            if trouble is not None:
                raise ClusterRefused(trouble, 409)
            waits = self._version.waits() or ""
            if waits and waits != self._said:
                self._said = waits
                self._home.log.say(waits)
            await self._news()

    async def _dial(self, pod: Pod) -> socket.socket:
        """Call the pod; what runs in it may have begun this moment and not listen yet."""
        loop = asyncio.get_running_loop()
        end = loop.time() + REACH_SECONDS
        while True:
            try:
                return await dial(pod.address, self._version.secret, greeting.NODE)
            except OSError:
                if loop.time() > end or not self._is_there(pod) or self._has_ended(pod):
                    raise
                await asyncio.sleep(LOOK_SECONDS)

    async def _refill(self) -> None:
        """Open connections until every worker could have one."""
        address = self._pod.address if self._pod is not None else ""
        with contextlib.suppress(OSError, greeting.Stranger):  # then the conversation ends too
            while len(self._ready) < self._driver.workers and not self.is_leaving:
                self._ready.append(await dial(address, self._version.secret, greeting.CALL))
        if self.is_leaving:  # a connection that nobody uses would keep it from leaving
            self._close_ready()
        self._home.on_word()

    async def _news(self) -> None:
        """Wait until the cluster told something, or a moment."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._version.changed.wait(), LOOK_SECONDS)

    def _is_there(self, pod: Pod) -> bool:
        """Tell whether the cluster still means the pod to run; while we leave it may go."""
        seen = self._version.pods.get(pod.uid)
        if self.is_leaving:
            return True
        return seen is not None and not seen.is_leaving and seen.restarts == pod.restarts

    def _has_ended(self, pod: Pod) -> bool:
        """Tell whether the cluster knows how what we speak with has ended."""
        seen = self._version.pods.get(pod.uid)
        return seen is None or seen.is_leaving or seen.has_ended(pod.restarts)

    async def _end(self, pod: Pod) -> str:
        """Say why it has ended; the cluster knows it a moment later than we do."""
        loop = asyncio.get_running_loop()
        end = loop.time() + LAST_SECONDS
        while self._talk.code is None and not self.is_leaving and loop.time() < end:
            if self._has_ended(pod):
                return end_of(self._version.pods.get(pod.uid), self._spec.limits.memory_mb)
            await self._news()
        return "Its pod cannot be reached any more."

    def _close_ready(self) -> None:
        for connection in self._ready:
            connection.close()
        self._ready.clear()


def quiet(work: Coroutine[Any, Any, None]) -> Coroutine[Any, Any, None]:
    """Do something that may fail because the cluster is away; it is done again later."""

    async def quietly() -> None:
        with contextlib.suppress(ClusterGone, ClusterRefused):
            await work

    return quietly()
