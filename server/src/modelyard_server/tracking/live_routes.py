"""The live stream: server-sent events about the runs a page shows."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Query, Request

from modelyard_server.kernel import streaming
from modelyard_server.kernel.streaming import Event, EventStream, Feed, Pace
from modelyard_server.workspaces.gate import Gate, gate
from modelyard_server.workspaces.permissions import Permission

from .live import MOST_COLUMNS, MOST_KEYS, MOST_RUNS, Follower, Watch

PACE = Pace(seconds=0.8, slowest_seconds=10.0, share=20)
router = APIRouter(prefix="/api/v1", tags=["tracking"])


@router.get(
    "/live",
    response_class=EventStream,
    openapi_extra=streaming.described("run", "points", "experiment", "reset"),
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

    async def look() -> list[Event]:
        return await gate.run(lambda db, _: follower.changes(db), write=False)

    return await streaming.stream(request, Feed(look, lambda: follower.position, PACE))
