"""Logs of model servers: a file with a size cap, and the last lines in memory."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from pathlib import Path

MAX_LOG_BYTES = 2 * 1024 * 1024  # then the file is moved to `.1`
TAIL_LINES = 40
_MAX_LINE = 2000


class ServerLog(asyncio.Protocol):
    """Reads a model server's output through a pipe, so that the node decides what is kept."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._rest = b""
        self.tail: deque[str] = deque(maxlen=TAIL_LINES)

    def data_received(self, data: bytes) -> None:
        """Append to the file and to the tail."""
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()[-_MAX_LINE:]
        self.tail.extend(line[:_MAX_LINE].decode(errors="replace") for line in lines)
        self._append(data)

    def say(self, text: str) -> None:
        """Write a line of the node's own."""
        line = f"[node] {text}"
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
