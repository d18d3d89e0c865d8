"""Server-sent events: a page follows what is stored, over breaks.

States are compared, so it does not matter which process wrote: one server on SQLite, or several on
PostgreSQL, answer alike, and a reader may come back to another one than it left.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from fastapi.responses import StreamingResponse

from .errors import DomainError

QUIET_SECONDS = 15.0  # a comment keeps proxies from closing a quiet stream
LIFETIME_SECONDS = 900.0  # then the browser comes back, and is authenticated anew
MEDIA_TYPE = "text/event-stream"


@dataclass(frozen=True, slots=True)
class Event:
    """One message of the stream."""

    name: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Pace:
    """How often is looked: looking takes at most one `share`th of one processor."""

    seconds: float
    slowest_seconds: float
    share: int

    def after(self, took: float) -> float:
        """Give the wait after a look that took so many seconds."""
        return min(max(self.seconds, self.share * took), self.slowest_seconds)


WITHIN_5_S = Pace(seconds=1.5, slowest_seconds=2.5, share=5)
"""A page is at most five seconds behind."""


@dataclass(frozen=True, slots=True)
class Feed:
    """What a stream says: how to look for changes, and where its reader stands after them."""

    look: Callable[[], Awaitable[list[Event]]]
    position: Callable[[], str]
    pace: Pace


class EventStream(StreamingResponse):
    """Server-sent events."""

    media_type = MEDIA_TYPE


def described(*names: str) -> dict[str, Any]:
    """Give what the contract says about a stream with such events, and its `end`."""
    message = {
        "type": "object",
        "required": ["event", "data"],
        "properties": {
            "event": {"type": "string", "enum": [*names, "end"]},
            "data": {"type": "string", "description": "JSON"},
            "id": {"type": "string", "description": "Where to go on from after a break."},
        },
    }
    return {"responses": {"200": {"content": {MEDIA_TYPE: {"schema": message}}}}}


async def stream(request: Request, feed: Feed) -> EventStream:
    """Answer with what is there and then with every change, each with an id to resume by.

    The first look is taken before the answer begins, so that a refusal is a problem document. Who
    does not accept `text/event-stream` gets what is there, and the end of the stream.
    """
    first = await feed.look()
    stays = MEDIA_TYPE in request.headers.get("accept", "")
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return EventStream(_lines(request, feed, first, stays=stays), headers=headers)


async def _lines(
    request: Request, feed: Feed, first: list[Event], *, stays: bool
) -> AsyncIterator[str]:
    yield "retry: 1000\n\n" + "".join(_told(first, feed.position()))
    began = told = time.monotonic()
    pause = feed.pace.seconds
    while stays and time.monotonic() - began < LIFETIME_SECONDS:
        if await _is_over(request, pause):
            return
        looked = time.monotonic()
        try:
            found = await feed.look()
        except DomainError as refusal:  # signed out, or what was watched is gone
            yield _line("end", {"code": refusal.code, "detail": refusal.detail}, "")
            return
        now = time.monotonic()
        pause = feed.pace.after(now - looked)
        if found:
            yield "".join(_told(found, feed.position()))
        elif now - told > QUIET_SECONDS:
            yield ": quiet\n\n"
        else:
            continue
        told = now


async def _is_over(request: Request, seconds: float) -> bool:
    """Wait; tell at once when the server stops, and after the wait when the reader is gone."""
    is_stopping = getattr(request.app.state, "is_stopping", lambda: False)
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        if is_stopping():
            return True
        await asyncio.sleep(min(left, 0.2))
    return await request.is_disconnected()


def _told(events: list[Event], position: str) -> list[str]:
    """Write events; only the last has the id, for the position is that after all of them."""
    last = len(events) - 1
    return [
        _line(event.name, event.data, position if place == last else "")
        for place, event in enumerate(events)
    ]


def _line(name: str, data: dict[str, object], position: str) -> str:
    body = json.dumps(data, separators=(",", ":"), ensure_ascii=False)
    identity = f"id: {position}\n" if position else ""
    return f"{identity}event: {name}\ndata: {body}\n\n"
