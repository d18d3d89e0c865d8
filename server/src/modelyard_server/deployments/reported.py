"""Deployments of models that are served elsewhere: a name to report to, and no server."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy.orm import Session

from modelyard_protocol.package import Column, DType, Signature
from modelyard_server.kernel import trail
from modelyard_server.kernel.clock import utcnow

from . import environments
from .changes import record
from .errors import DeploymentMissing
from .lookup import get, revision_of
from .models import Deployment, Revision
from .ports import CreationObserver
from .schemas import ReportedCreate
from .states import Status

ENGINE = "reported"
SERVED, REPORTED = "served", "reported"


def create(
    db: Session,
    actor: trail.Who,
    wanted: ReportedCreate,
    observers: Sequence[CreationObserver] = (),
) -> Deployment:
    """Give a model that is served elsewhere a place to report to.

    Raises:
        EnvironmentMissing, NameRefused, NameTaken: there is no such name to give.
    """
    environment = environments.named(db, wanted.environment)
    name = environments.claimed_name(db, environment.slug, wanted.name, wanted.model_name)
    now, model_id = utcnow(), uuid.uuid4()
    made = {"created_at": now, "created_by": actor.id, "created_by_name": actor.name}
    deployment = Deployment(
        id=uuid.uuid4(),
        kind=REPORTED,
        environment=environment.slug,
        name=name,
        model_id=model_id,
        model_name=wanted.model_name,
        status=Status.ready,
        status_reason=f"Served elsewhere: {wanted.served_by}." if wanted.served_by else None,
        last_number=1,
        live_number=1,
        updated_at=now,
        **made,
    )
    db.add(deployment)
    db.flush()
    revision = Revision(
        id=uuid.uuid4(),
        deployment_id=deployment.id,
        number=1,
        model_id=model_id,
        model_name=wanted.model_name,
        version=wanted.version,
        engine=ENGINE,
        cpu=0.0,
        memory_gb=0.0,
        signature=_signature(wanted).model_dump(mode="json"),
        status=Status.ready,
        steps=[],
        live_from=now,
        **made,
    )
    db.add(revision)
    db.flush()
    facts = {"model_name": wanted.model_name, "version": wanted.version, "kind": REPORTED}
    record(db, actor, "deployments.report_in", deployment, after=facts)
    for observer in observers:
        observer.deployment_created(db, deployment.id)
    return deployment


def served_version(
    db: Session, actor: trail.Who, deployment_id: uuid.UUID, version: int
) -> tuple[int, Signature]:
    """Give the revision that rows of a version belong to, made when the version is new.

    Raises:
        DeploymentMissing: there is no reported deployment with this id.
    """
    deployment = get(db, actor, deployment_id)
    if deployment.kind != REPORTED:
        raise DeploymentMissing("Rows are reported to deployments that are served elsewhere only.")
    live = revision_of(db, deployment, deployment.last_number)
    if live.version == version or deployment.live_number is None:
        return live.number, Signature.model_validate(live.signature)
    now = utcnow()
    live.live_until, live.status = now, Status.stopped
    deployment.last_number += 1
    deployment.live_number, deployment.updated_at = deployment.last_number, now
    revision = Revision(
        id=uuid.uuid4(),
        deployment_id=deployment.id,
        number=deployment.last_number,
        model_id=live.model_id,
        model_name=live.model_name,
        version=version,
        engine=ENGINE,
        cpu=0.0,
        memory_gb=0.0,
        signature=live.signature,
        status=Status.ready,
        steps=[],
        live_from=now,
        created_at=now,
        created_by=actor.id,
        created_by_name=actor.name,
    )
    db.add(revision)
    db.flush()
    facts = {"revision": revision.number, "version": version}
    record(db, actor, "deployments.report_version", deployment, after=facts)
    return revision.number, Signature.model_validate(revision.signature)


def _signature(wanted: ReportedCreate) -> Signature:
    return Signature(
        inputs=tuple(
            Column(name=c.name, dtype=DType(c.type), required=False) for c in wanted.inputs
        ),
        outputs=()
        if wanted.output is None
        else (Column(name="prediction", dtype=DType(wanted.output), required=False),),
    )
