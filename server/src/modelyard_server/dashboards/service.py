"""Dashboards of a workspace: made, changed, removed."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from modelyard_server.deployments import service as deployments
from modelyard_server.kernel import trail
from modelyard_server.kernel.clock import utcnow
from modelyard_server.workspaces.access import Actor

from .errors import (
    DashboardChanged,
    DashboardMissing,
    DashboardNameTaken,
    PanelWithoutDeployment,
    TooManyDashboards,
)
from .models import Dashboard
from .schemas import DashboardCreate, DashboardPut, DashboardSummary, Panel

MOST_DASHBOARDS = 200  # of one workspace


def listed(db: Session) -> list[DashboardSummary]:
    """Give every dashboard of the workspace, by name."""
    rows = db.scalars(select(Dashboard).order_by(func.lower(Dashboard.name), Dashboard.id))
    return [
        DashboardSummary(
            id=row.id,
            name=row.name,
            panel_count=len(row.panels),
            updated_at=row.updated_at,
            updated_by_name=row.updated_by_name,
        )
        for row in rows
    ]


def get(db: Session, dashboard_id: uuid.UUID, *, lock: bool = False) -> Dashboard:
    """Give one dashboard; `lock` keeps others from changing it meanwhile.

    Raises:
        DashboardMissing: there is none with this id.
    """
    query = select(Dashboard).where(Dashboard.id == dashboard_id)
    row = db.scalar(query.with_for_update() if lock else query)
    if row is None:
        raise DashboardMissing("There is no such dashboard. It may have been deleted.")
    return row


def create(db: Session, actor: Actor, wanted: DashboardCreate) -> Dashboard:
    """Keep a new dashboard.

    Raises:
        DashboardNameTaken: another one has the name.
        TooManyDashboards: the workspace has very many.
        PanelWithoutDeployment: a panel names a deployment that is not there.
    """
    if (db.scalar(select(func.count()).select_from(Dashboard)) or 0) >= MOST_DASHBOARDS:
        raise TooManyDashboards(f"A workspace has at most {MOST_DASHBOARDS}. Delete one first.")
    _refuse_taken(db, wanted.name)
    _refuse_unknown(db, wanted.panels, before=())
    now = utcnow()
    row = Dashboard(
        name=wanted.name,
        window=wanted.window,
        panels=_stored(wanted.panels),
        created_at=now,
        created_by_name=actor.name,
        updated_at=now,
        updated_by_name=actor.name,
    )
    db.add(row)
    db.flush()
    _record(db, actor, "create", row, after=_told(row))
    return row


def change(db: Session, actor: Actor, dashboard_id: uuid.UUID, wanted: DashboardPut) -> Dashboard:
    """Replace what a dashboard shows.

    Raises:
        DashboardMissing: there is none with this id.
        DashboardChanged: somebody saved another version since.
        DashboardNameTaken: another one has the name.
        PanelWithoutDeployment: a new panel names a deployment that is not there.
    """
    row = get(db, dashboard_id, lock=True)
    if row.version != wanted.version:
        raise DashboardChanged(
            f"{row.updated_by_name} has changed this dashboard since. Load it again to see how."
        )
    if row.name != wanted.name:
        _refuse_taken(db, wanted.name)
    _refuse_unknown(db, wanted.panels, before=row.panels)
    before = _told(row)
    row.name, row.window, row.panels = wanted.name, wanted.window, _stored(wanted.panels)
    row.version += 1
    row.updated_at, row.updated_by_name = utcnow(), actor.name
    db.flush()
    _record(db, actor, "change", row, before=before, after=_told(row))
    return row


def remove(db: Session, actor: Actor, dashboard_id: uuid.UUID) -> None:
    """Delete a dashboard.

    Raises:
        DashboardMissing: there is none with this id.
    """
    row = get(db, dashboard_id, lock=True)
    _record(db, actor, "delete", row, before=_told(row))
    db.delete(row)
    db.flush()


def _refuse_taken(db: Session, name: str) -> None:
    if db.scalar(select(Dashboard.id).where(Dashboard.name == name)) is not None:
        raise DashboardNameTaken(f"There is a dashboard {name!r} already. Choose another name.")


def _refuse_unknown(db: Session, panels: Sequence[Panel], before: Sequence[dict[str, Any]]) -> None:
    """Let panels keep a deployment that was deleted since they were made."""
    asked = {one for panel in panels for one in panel.deployment_ids}
    known = {subject.deployment_id for subject in deployments.monitored(db)}
    known |= {uuid.UUID(one) for panel in before for one in panel["deployment_ids"]}
    if asked - known:
        raise PanelWithoutDeployment("A panel names a deployment that is not there. Choose others.")


def _stored(panels: Sequence[Panel]) -> list[dict[str, Any]]:
    return [panel.model_dump(mode="json") for panel in panels]


def _told(row: Dashboard) -> dict[str, object]:
    return {"name": row.name, "window": row.window, "panels": row.panels}


def _record(
    db: Session,
    actor: Actor,
    verb: str,
    row: Dashboard,
    *,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
) -> None:
    trail.record(
        db,
        actor,
        f"dashboards.{verb}",
        object_type="dashboard",
        object_id=row.id,
        object_name=row.name,
        before=before,
        after=after,
    )
