"""Saved views of the fleet page: its range and filters under a name, private or shared."""

from __future__ import annotations

import uuid

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from modelyard_server.kernel import trail
from modelyard_server.kernel.clock import utcnow
from modelyard_server.workspaces.access import Actor
from modelyard_server.workspaces.permissions import Permission

from .errors import FleetViewMissing, FleetViewNameTaken, NotYourFleetView, TooManyFleetViews
from .fleet_view_schemas import FleetViewCreate, FleetViewOut, FleetViewPatch
from .models import FleetView

MOST_VIEWS = 200  # of one workspace


def listed(db: Session, actor: Actor) -> list[FleetViewOut]:
    """List a person's own views and the shared ones, by name."""
    return [shown(actor, row) for row in _visible(db, actor)]


def save(db: Session, actor: Actor, wanted: FleetViewCreate) -> FleetView:
    """Keep a view under a new name.

    Raises:
        FleetViewNameTaken: a view that the person sees has the name.
        TooManyFleetViews: the workspace has very many.
    """
    name = wanted.name.strip()
    _refuse_taken(db, actor, name)
    if (db.scalar(select(func.count()).select_from(FleetView)) or 0) >= MOST_VIEWS:
        raise TooManyFleetViews(f"A workspace has at most {MOST_VIEWS} views. Delete one first.")
    row = FleetView(
        id=uuid.uuid4(),
        name=name,
        state=wanted.state,
        is_shared=wanted.is_shared,
        owner_id=actor.id,
        owner_name=actor.name,
        updated_at=utcnow(),
    )
    db.add(row)
    db.flush()
    _record(db, actor, "create", row, after=_facts(row))
    return row


def change(db: Session, actor: Actor, view_id: uuid.UUID, wanted: FleetViewPatch) -> FleetView:
    """Rename, share or overwrite a view.

    Raises:
        FleetViewMissing: there is none that the person sees.
        NotYourFleetView: it is somebody else's.
        FleetViewNameTaken: another view has the name.
    """
    row = _own(db, actor, view_id)
    before = _facts(row)
    if wanted.name is not None and wanted.name.strip() != row.name:
        _refuse_taken(db, actor, wanted.name.strip())
        row.name = wanted.name.strip()
    if wanted.state is not None:
        row.state = wanted.state
    if wanted.is_shared is not None:
        row.is_shared = wanted.is_shared
    row.updated_at = utcnow()
    db.flush()
    _record(db, actor, "change", row, before=before, after=_facts(row))
    return row


def delete(db: Session, actor: Actor, view_id: uuid.UUID) -> None:
    """Remove a view.

    Raises:
        FleetViewMissing: there is none that the person sees.
        NotYourFleetView: it is somebody else's.
    """
    row = _own(db, actor, view_id)
    _record(db, actor, "delete", row, before=_facts(row))
    db.delete(row)


def shown(actor: Actor, row: FleetView) -> FleetViewOut:
    """Give the wire shape."""
    return FleetViewOut(
        id=row.id,
        name=row.name,
        state=row.state,
        is_shared=row.is_shared,
        owner_name=row.owner_name,
        may_change=_may_change(actor, row),
        updated_at=row.updated_at,
    )


def _visible(db: Session, actor: Actor) -> list[FleetView]:
    mine = or_(FleetView.is_shared.is_(True), FleetView.owner_id == actor.id)
    query = select(FleetView).where(mine).order_by(FleetView.name, FleetView.id)
    return list(db.scalars(query))


def _may_change(actor: Actor, row: FleetView) -> bool:
    """Its owner may, and admins those that are shared."""
    return row.owner_id == actor.id or (row.is_shared and actor.may(Permission.workspace_manage))


def _own(db: Session, actor: Actor, view_id: uuid.UUID) -> FleetView:
    row = db.scalar(select(FleetView).where(FleetView.id == view_id).with_for_update())
    if row is None or not (row.is_shared or row.owner_id == actor.id):
        raise FleetViewMissing("There is no such view.")
    if not _may_change(actor, row):
        raise NotYourFleetView(
            f"This view is {row.owner_name}'s. Save your own under another name."
        )
    return row


def _refuse_taken(db: Session, actor: Actor, name: str) -> None:
    if any(row.name == name for row in _visible(db, actor)):
        raise FleetViewNameTaken(f"There is a view {name!r} already.")


def _facts(row: FleetView) -> dict[str, object]:
    return {"name": row.name, "state": row.state, "is_shared": row.is_shared}


def _record(
    db: Session,
    actor: Actor,
    verb: str,
    row: FleetView,
    *,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
) -> None:
    trail.record(
        db,
        actor,
        f"fleet_views.{verb}",
        object_type="fleet_view",
        object_id=row.id,
        object_name=row.name,
        before=before,
        after=after,
    )
