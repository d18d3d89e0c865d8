"""Logs of model servers: a file with a size cap, and the last lines in memory."""

from __future__ import annotations

import asyncio
import os
import time
from collections import deque
from pathlib import Path
from typing import cast

from modelyard_protocol.masking import Mask, MaskedStream

MAX_LOG_BYTES = 2 * 1024 * 1024  # then the file is moved to `.1`
MAX_BYTES_A_SECOND = 256 * 1024
TAIL_LINES = 40
_MAX_LINE = 2000


class ServerLog(asyncio.Protocol):
    """Reads a model server's output through a pipe, so that the node decides what is kept."""

    def __init__(self, path: Path, mask: Mask | None = None) -> None:
        self._path = path
        self.mask = mask or Mask({})
        """Hides what the model finds in its environment, should it print that."""
        self._masked = MaskedStream(self.mask)
        self._rest = b""
        self._transport: asyncio.ReadTransport | None = None
        self._window_at, self._window_bytes = 0.0, 0
        self.tail: deque[str] = deque(maxlen=TAIL_LINES)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start reading a process's output."""
        self._transport = cast("asyncio.ReadTransport", transport)

    def data_received(self, data: bytes) -> None:
        """Append to the file and to the tail."""
        self._slow_down(len(data))
        self._take(self._masked.feed(data))

    def _take(self, data: bytes) -> None:
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()[-_MAX_LINE:]
        self.tail.extend(line[:_MAX_LINE].decode(errors="replace") for line in lines)
        self._append(data)

    def _slow_down(self, size: int) -> None:
        """Let a model that floods its log wait: reading it must not slow the gateway."""
        now = time.monotonic()
        if now - self._window_at >= 1.0:
            self._window_at, self._window_bytes = now, 0
        self._window_bytes += size
        transport = self._transport
        if self._window_bytes > MAX_BYTES_A_SECOND and transport is not None:
            transport.pause_reading()
            asyncio.get_running_loop().call_later(1.0, self._go_on, transport)

    def _go_on(self, transport: asyncio.ReadTransport) -> None:
        if not transport.is_closing():
            transport.resume_reading()

    def say(self, text: str) -> None:
        """Write a line of the node's own."""
        if unfinished := self._masked.rest():
            self._take(unfinished + b"\n")
        line = f"[node] {self.mask.text(text)}"
        self.tail.append(line)
        self._append(line.encode() + b"\n")

    def _append(self, data: bytes) -> None:
        try:
            if self._path.exists() and self._path.stat().st_size > MAX_LOG_BYTES:
                self._path.replace(self._path.with_suffix(".log.1"))
            handle = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(handle, data)
            finally:
                os.close(handle)
        except OSError:
            return  # a full disk must not stop a model server
