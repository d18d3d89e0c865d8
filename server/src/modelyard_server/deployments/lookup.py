"""Finding deployments and revisions."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from modelyard_server.kernel import trail
from modelyard_server.kernel.clock import utcnow

from .errors import DeploymentMissing, RevisionMissing, ServedElsewhere
from .models import Deployment, Revision
from .states import Status, of_deployment, previous_good


def get(
    db: Session,
    actor: trail.Who,  # noqa: ARG001
    deployment_id: uuid.UUID,
    *,
    lock: bool = False,
    also_reported: bool = False,
) -> Deployment:
    """Give a deployment of the workspace; `lock` holds it against other changes.

    Raises:
        DeploymentMissing: there is none with this id.
        ServedElsewhere: it is to be changed, and this installation does not serve it.
    """
    query = select(Deployment).where(Deployment.id == deployment_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = db.scalar(query)
    if found is None:
        raise DeploymentMissing("There is no such deployment.")
    if lock and found.kind == "reported" and not also_reported:
        raise ServedElsewhere(f"{found.name} is served elsewhere; its rows are reported here.")
    return found


def revisions(db: Session, deployment_id: uuid.UUID) -> list[Revision]:
    """Give a deployment's revisions, oldest first."""
    query = select(Revision).where(Revision.deployment_id == deployment_id)
    return list(db.scalars(query.order_by(Revision.number)))


def revision_of(db: Session, deployment: Deployment, number: int | None) -> Revision:
    """Give one revision of a deployment.

    Raises:
        RevisionMissing: it has no such revision.
    """
    row = db.scalar(
        select(Revision).where(Revision.deployment_id == deployment.id, Revision.number == number)
    )
    if row is None:
        raise RevisionMissing(f"{deployment.name} has no revision {number}.")
    return row


def traffic_from(revision: Revision) -> dt.datetime | None:
    """Give when a rollout came as far as traffic, or copies of it; `None`: it has not."""
    began = {step["name"]: step["started_at"] for step in revision.steps}.get("traffic")
    return None if began is None else dt.datetime.fromisoformat(began)


def revisions_of_many(
    db: Session, deployment_ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, list[Revision]]:
    """Give the revisions of many deployments in one query, oldest first."""
    found: dict[uuid.UUID, list[Revision]] = {}
    if not deployment_ids:
        return found
    rows = db.scalars(
        select(Revision).where(Revision.deployment_id.in_(deployment_ids)).order_by(Revision.number)
    )
    for row in rows:
        found.setdefault(row.deployment_id, []).append(row)
    return found


def previous_revision(own: Sequence[Revision], live: Revision | None) -> int | None:
    """Give the number of the revision a rollback returns to, among a deployment's revisions."""
    limit = live.number if live else None
    return previous_good(
        [
            (row.number, is_good(row), what(row))
            for row in own
            if limit is None or row.number < limit
        ],
        what(live) if live else None,
    )


def is_good(row: Revision) -> bool:
    """Tell whether a revision served and was not taken back by its guards."""
    return row.live_from is not None and row.status != Status.failed


def good_revisions(own: Sequence[Revision], live_number: int | None, limit: int = 10) -> list[int]:
    """Give the revisions a rollback may return to, newest first."""
    found = [row.number for row in own if is_good(row) and row.number != live_number]
    return found[-limit:][::-1]


def what(row: Revision) -> tuple[object, ...]:
    """Give what a revision serves; two revisions with the same are interchangeable."""
    return (row.model_id, row.version, row.engine, row.cpu, row.memory_gb, row.gpu)


def standing(deployment: Deployment, own: Sequence[Revision]) -> None:
    """Bring a deployment's status in line with its revisions, oldest first."""
    live = next((row for row in own if row.number == deployment.live_number), None)
    newest = own[-1]
    shown = live or newest
    deployment.status = of_deployment(Status(live.status) if live else None, Status(newest.status))
    deployment.status_reason = shown.status_reason
    deployment.updated_at = utcnow()
