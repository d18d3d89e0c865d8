"""A worker's end of a model server: many calls on one connection."""

from __future__ import annotations

import asyncio
import struct
import time
from collections.abc import Callable
from typing import Any, cast

from modelyard_runtime import wire
from modelyard_runtime.wire import Kind

MAX_WAITING = 512  # calls; past it an answer would come after most callers gave up
MAX_WAITING_BYTES = 256 * 1024 * 1024

OnPiece = Callable[[bytes], None]
"""Takes a part of an answer; nothing in it says that the call is being worked on."""
OnAnswer = Callable[[int, int, bytes], None]
"""(status, time inside predict in µs, body); status 0 says the server died."""


class Backend(asyncio.Protocol):
    """One model server as the gateway sees it."""

    def __init__(self, on_close: Callable[[Backend], None]) -> None:
        self._on_close = on_close
        self._transport: asyncio.Transport | None = None
        self._reader = wire.Reader()
        self._open: dict[int, tuple[OnAnswer, float, int]] = {}
        self._pieces: dict[int, OnPiece] = {}
        self._bytes = 0
        self._last = 0
        self._heard_at = 0.0
        self.is_closed = False

    @property
    def waiting(self) -> int:
        """Calls sent and not answered."""
        return len(self._open)

    @property
    def is_full(self) -> bool:
        """It should get no further call now."""
        return len(self._open) >= MAX_WAITING or self._bytes >= MAX_WAITING_BYTES

    def oldest_seconds(self) -> float:
        """Give the age of the call that has waited longest."""
        first = next(iter(self._open.values()), None)
        return 0.0 if first is None else time.monotonic() - first[1]

    def silent_seconds(self) -> float:
        """Give for how long calls have waited while none of them heard anything."""
        return min(self.oldest_seconds(), time.monotonic() - self._heard_at)

    def talk(
        self, meta: dict[str, Any], body: bytes, on_piece: OnPiece, on_answer: OnAnswer
    ) -> int:
        """Send a call whose answer comes in pieces before it ends with `on_answer`."""
        number = self.predict(meta, body, on_answer)
        self._pieces[number] = on_piece
        return number

    def cancel(self, number: int) -> None:
        """Ask for the end of a call; its answer still comes, and tells how far it got."""
        self._pieces.pop(number, None)
        if number in self._open and self._transport is not None:
            self._transport.write(wire.pack(number, Kind.cancel))

    def predict(self, meta: dict[str, Any], body: bytes, on_answer: OnAnswer) -> int:
        """Send a call; `on_answer` is called exactly once, unless it is forgotten before."""
        self._last = number = (self._last + 1) & 0xFFFFFFFF
        self._open[number] = (on_answer, time.monotonic(), len(body))
        self._bytes += len(body)
        if self._transport is not None:
            self._transport.write(wire.pack_call(number, meta, body))
        return number

    def abandon(self, number: int) -> None:
        """Stop waiting for a call; it keeps its place in the queue until the server answers it."""
        entry = self._open.get(number)
        if entry is not None:
            self._open[number] = (_ignored, entry[1], entry[2])

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Hand answers to those who wait for them."""
        self._heard_at = time.monotonic()
        try:
            for number, kind, payload in self._reader.feed(data):
                if kind is Kind.answer:
                    self._answered(number, payload)
                elif kind is Kind.piece:
                    self._heard(number, payload)
        except (ValueError, struct.error):  # model code may have written into the socket
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell everyone who waits that no answer will come."""
        del exc
        self.is_closed = True
        waiting, self._open, self._bytes = self._open, {}, 0
        self._pieces.clear()
        for on_answer, _, _ in waiting.values():
            on_answer(0, 0, b"")
        self._on_close(self)

    def _heard(self, number: int, payload: bytes) -> None:
        entry = self._open.pop(number, None)
        if entry is None:
            return
        # Behind the others: the first is the one that has been silent for longest.
        self._open[number] = (entry[0], time.monotonic(), entry[2])
        on_piece = self._pieces.get(number)
        if on_piece is not None:
            on_piece(payload)

    def _answered(self, number: int, payload: bytes) -> None:
        status, model_us, body = wire.read_answer(payload)
        if self._pieces:
            self._pieces.pop(number, None)
        entry = self._open.pop(number, None)
        if entry is not None:
            self._bytes -= entry[2]
            entry[0](status, model_us, body)


def _ignored(status: int, model_us: int, body: bytes) -> None:
    del status, model_us, body
