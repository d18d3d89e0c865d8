"""Deployments as other capabilities see them."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from modelyard_protocol.language import ENGINE
from modelyard_protocol.package import Signature
from modelyard_server.kernel import trail

from .changes import delete_now, deploy, deploy_version, start, stop
from .errors import DeploymentMissing, RevisionMissing
from .going_back import roll_back, set_traffic
from .lanes import graph_of
from .lookup import (
    get,
    previous_revision,
    revision_of,
    revisions,
    revisions_of_many,
    traffic_from,
)
from .models import Deployment, Revision
from .reported import served_version
from .safeguards import of as safeguards_in
from .safeguards import of_deployment as safeguards_of
from .scaling import of_server as scaling_of
from .setup import config_of
from .stages import variables_of
from .states import ROLLING_OUT, Status

GOOD_REVISIONS = 10

__all__ = [
    "ROLLING_OUT",
    "Deployment",
    "Monitored",
    "Revision",
    "Served",
    "config_of",
    "delete_now",
    "deploy",
    "deploy_version",
    "get",
    "graph_of",
    "monitored",
    "monitored_one",
    "previous_revision",
    "revision_of",
    "revisions",
    "revisions_of_many",
    "roll_back",
    "safeguards_in",
    "safeguards_of",
    "scaling_of",
    "served",
    "served_version",
    "set_traffic",
    "signature_of",
    "speaks",
    "start",
    "stop",
    "traffic_from",
    "variables_of",
]


@dataclass(frozen=True, slots=True)
class Monitored:
    """A deployment as monitoring watches it."""

    deployment_id: uuid.UUID
    name: str
    environment: str
    status: str
    status_reason: str | None
    is_sample: bool
    kind: str
    model_id: uuid.UUID
    model_name: str
    live_revision: int | None
    live_version: int | None
    live_since: dt.datetime | None
    previous_version: int | None
    """Model version that a rollback would return to."""
    versions: dict[int, int]
    """Model version of every revision."""


def monitored(db: Session) -> list[Monitored]:
    """Give every deployment of the workspace, in two queries."""
    return _monitored(db, list(db.scalars(select(Deployment).order_by(Deployment.created_at))))


def monitored_one(db: Session, actor: trail.Who, deployment_id: uuid.UUID) -> Monitored:
    """Give one deployment.

    Raises:
        DeploymentMissing: there is none with this id.
    """
    return _monitored(db, [get(db, actor, deployment_id)])[0]


def _monitored(db: Session, rows: Sequence[Deployment]) -> list[Monitored]:
    by_deployment = revisions_of_many(db, [row.id for row in rows])
    return [_watched(row, by_deployment.get(row.id, [])) for row in rows]


def _watched(row: Deployment, own: Sequence[Revision]) -> Monitored:
    by_number = {revision.number: revision for revision in own}
    live = by_number.get(row.live_number) if row.live_number is not None else None
    previous = previous_revision(own, live)
    return Monitored(
        deployment_id=row.id,
        name=row.name,
        environment=row.environment,
        status=row.status,
        status_reason=row.status_reason,
        is_sample=row.is_sample,
        kind=row.kind,
        model_id=row.model_id,
        model_name=row.model_name,
        live_revision=row.live_number,
        live_version=live.version if live else None,
        live_since=live.live_from if live else None,
        previous_version=by_number[previous].version if previous is not None else None,
        versions={revision.number: revision.version for revision in own},
    )


def signature_of(db: Session, deployment_id: uuid.UUID, revision: int | None = None) -> Signature:
    """Give the signature of a revision, the live one when no number is given.

    Raises:
        DeploymentMissing: there is no such deployment.
        RevisionMissing: it has no such revision, or none that is live.
    """
    number = revision
    if number is None:
        deployment = db.scalar(select(Deployment).where(Deployment.id == deployment_id))
        if deployment is None:
            raise DeploymentMissing("There is no such deployment.")
        number = deployment.live_number
    row = db.scalar(
        select(Revision).where(Revision.deployment_id == deployment_id, Revision.number == number)
    )
    if row is None:
        raise RevisionMissing("No revision of this deployment is live.")
    return Signature.model_validate(row.signature)


def speaks(db: Session, deployment_id: uuid.UUID) -> bool:
    """Tell whether a language model is live in a deployment; while nothing is, the newest."""
    engine = db.scalar(
        select(Revision.engine)
        .join(
            Deployment,
            (Deployment.workspace_id == Revision.workspace_id)
            & (Deployment.id == Revision.deployment_id),
        )
        .where(
            Deployment.id == deployment_id,
            Revision.number == func.coalesce(Deployment.live_number, Deployment.last_number),
        )
    )
    return engine == ENGINE


@dataclass(frozen=True, slots=True)
class Served:
    """A deployment that needs model servers, with the revision its traffic goes to."""

    deployment: Deployment
    target: Revision | None
    """`None` while a first roll-out is not verified yet: then there is no address."""
    running: tuple[Revision, ...]
    closed: Revision | None = None
    """The newest revision of a stopped deployment: its keys stay good, nobody answers."""
    good: tuple[Revision, ...] = ()
    """What a rollback may return to from what is kept on this machine, newest first."""
    candidate: Revision | None = None
    """Gets `deployment.candidate_weight` percent of the traffic beside the target."""


def served(db: Session) -> list[Served]:
    """Give what the node must run for this workspace.

    Traffic goes to the live revision; while a first roll-out starts, to the one that starts, so
    that callers are told to try again in a moment.
    """
    found = _closed(db)
    rows = db.scalars(
        select(Revision)
        .where(Revision.has_server)
        .order_by(Revision.deployment_id, Revision.number)
    )
    by_deployment: dict[uuid.UUID, list[Revision]] = {}
    for row in rows:
        by_deployment.setdefault(row.deployment_id, []).append(row)
    if not by_deployment:
        return found
    deployments = db.scalars(
        select(Deployment).where(Deployment.id.in_(by_deployment)).order_by(Deployment.id)
    )
    kept = _kept(db, list(by_deployment))
    for deployment in deployments:
        running = by_deployment[deployment.id]
        live = [row for row in running if row.number == deployment.live_number]
        starting = [row for row in running if row.status == Status.starting]
        targets = live or starting
        target = targets[-1] if targets else None
        candidates = [row for row in running if row.number == deployment.candidate_number]
        candidate = candidates[0] if live and candidates else None
        good = kept.get(deployment.id, ())
        found.append(Served(deployment, target, tuple(running), good=good, candidate=candidate))
    return found


def _kept(
    db: Session, deployment_ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, tuple[Revision, ...]]:
    """Give what each deployment may return to without registry and builder, newest first."""
    found: dict[uuid.UUID, dict[str, Revision]] = {}
    rows = db.scalars(
        select(Revision)
        .where(
            Revision.deployment_id.in_(deployment_ids),
            Revision.live_from.is_not(None),
            Revision.status != Status.failed,
            Revision.proof.is_not(None),
            Revision.model_dir.is_not(None),
        )
        .order_by(Revision.number.desc())
    )
    for row in rows:
        own = found.setdefault(row.deployment_id, {})
        if len(own) <= GOOD_REVISIONS:  # the live one is among them
            own.setdefault(row.server_key, row)
    return {key: tuple(own.values()) for key, own in found.items()}


def _closed(db: Session) -> list[Served]:
    newest = (
        select(Revision.deployment_id, func.max(Revision.number).label("number"))
        .group_by(Revision.deployment_id)
        .subquery()
    )
    rows = db.execute(
        select(Deployment, Revision)
        .join(newest, newest.c.deployment_id == Deployment.id)
        .join(
            Revision,
            (Revision.deployment_id == Deployment.id) & (Revision.number == newest.c.number),
        )
        .where(Deployment.status == Status.stopped)
        .order_by(Deployment.id)
    )
    return [Served(deployment, None, (), revision) for deployment, revision in rows]
