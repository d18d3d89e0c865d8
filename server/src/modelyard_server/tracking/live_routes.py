"""The live stream: server-sent events about what a page shows."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Annotated

import structlog
from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import StreamingResponse

from modelyard_server.kernel.errors import DomainError
from modelyard_server.workspaces.gate import Gate, gate
from modelyard_server.workspaces.permissions import Permission

from .live import MOST_COLUMNS, MOST_KEYS, MOST_RUNS, Event, Follower, Watch

POLL_SECONDS = 0.8
SHARE = 20  # looking takes at most a twentieth of one processor, however much is watched
SLOWEST_SECONDS = 10.0
QUIET_SECONDS = 15.0  # a comment keeps proxies from closing a quiet stream
LIFETIME_SECONDS = 900.0  # then the browser comes back, and is authenticated anew
_STREAM = "text/event-stream"
log = structlog.get_logger("modelyard.live")
router = APIRouter(prefix="/api/v1", tags=["tracking"])


class EventStream(StreamingResponse):
    """Server-sent events."""

    media_type = _STREAM


_MESSAGE = {
    "type": "object",
    "required": ["event", "data"],
    "properties": {
        "event": {"type": "string", "enum": ["run", "points", "experiment", "reset", "end"]},
        "data": {"type": "string", "description": "JSON"},
        "id": {"type": "string", "description": "Where to go on from after a break."},
    },
}


@router.get(
    "/live",
    response_class=EventStream,
    openapi_extra={"responses": {"200": {"content": {_STREAM: {"schema": _MESSAGE}}}}},
)
async def follow(
    request: Request,
    gate: Annotated[Gate, gate(Permission.experiments_read)],
    experiment: str | None = None,
    run: Annotated[list[str], Query(max_length=MOST_RUNS)] = [],  # noqa: B006 - never changed
    key: Annotated[list[str], Query(max_length=MOST_KEYS)] = [],  # noqa: B006
    column: Annotated[list[str], Query(max_length=MOST_COLUMNS)] = [],  # noqa: B006
    position: str | None = None,
    last_event_id: Annotated[str | None, Header()] = None,
) -> EventStream:
    """Follow runs: `experiment`, `run`, `points` and `reset` events, each with an id to resume by.

    Who does not accept `text/event-stream` gets what is there, and the end of the stream.
    """
    watch = Watch(experiment, tuple(run), tuple(key), tuple(column))
    follower = Follower(watch, last_event_id or position or "")
    first = await gate.run(lambda db, _: follower.changes(db), write=False)
    stays = _STREAM in request.headers.get("accept", "")
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return EventStream(_lines(request, gate, follower, first, stays=stays), headers=headers)


async def _lines(
    request: Request, gate: Gate, follower: Follower, first: list[Event], *, stays: bool
) -> AsyncIterator[str]:
    yield "retry: 1000\n\n" + "".join(_told(first, follower.position))
    began = told = time.monotonic()
    pause = POLL_SECONDS
    while stays and time.monotonic() - began < LIFETIME_SECONDS:
        if await _is_over(request, pause):
            return
        looked = time.monotonic()
        try:
            found = await gate.run(lambda db, _: follower.changes(db), write=False)
        except DomainError as refusal:  # signed out, or what was watched is gone
            yield _line("end", {"code": refusal.code, "detail": refusal.detail}, "")
            return
        now = time.monotonic()
        pause = min(max(POLL_SECONDS, SHARE * (now - looked)), SLOWEST_SECONDS)
        if found:
            yield "".join(_told(found, follower.position))
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
