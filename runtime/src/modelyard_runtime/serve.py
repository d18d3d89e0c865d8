"""Model server: `python -m modelyard_runtime.serve --model-dir DIR --engine NAME --fd N`.

Speaks `wire` frames on an inherited socket; says hello once the input example was predicted and
leaves when the socket closes.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import socket
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import orjson

from . import wire
from .wire import Kind


def main(argv: list[str] | None = None) -> int:
    """Load the model, then serve until the node hangs up."""
    parser = argparse.ArgumentParser(prog="modelyard_runtime.serve")
    parser.add_argument("--model-dir", type=Path, required=True)
    parser.add_argument("--engine", required=True)
    parser.add_argument("--fd", type=int, required=True)
    options = parser.parse_args(argv)
    connection = socket.socket(fileno=options.fd)
    connection.set_inheritable(False)
    try:
        engine, hello = _load(options.model_dir, options.engine)
    except BaseException as error:
        traceback.print_exc()
        reason = f"{type(error).__name__}: {error}"[:2000]
        connection.sendall(wire.pack(0, Kind.failed, orjson.dumps({"error": reason})))
        return 3
    print(f"ready: {hello}", flush=True)  # noqa: T201 - stdout is the server's log
    _run(_serve(engine, hello, connection))
    return 0


def _load(model_dir: Path, engine_name: str) -> tuple[Any, dict[str, Any]]:
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


async def _serve(engine: Any, hello: dict[str, Any], connection: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    connection.setblocking(False)
    server = Server(engine, loop)
    await loop.create_connection(lambda: server, sock=connection)
    server.send(wire.pack(0, Kind.hello, orjson.dumps(hello)))
    await server.closed
    # A prediction may still run in its thread; nobody waits for it any more.
    sys.stdout.flush()
    os._exit(0)


class Server(asyncio.Protocol):
    """Takes whatever calls one turn of the loop has read and answers them together."""

    def __init__(self, engine: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._engine = engine
        self._loop = loop
        self._reader = wire.Reader()
        self._waiting: list[Any] = []
        self._is_scheduled = False
        self._thread = ThreadPoolExecutor(1) if engine.is_slow else None
        self._transport: asyncio.Transport | None = None
        self.closed: asyncio.Future[None] = loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Leave: the node has hung up or died."""
        del exc
        if not self.closed.done():
            self.closed.set_result(None)

    def send(self, data: bytes) -> None:
        """Write to the node."""
        if self._transport is not None:
            self._transport.write(data)

    def data_received(self, data: bytes) -> None:
        """Collect calls."""
        from .engine import Call

        for number, kind, payload in self._reader.feed(data):
            if kind is Kind.predict:
                meta, body = wire.read_call(payload)
                self._waiting.append(Call(number, meta, body))
        if self._waiting and not self._is_scheduled:
            self._is_scheduled = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        calls, self._waiting = self._waiting, []
        if self._thread is None:
            self._is_scheduled = False
            self._send_all(self._engine.answer(calls))
            return
        self._thread.submit(self._work, calls)

    def _work(self, calls: list[Any]) -> None:
        answers = self._engine.answer(calls)
        self._loop.call_soon_threadsafe(self._worked, answers)

    def _worked(self, answers: list[Any]) -> None:
        self._send_all(answers)
        self._is_scheduled = bool(self._waiting)
        if self._waiting:
            self._flush()

    def _send_all(self, answers: list[Any]) -> None:
        self.send(b"".join(wire.pack_answer(*answer) for answer in answers))


if __name__ == "__main__":
    sys.exit(main())
