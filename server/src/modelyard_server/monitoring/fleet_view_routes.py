"""HTTP of saved views of the fleet page."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter

from modelyard_server.kernel.db import Db
from modelyard_server.workspaces.access import Actor, allowed
from modelyard_server.workspaces.permissions import Permission

from . import fleet_views
from .fleet_view_schemas import FleetViewCreate, FleetViewOut, FleetViewPatch

router = APIRouter(prefix="/api/v1", tags=["monitoring"])
Reader = Annotated[Actor, allowed(Permission.monitoring_read)]
Manager = Annotated[Actor, allowed(Permission.monitoring_manage)]


@router.get("/fleet-views")
def list_fleet_views(db: Db, actor: Reader) -> list[FleetViewOut]:
    """List one's own saved views of the fleet page, and the shared ones."""
    return fleet_views.listed(db, actor)


@router.post("/fleet-views", status_code=201)
def save_fleet_view(body: FleetViewCreate, db: Db, actor: Manager) -> FleetViewOut:
    """Save a view under a name."""
    return fleet_views.shown(actor, fleet_views.save(db, actor, body))


@router.patch("/fleet-views/{fleet_view_id}")
def change_fleet_view(
    fleet_view_id: uuid.UUID, body: FleetViewPatch, db: Db, actor: Manager
) -> FleetViewOut:
    """Rename, share or overwrite a view."""
    return fleet_views.shown(actor, fleet_views.change(db, actor, fleet_view_id, body))


@router.delete("/fleet-views/{fleet_view_id}", status_code=204)
def delete_fleet_view(fleet_view_id: uuid.UUID, db: Db, actor: Manager) -> None:
    """Remove a view."""
    fleet_views.delete(db, actor, fleet_view_id)
