"""HTTP of dashboards."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Header, Request

from modelyard_server.artifacts.ports import BlobStore
from modelyard_server.kernel import streaming
from modelyard_server.kernel.db import Db
from modelyard_server.kernel.services import provided
from modelyard_server.kernel.streaming import Event, EventStream, Feed
from modelyard_server.monitoring.series_schemas import SeriesWindow
from modelyard_server.workspaces.access import Actor, allowed
from modelyard_server.workspaces.gate import Gate, gate
from modelyard_server.workspaces.permissions import Permission

from . import service
from .live import Follower, Readings
from .models import Dashboard
from .schemas import DashboardCreate, DashboardOut, DashboardPut, DashboardSummary

router = APIRouter(prefix="/api/v1/dashboards", tags=["dashboards"])
routers = [router]
Reader = Annotated[Actor, allowed(Permission.monitoring_read)]
Maker = Annotated[Actor, allowed(Permission.dashboards_manage)]


@router.get("")
def list_dashboards(db: Db, actor: Reader) -> list[DashboardSummary]:  # noqa: ARG001
    """List the workspace's dashboards, by name."""
    return service.listed(db)


@router.post("", status_code=201, response_model=DashboardOut)
def create_dashboard(body: DashboardCreate, db: Db, actor: Maker) -> Dashboard:
    """Make a dashboard for everybody in the workspace."""
    return service.create(db, actor, body)


@router.get("/{dashboard_id}", response_model=DashboardOut)
def get_dashboard(dashboard_id: uuid.UUID, db: Db, actor: Reader) -> Dashboard:  # noqa: ARG001
    """Give a dashboard with its panels."""
    return service.get(db, dashboard_id)


@router.put("/{dashboard_id}", response_model=DashboardOut)
def change_dashboard(
    dashboard_id: uuid.UUID, body: DashboardPut, db: Db, actor: Maker
) -> Dashboard:
    """Replace what a dashboard shows; refused when somebody saved another version since."""
    return service.change(db, actor, dashboard_id, body)


@router.delete("/{dashboard_id}", status_code=204)
def delete_dashboard(dashboard_id: uuid.UUID, db: Db, actor: Maker) -> None:
    """Delete a dashboard."""
    service.remove(db, actor, dashboard_id)


@router.get(
    "/{dashboard_id}/live",
    response_class=EventStream,
    openapi_extra=streaming.described("dashboard", "series"),
)
async def follow_dashboard(
    dashboard_id: uuid.UUID,
    request: Request,
    gate: Annotated[Gate, gate(Permission.monitoring_read)],
    readings: Annotated[Readings, provided(Readings)],
    blobs: Annotated[BlobStore, provided(BlobStore)],
    window: SeriesWindow | None = None,
    position: str | None = None,
    last_event_id: Annotated[str | None, Header()] = None,
) -> EventStream:
    """Follow a dashboard: `series` of its panels as they change, `dashboard` when it is saved.

    Each has an id to resume by. Who does not accept `text/event-stream` gets what is there.
    """
    follower = Follower(readings, blobs, dashboard_id, window, last_event_id or position or "")

    async def look() -> list[Event]:
        return await gate.run(follower.changes, write=False)

    return await streaming.stream(
        request, Feed(look, lambda: follower.position, streaming.WITHIN_5_S)
    )
