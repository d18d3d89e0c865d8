"""A gateway worker: HTTP, keys, splits and the fast lane, behind the sandbox's walls.

`python -m modelyard_runtime.worker --listen FD --control FD --tally FD`, started by the node. It
has no network but the inherited listening socket, no files but its code and the tally, and learns
everything from the node: routing tables, connections to model servers, and descriptors of
compiled graphs.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import Coroutine
from typing import Any

import orjson

from modelyard_protocol.package import Signature
from modelyard_protocol.routing import Compiled, DesiredState

from .channel import Channel
from .fast.lane import Lane
from .fast.sessions import Graph, open_session
from .gateway.access_tokens import ReadTokens
from .gateway.allowance import Allowance, Spent
from .gateway.calls import Calls
from .gateway.http import Connection
from .gateway.metering import Metering
from .gateway.mirror import Mirror
from .gateway.recorder import Recorder, pack_records
from .gateway.safeguarding import Safeguarding
from .gateway.servers import Served, Servers
from .gateway.table import Table
from .heap import Heap
from .ledger import Tally
from .wire import Kind

SWEEP_SECONDS = 0.5
TELL_SECONDS = 0.1  # how far limits of keys may lag between workers
DRAIN_SECONDS = 18.0


def main(argv: list[str] | None = None) -> int:
    """Serve until the node says to drain or hangs up."""
    parser = argparse.ArgumentParser(prog="modelyard_runtime.worker")
    parser.add_argument("--listen", type=int, required=True)
    parser.add_argument("--control", type=int, required=True)
    parser.add_argument("--tally", type=int, default=-1)
    options = parser.parse_args(argv)
    listener = socket.socket(fileno=options.listen)
    control = socket.socket(fileno=options.control)
    for one in (listener, control):
        one.set_inheritable(False)
        one.setblocking(False)
    import uvloop

    uvloop.run(Worker(listener, control, Tally(options.tally)).run())
    return 0


class Worker:
    """One process that answers callers."""

    def __init__(self, listener: socket.socket, control: socket.socket, tally: Tally) -> None:
        self._listener, self._control, self._tally = listener, control, tally
        self._connections: set[Connection] = set()
        self._allowance = Allowance(self._tell_spent_soon)
        self._tokens = ReadTokens()
        self._servers = Servers()
        self._attaching: dict[str, int] = {}
        """Connections to processes that are being made, by the serial they were announced with."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_open = False
        self._heap = Heap()
        self._server: asyncio.Server | None = None

    async def run(self) -> None:
        """Follow the node."""
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        self._loop.add_signal_handler(signal.SIGTERM, self._stop.set)
        self._loop.add_signal_handler(signal.SIGINT, self._stop.set)
        self._channel = channel = Channel(self._control, self._told, self._stop.set, gathers=True)
        self._recorder = Recorder(
            lambda frames, count: channel.send(Kind.records, pack_records(frames, count)),
            lambda frames: channel.send(Kind.counts, frames),
            lambda: channel.pending_bytes,
            self._loop.call_later,
            self._tally,
        )
        self._mirror = Mirror(
            self._servers,
            lambda frames: channel.send(Kind.counts, frames),
            self._sample,
            self._loop.call_later,
        )
        self._safeguarding = Safeguarding(
            lambda frames: channel.send(Kind.counts, frames), self._loop.call_later
        )
        self._metering = Metering(
            lambda frames: channel.send(Kind.counts, frames),
            self._loop.call_later,
            self._allowance,
        )
        self._calls = Calls(
            self._recorder,
            self._servers,
            self._mirror,
            self._safeguarding,
            self._metering,
            self._switched_back,
            lambda server_id: self._tell({"wake": server_id}),
        )
        self._loop.call_later(SWEEP_SECONDS, self._sweep)
        self._tell({"hello": os.environ.get("MODELYARD_SANDBOX", "none")})
        await self._stop.wait()
        await self._drain()

    def _told(self, kind: Kind, payload: bytes, descriptor: int) -> None:
        if kind is Kind.table:
            desired = DesiredState.model_validate_json(payload)
            self._servers.keep({server.id for server in desired.servers})
            self._calls.table = Table(desired, self._servers.find, self._allowance, self._tokens)
            self._tell({"generation": desired.generation, "epoch": desired.epoch})
        elif kind is Kind.attach and descriptor >= 0:
            self._attach(orjson.loads(payload), descriptor)
        elif kind is Kind.graph and descriptor >= 0:
            self._load(orjson.loads(payload), descriptor)
        elif kind is Kind.forget:
            self._servers.drop_graph(orjson.loads(payload)["server"])
        elif kind is Kind.detach:
            process_id = orjson.loads(payload)["server"]
            self._attaching.pop(process_id, None)
            self._servers.detach(process_id)
        elif kind is Kind.spent:
            self._allowance.add(Spent(*orjson.loads(payload)))
        elif kind is Kind.month:
            month, spent = orjson.loads(payload)
            self._allowance.resume(month, Spent(*spent))
        elif kind is Kind.open and not self._is_open:
            self._is_open = True
            self._begin(self._listen(list(self._tasks)))
        elif kind is Kind.drain:
            self._stop.set()

    def _sample(self, frame: bytes) -> None:
        self._tally.add(1)
        self._channel.send(Kind.records, pack_records(frame, 1))

    def _begin(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _listen(self, first: list[asyncio.Task[None]]) -> None:
        """Take callers once the connections that were begun before are up."""
        await asyncio.gather(*first, return_exceptions=True)

        def connect() -> Connection:
            return Connection(self._calls, self._connections)

        self._server = await self._loop.create_server(connect, sock=self._listener, backlog=1024)

    def _attach(self, facts: dict[str, Any], descriptor: int) -> None:
        connection = socket.socket(fileno=descriptor)
        connection.setblocking(False)
        process_id, serial = facts["server"], facts["serial"]
        self._attaching[process_id] = serial

        async def connect() -> None:
            backend = self._servers.connection(process_id)
            await self._loop.create_connection(lambda: backend, sock=connection)
            if self._attaching.get(process_id) != serial:  # let go or started again meanwhile
                backend.close()
                return
            del self._attaching[process_id]
            self._servers.attach(process_id, backend)
            self._tell({"attached": process_id, "serial": serial})

        self._begin(connect())

    def _load(self, facts: dict[str, Any], descriptor: int) -> None:
        """Load a graph; one that is refused leaves its server to the original."""
        server_id, error = facts["server"], None
        try:
            with os.fdopen(descriptor, "rb") as file:
                session = open_session(file.read())
            compiled = Compiled.model_validate(facts["compiled"])
            signature = Signature.model_validate(facts["signature"])
            graph = Graph(session, compiled, signature)
            lane = Lane(server_id, compiled, signature, graph, self._calls)
            self._servers.use_graph(server_id, lane)
        except Exception as refusal:
            error = f"{type(refusal).__name__}: {refusal}"[:500]
        self._tell({"compiled": server_id, "sha256": facts["compiled"]["sha256"], "error": error})

    def _switched_back(self, server_id: str, reason: str) -> None:
        self._tell({"switched_back": server_id, "error": reason})

    def _tell(self, facts: dict[str, Any]) -> None:
        self._channel.send(Kind.done, orjson.dumps(facts))

    def _tell_spent_soon(self) -> None:
        self._loop.call_later(TELL_SECONDS, self._tell_spent)

    def _tell_spent(self) -> None:
        self._channel.send(Kind.spent, orjson.dumps([*self._allowance.untold()]))

    def _sweep(self) -> None:
        now = time.monotonic()
        for connection in list(self._connections):
            connection.expire(now)
        self._servers.sweep()
        oldest: dict[str, float] = {}
        silent: dict[str, tuple[float, int]] = {}
        load: dict[str, tuple[int, int]] = {}

        def see(served: Served) -> None:
            load[served.id] = (served.waiting, served.calls)
            for name, backend in served.backends.items():
                oldest[name] = backend.oldest_seconds()
                silent[name] = (backend.silent_seconds(), backend.waiting)

        self._servers.each(see)
        facts = {
            "connections": len(self._connections),
            "dropped": self._recorder.dropped,
            "memory_mb": self._heap.sweep(sum(calls for _, calls in load.values())),
            "oldest": oldest,
            "silent": silent,
            "load": load,
            "compared": self._calls.compared,
        }
        self._channel.send(Kind.health, orjson.dumps(facts))
        self._loop.call_later(SWEEP_SECONDS, self._sweep)

    async def _drain(self) -> None:
        """Answer what is open, hand over what was noted, leave."""
        if self._server is not None:
            self._server.close()
        self._calls.waking.close()
        for connection in list(self._connections):
            connection.close_idle()
        end = time.monotonic() + DRAIN_SECONDS
        while self._calls.open and not self._channel.is_closed and time.monotonic() < end:
            await asyncio.sleep(0.01)
        self._mirror.flush()
        self._safeguarding.flush()
        self._metering.flush()
        self._recorder.flush(is_last=True)
        while self._channel.pending_bytes and time.monotonic() < end + 5:
            if self._channel.is_closed:
                break
            await asyncio.sleep(0.01)
        sys.stderr.flush()
        os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
