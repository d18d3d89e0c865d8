"""What runs in a pod: `python -m modelyard_runtime.drivers.kubernetes.pod --engine NAME …`.

It starts the model server as a child and lets in whoever knows the version's secret: the node,
which hears what the model says and prints, and its gateway workers, whose connections the model
server is handed. It outlives a node: the next one finds the model loaded. When the model server has
ended, it stays until the node has heard why, and leaves the reason with the cluster as well.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import resource
import signal
import socket
import subprocess
import sys
from collections import deque
from pathlib import Path

from modelyard_protocol.masking import Mask, MaskedStream
from modelyard_runtime.channel import Channel
from modelyard_runtime.wire import Kind

from . import greeting

HANDED = Path("/run/modelyard")
READY_FILE = Path("/tmp/modelyard-ready")  # noqa: S108 - the pod's own
_KEPT_BYTES = 64 * 1024
_MAX_PENDING = 1024 * 1024  # of log that a slow node has not taken
_BLOCK = 64 * 1024
_LAST_SECONDS = 2.0
_NODE_SECONDS = 15.0  # until a node has noticed that the container runs, and called
LAST_WORDS = Path("/dev/termination-log")
"""What the container leaves here, the cluster tells as the message of its end."""
_LAST_BYTES = 4000  # the cluster keeps 4,096


def main(argv: list[str] | None = None) -> int:
    """Serve until the model server has ended."""
    parser = argparse.ArgumentParser(prog="modelyard_runtime.drivers.kubernetes.pod")
    parser.add_argument("--model-dir", required=True)
    parser.add_argument("--engine", required=True)
    parser.add_argument("--memory-mb", type=int, required=True)
    parser.add_argument("--open-files", type=int, required=True)
    return asyncio.run(Pod(parser.parse_args(argv)).run())


class Pod:
    """One model server and those it speaks with."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._secret = bytes.fromhex((HANDED / "secret").read_text())
        self._node: Channel | None = None
        self._node_is_there = asyncio.Event()
        self._is_draining = False
        self._mask = Mask({})
        self._model: Channel | None = None
        self._said: list[tuple[Kind, bytes]] = []
        self._printed: deque[bytes] = deque()
        self._callers: set[asyncio.Task[None]] = set()

    async def run(self) -> int:
        """Start the model server, let callers in, give its exit code."""
        loop = asyncio.get_running_loop()
        with contextlib.suppress(FileNotFoundError):
            READY_FILE.unlink()
        with _listener() as listener:
            child = self._start()
            loop.add_signal_handler(signal.SIGTERM, self._drain)
            loop.add_signal_handler(signal.SIGINT, self._drain)
            accepting = loop.create_task(self._accept(listener))
            code = await self._copy(child)
            await self._end(code)
            accepting.cancel()
        return code if code >= 0 else 128 - code

    def _start(self) -> subprocess.Popen[bytes]:
        ours, theirs = socket.socketpair()
        with theirs:
            line = [sys.executable, "-m", "modelyard_runtime.serve", "--fd", str(theirs.fileno())]
            line += ["--model-dir", self._options.model_dir, "--engine", self._options.engine]
            own = json.loads((HANDED / "environment.json").read_text(encoding="utf-8"))
            self._mask = Mask(own)
            child = subprocess.Popen(
                line,
                env={**own, **os.environ},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=[theirs.fileno()],
            )
        memory = self._options.memory_mb * 1024 * 1024
        limits = {resource.RLIMIT_DATA: memory, resource.RLIMIT_CORE: 0}
        limits |= {resource.RLIMIT_NOFILE: self._options.open_files}
        for kind, most in limits.items():
            resource.prlimit(child.pid, kind, (most, most))
        self._model = Channel(ours, self._model_said, lambda: None)
        return child

    async def _copy(self, child: subprocess.Popen[bytes]) -> int:
        """Pass on what the model server prints, until it has ended."""
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader()
        pipe = child.stdout
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
        ended = asyncio.ensure_future(asyncio.to_thread(child.wait))
        masked = MaskedStream(self._mask)
        while block := await reader.read(_BLOCK):
            self._print(masked.feed(block))
        self._print(masked.rest())
        return await ended

    def _print(self, block: bytes) -> None:
        if not block:
            return
        sys.stdout.buffer.write(block)
        sys.stdout.buffer.flush()
        self._printed.append(block)
        while sum(map(len, self._printed)) > _KEPT_BYTES and len(self._printed) > 1:
            self._printed.popleft()
        if self._node is not None and self._node.pending_bytes < _MAX_PENDING:
            self._node.send(Kind.printed, block)

    async def _end(self, code: int) -> None:
        """Tell how it ended; a node that is not there is waited for, and then until it knows.

        A model that cannot be loaded may end before the node has seen that its pod runs.
        """
        READY_FILE.unlink(missing_ok=True)
        if self._model is not None:
            self._model.drain()
            self._model.close()
        self._leave_words()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._node_is_there.wait(), _NODE_SECONDS)
        if self._node is None or self._node.is_closed:
            return
        self._node.send(Kind.ended, json.dumps({"code": code}).encode())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LAST_SECONDS):
                while not self._node.is_closed:
                    await asyncio.sleep(0.02)

    def _leave_words(self) -> None:
        """Write what is wrong with the model where the cluster keeps it beside the exit code."""
        for kind, payload in self._said:
            if kind is Kind.failed:
                with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
                    error = self._mask.text(str(json.loads(payload)["error"]))
                    short = error.encode()[:_LAST_BYTES].decode(errors="ignore")
                    LAST_WORDS.write_text(short, encoding="utf-8")

    def _drain(self) -> None:
        self._is_draining = True
        self._node_is_there.set()  # nobody is waited for any more
        if self._model is not None:
            self._model.send(Kind.drain)

    def _model_said(self, kind: Kind, payload: bytes, descriptor: int) -> None:
        if descriptor >= 0:  # it has none to give
            os.close(descriptor)
        if kind in {Kind.hello, Kind.failed}:
            self._said.append((kind, payload))
            if kind is Kind.hello:
                READY_FILE.touch()
            if self._node is not None:
                self._node.send(kind, payload)

    async def _accept(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            connection, _ = await loop.sock_accept(listener)
            task = loop.create_task(self._greet(connection))
            self._callers.add(task)
            task.add_done_callback(self._callers.discard)

    async def _greet(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        try:
            async with asyncio.timeout(greeting.SECONDS):
                purpose = await self._purpose_of(connection)
        except (OSError, TimeoutError, greeting.Stranger) as error:
            print(f"[pod] a caller was turned away: {error}", flush=True)  # noqa: T201
            connection.close()
            return
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if purpose == greeting.NODE:
            self._take_node(connection)
            return
        with connection:
            if purpose == greeting.CALL and self._model is not None:
                self._model.send(Kind.attach, b"{}", connection.fileno())

    async def _purpose_of(self, connection: socket.socket) -> bytes:
        loop = asyncio.get_running_loop()
        offered = greeting.offer()
        await loop.sock_sendall(connection, offered)
        answered = await read_exactly(connection, greeting.ANSWER)
        purpose, code = greeting.accept(self._secret, offered, answered)
        await loop.sock_sendall(connection, code)
        return purpose

    def _take_node(self, connection: socket.socket) -> None:
        """Speak with a new node; one that was there before is forgotten."""
        if self._node is not None:
            self._node.close()
        self._node = Channel(connection, self._node_said, self._node_left)
        for block in self._printed:
            self._node.send(Kind.printed, block)
        for kind, payload in self._said:
            self._node.send(kind, payload)
        self._node_is_there.set()

    def _node_left(self) -> None:
        if not self._is_draining:
            self._node_is_there.clear()

    def _node_said(self, kind: Kind, payload: bytes, descriptor: int) -> None:
        del payload
        if descriptor >= 0:
            os.close(descriptor)
        if kind is Kind.drain:
            self._drain()


async def read_exactly(connection: socket.socket, size: int) -> bytes:
    """Read so many bytes from a socket."""
    held = b""
    while len(held) < size:
        block = await asyncio.get_running_loop().sock_recv(connection, size - len(held))
        if not block:
            raise ConnectionError("The other end hung up.")
        held += block
    return held


def _listener() -> socket.socket:
    address = os.environ["MODELYARD_POD_ADDRESS"]
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, int(os.environ["MODELYARD_PORT"])))
    listener.listen(64)
    listener.setblocking(False)
    return listener


if __name__ == "__main__":
    sys.exit(main())
