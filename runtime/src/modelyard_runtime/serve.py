"""Model server: `python -m modelyard_runtime.serve --model-dir DIR --engine NAME --fd N`.

Says hello on an inherited socket once the input example was predicted, is handed one connection per
gateway worker there, and leaves when that socket closes. With `--connect PATH` instead of `--fd` it
connects to the node by itself, and when the node dies it keeps its model for the next one.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import socket
import sys
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import orjson

from . import wire
from .channel import Channel
from .wire import Kind

LANGUAGE = "llama.cpp"
NODE_SECONDS = 60.0  # a node that was killed is back within seconds, or nobody wants it back


def main(argv: list[str] | None = None) -> int:
    """Load the model, then serve until the node hangs up."""
    parser = argparse.ArgumentParser(prog="modelyard_runtime.serve")
    parser.add_argument("--model-dir", type=Path, required=True)
    parser.add_argument("--engine", required=True)
    way = parser.add_mutually_exclusive_group(required=True)
    way.add_argument("--fd", type=int)
    way.add_argument("--connect", type=Path)
    options = parser.parse_args(argv)
    connection = _connected(options.connect) if options.connect else _inherited(options.fd)
    if connection is None:
        return 4
    try:
        engine, hello = _load(options.model_dir, options.engine)
    except BaseException as error:
        traceback.print_exc()
        reason = f"{type(error).__name__}: {error}"[:2000]
        connection.sendall(wire.pack(0, Kind.failed, orjson.dumps({"error": reason})))
        if options.engine == LANGUAGE:
            sys.stderr.flush()
            os._exit(3)  # the engine's threads do not end by themselves
        return 3
    print(f"ready: {hello}", flush=True)  # noqa: T201 - stdout is the server's log
    _run(_serve(engine, hello, connection, options.connect))
    return 0


def _inherited(fd: int) -> socket.socket:
    connection = socket.socket(fileno=fd)
    connection.set_inheritable(False)
    return connection


def _connected(path: Path) -> socket.socket | None:
    """Connect to the node; one that is not there yet is waited for."""
    end = time.monotonic() + NODE_SECONDS
    while time.monotonic() < end:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.connect(str(path))
        except OSError:
            connection.close()
            time.sleep(0.05)
        else:
            return connection
    print(f"No node came within {NODE_SECONDS:g} seconds.", flush=True)  # noqa: T201
    return None


def _load(model_dir: Path, engine_name: str) -> tuple[Any, dict[str, Any]]:
    if engine_name == LANGUAGE:
        from .language.engine import load as load_language

        found, hello = load_language(model_dir)
        return found, hello | {"sandbox": os.environ.get("MODELYARD_SANDBOX", "none")}
    from .engine import Engine
    from .loading import load

    loaded = load(model_dir, engine_name)
    engine = Engine(loaded)
    hello = {
        "engine": loaded.model.engine,
        "load_ms": round(loaded.load_ms, 1),
        "predict_ms": round(loaded.predict_ms, 3),
        "example": loaded.example is not None,
        "batches": engine.batches,
        "sandbox": os.environ.get("MODELYARD_SANDBOX", "none"),
    }
    return engine, hello


def _run(coroutine: Any) -> None:
    try:
        import uvloop

        uvloop.run(coroutine)
    except ImportError:
        asyncio.run(coroutine)


async def _serve(
    engine: Any, hello: dict[str, Any], connection: socket.socket, path: Path | None
) -> None:
    found: socket.socket | None = connection
    while found is not None:
        server = Server(engine, asyncio.get_running_loop(), found)
        server.channel.send(Kind.hello, orjson.dumps(hello))
        await server.closed
        is_over = path is None or server.is_draining
        found = None if is_over or path is None else await asyncio.to_thread(_connected, path)
    # A prediction may still run in its thread; nobody waits for it any more.
    sys.stdout.flush()
    os._exit(0)


class Server:
    """Takes whatever calls one turn of the loop has read, from all workers, answers them together.

    The node's connection only hands over the workers' connections; it ends with the server.
    """

    def __init__(
        self, engine: Any, loop: asyncio.AbstractEventLoop, connection: socket.socket
    ) -> None:
        self._engine = engine
        self._loop = loop
        self._waiting: list[tuple[Caller, Any]] = []
        self._is_scheduled = False
        self.is_draining = False
        self._talks = bool(engine.talks)
        self._thread = ThreadPoolExecutor(1) if not engine.talks and engine.is_slow else None
        self._callers: set[Caller] = set()
        self.closed: asyncio.Future[None] = loop.create_future()
        self.channel = Channel(connection, self._told, self._leave)

    def take(self, caller: Caller, calls: list[Any]) -> None:
        """Collect calls; a model that talks takes each at once."""
        if self._talks:
            for call in calls:
                self._engine.begin(caller, call.number, call.meta, call.body)
            return
        self._waiting += [(caller, call) for call in calls]
        if not self._is_scheduled:
            self._is_scheduled = True
            self._loop.call_soon(self._flush)

    def cancel(self, caller: Caller, number: int) -> None:
        """Stop a call that nobody waits for, where that is possible."""
        if self._talks:
            self._engine.cancel(caller, number)

    def joined(self, caller: Caller) -> None:
        """Know a worker's connection."""
        self._callers.add(caller)

    def left(self, caller: Caller) -> None:
        """Forget a worker's connection; the last one of a draining server ends it."""
        self._callers.discard(caller)
        if self._talks:
            self._engine.forget(caller)
        if self.is_draining and not self._callers:
            self._leave()

    def _told(self, kind: Kind, payload: bytes, descriptor: int) -> None:
        del payload
        if kind is Kind.attach and descriptor >= 0:
            connection = socket.socket(fileno=descriptor)
            connection.setblocking(False)
            made = self._loop.create_connection(lambda: Caller(self), sock=connection)
            task = self._loop.create_task(made)
            task.add_done_callback(lambda _: None)
        elif kind is Kind.drain:
            self.is_draining = True
            if not self._callers:
                self._leave()

    def _leave(self) -> None:
        if not self.closed.done():
            self.closed.set_result(None)

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        if self._thread is None:
            self._is_scheduled = False
            _send_all(waiting, self._engine.answer(_numbered(waiting)))
            return
        self._thread.submit(self._work, waiting)

    def _work(self, waiting: list[tuple[Caller, Any]]) -> None:
        answers = self._engine.answer(_numbered(waiting))
        self._loop.call_soon_threadsafe(self._worked, waiting, answers)

    def _worked(self, waiting: list[tuple[Caller, Any]], answers: list[Any]) -> None:
        _send_all(waiting, answers)
        self._is_scheduled = bool(self._waiting)
        if self._waiting:
            self._flush()


