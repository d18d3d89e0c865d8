"""The fleet's live stream."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Request
from sqlalchemy.orm import Session

from modelyard_server.kernel import streaming, tenancy
from modelyard_server.kernel.services import provided
from modelyard_server.kernel.streaming import Event, EventStream, Feed
from modelyard_server.workspaces.access import Actor
from modelyard_server.workspaces.gate import Gate, gate
from modelyard_server.workspaces.permissions import Permission

from . import fleet
from .fleet_live import FRESH_SECONDS, Follower, Snapshots
from .ports import NodeFacts
from .schemas import FleetRange

router = APIRouter(prefix="/api/v1", tags=["monitoring"])


@router.get(
    "/fleet/live",
    response_class=EventStream,
    openapi_extra=streaming.described("fleet", "rows"),
)
async def follow_fleet(
    request: Request,
    gate: Annotated[Gate, gate(Permission.monitoring_read)],
    node: Annotated[NodeFacts, provided(NodeFacts)],
    snapshots: Annotated[Snapshots, provided(Snapshots)],
    range: FleetRange = "24h",  # noqa: A002 - the parameter's public name
    position: str | None = None,
    last_event_id: Annotated[str | None, Header()] = None,
) -> EventStream:
    """Follow the fleet: `fleet` with everything, then `rows` with those that changed.

    Each has an id to resume by. Who does not accept `text/event-stream` gets what is there.
    """
    follower = Follower(last_event_id or position or "")

    def changes(db: Session, actor: Actor) -> list[Event]:
        found = snapshots.get(
            (tenancy.workspace_of(db), range),
            FRESH_SECONDS,
            lambda: fleet.read(db, actor, range, lost=node.lost()),
        )
        return follower.changes(found)

    async def look() -> list[Event]:
        return await gate.run(changes, write=False)

    return await streaming.stream(
        request, Feed(look, lambda: follower.position, streaming.WITHIN_5_S)
    )
