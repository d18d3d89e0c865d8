"""Frames that carry file descriptors: how the node hands out connections and files."""

from __future__ import annotations

import array
import asyncio
import os
import socket
from collections import deque
from collections.abc import Callable
from itertools import islice, takewhile

from . import wire
from .wire import Kind

_READ_BYTES = 256 * 1024
_MAX_DESCRIPTORS = 32  # of one read
_MAX_GATHERED = 16  # frames of one write
_WITH_DESCRIPTOR = frozenset({Kind.attach, Kind.graph})

OnFrame = Callable[[Kind, bytes, int], None]
"""(kind, payload, descriptor or -1); the descriptor is the receiver's to close."""


class Channel:
    """One end of a control connection; frames and their descriptors arrive in order."""

    def __init__(
        self,
        connection: socket.socket,
        on_frame: OnFrame,
        on_close: Callable[[], None],
        *,
        gathers: bool = False,
    ) -> None:
        """Take over a connection; with `gathers`, frames of one turn of the loop leave together."""
        self._socket, self._gathers = connection, gathers
        self._on_frame, self._on_close = on_frame, on_close
        self._loop = asyncio.get_running_loop()
        self._reader = wire.Reader()
        self._received: deque[int] = deque()
        self._sending: deque[tuple[memoryview, int]] = deque()
        self._read_bytes = 0
        self.pending_bytes = 0
        self.is_closed = False
        connection.setblocking(False)
        self._loop.add_reader(connection, self._readable)

    def send(self, kind: Kind, payload: bytes = b"", descriptor: int = -1) -> None:
        """Send a frame; the descriptor is duplicated and stays the caller's."""
        if self.is_closed:
            return
        kept = os.dup(descriptor) if descriptor >= 0 else -1
        frame = wire.pack(0, kind, payload)
        self.pending_bytes += len(frame)
        self._sending.append((memoryview(frame), kept))
        if len(self._sending) > 1:
            return
        if self._gathers:
            self._loop.call_soon(self._writable)
        else:
            self._writable()

    def drain(self) -> None:
        """Read what the other end wrote before it died."""
        before = -1
        while not self.is_closed and before != self._read_bytes:
            before = self._read_bytes
            self._readable()

    def close(self) -> None:
        """Hang up."""
        if self.is_closed:
            return
        self.is_closed = True
        self._loop.remove_reader(self._socket)
        self._loop.remove_writer(self._socket)
        for descriptor in [*self._received, *(kept for _, kept in self._sending if kept >= 0)]:
            os.close(descriptor)
        self._received.clear()
        self._sending.clear()
        self._socket.close()
        self._on_close()

    def _readable(self) -> None:
        space = socket.CMSG_SPACE(_MAX_DESCRIPTORS * 4)
        try:
            data, ancillary, _, _ = self._socket.recvmsg(
                _READ_BYTES, space, socket.MSG_CMSG_CLOEXEC
            )
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data, ancillary = b"", []
        for level, kind, content in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                found = array.array("i")
                found.frombytes(content[: len(content) - len(content) % 4])
                self._received.extend(found)
        self._read_bytes += len(data)
        if not data:
            self.close()
            return
        try:
            for _, kind_of, payload in self._reader.feed(data):
                has_one = kind_of in _WITH_DESCRIPTOR and bool(self._received)
                self._on_frame(kind_of, payload, self._received.popleft() if has_one else -1)
        except ValueError:  # not our frames: whoever wrote them is not to be trusted further
            self.close()

    def _writable(self) -> None:
        if self.is_closed:
            return
        while self._sending:
            views, kept = self._next()
            rights = array.array("i", [kept])
            ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)] if kept >= 0 else []
            try:
                sent = self._socket.sendmsg(views, ancillary)
            except (BlockingIOError, InterruptedError):
                self._loop.add_writer(self._socket, self._writable)
                return
            except OSError:
                self.close()
                return
            if kept >= 0:
                os.close(kept)
            self._sent(sent)
        self._loop.remove_writer(self._socket)

    def _next(self) -> tuple[list[memoryview], int]:
        """Give what one call may send: a frame and its descriptor, or frames that have none."""
        first, kept = self._sending[0]
        if kept >= 0:
            return [first], kept
        some = islice(self._sending, _MAX_GATHERED)
        return [view for view, _ in takewhile(lambda one: one[1] < 0, some)], -1

    def _sent(self, size: int) -> None:
        self.pending_bytes -= size
        while size:
            view, _ = self._sending[0]
            if size < len(view):
                self._sending[0] = (view[size:], -1)
                return
            self._sending.popleft()
            size -= len(view)