class Caller(asyncio.Protocol):
    """One gateway worker's connection."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._reader = wire.Reader()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)
        self._server.joined(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the worker: it has hung up or died."""
        del exc
        self._transport = None
        self._server.left(self)

    def send(self, data: bytes) -> None:
        """Write to the worker, if it is still there."""
        if self._transport is not None:
            self._transport.write(data)

    def data_received(self, data: bytes) -> None:
        """Collect calls."""
        from .engine import Call

        calls = []
        for number, kind, payload in self._reader.feed(data):
            if kind is Kind.predict:
                meta, body = wire.read_call(payload)
                calls.append(Call(number, meta, body))
            elif kind is Kind.cancel:
                self._server.cancel(self, number)
        if calls:
            self._server.take(self, calls)


def _numbered(waiting: list[tuple[Caller, Any]]) -> list[Any]:
    """Give the calls numbered by their place: two workers may use the same number."""
    from .engine import Call

    return [Call(at, call.meta, call.body) for at, (_, call) in enumerate(waiting)]


def _send_all(waiting: list[tuple[Caller, Any]], answers: list[Any]) -> None:
    by_caller: dict[Caller, list[bytes]] = {}
    for at, status, model_us, body in answers:
        caller, call = waiting[at]
        by_caller.setdefault(caller, []).append(
            wire.pack_answer(call.number, status, model_us, body)
        )
    for caller, frames in by_caller.items():
        caller.send(b"".join(frames))


if __name__ == "__main__":
    sys.exit(main())
