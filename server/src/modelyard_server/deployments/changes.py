"""Everything that changes deployments on request. Each change is audited; none commits."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from modelyard_server.kernel import jobs, trail
from modelyard_server.kernel.clock import utcnow
from modelyard_server.kernel.tenancy import workspace_of
from modelyard_server.registry import service as registry
from modelyard_server.registry.errors import VersionNotDeployable
from modelyard_server.registry.service import RegisteredVersion

from . import approval, environments, history, setup, shifting, stages, traffic_plan
from .errors import (
    AlreadyRunning,
    NameTaken,
    PromotionNeeded,
    StillRunning,
    VersionUnusable,
)
from .history import Change
from .lookup import get, revision_of, revisions, standing
from .models import Deployment, Revision
from .ports import CreationObserver, DeploymentObserver, Machine
from .schemas import DeployRequest, RevisionCreate
from .setup import Setup
from .states import ENDED, ROLLING_OUT, Status

STEPS = ("prepare", "build", "verify", "start", "traffic")
ROLL_OUT = "deployments.roll_out"


def deploy(
    db: Session,
    actor: trail.Who,
    request: DeployRequest,
    machine: Machine,
    observers: Sequence[CreationObserver] = (),
    *,
    is_sample: bool = False,
) -> Deployment:
    """Give a model version an address and start its roll-out.

    Raises:
        ModelMissing, VersionMissing: the registry has no such version.
        VersionUnusable: its files are not complete.
        VersionNotDeployable: its scan forbids it, or nothing can load it.
        EnvironmentMissing, NameRefused, NameTaken: there is no such address to give.
        ConfigurationRefused, EngineNotInstalled, NoCapacity: it cannot be served like that.
        FlagOff: the setup was to be picked, but quick deploy is switched off.
        SetupChanged: another setup is picked than was shown.
        PromotionNeeded, ApprovalNeeded, QuotaReached: the environment does not take it.
        DriverUnavailable: its model servers cannot run where the environment wants them.
    """
    version = _usable(db, actor, request.model_id, request.version)
    settled = setup.of_deployment(db, actor, version, request, machine)
    environment = environments.named(db, request.environment)
    if stages.policy_of(environment).promote_only:
        raise PromotionNeeded(f"{environment.name} takes promoted deployments only.")
    approval.refuse_without(environment, request.approval)
    stages.refuse_beyond_quota(db, environment, settled.config.cpu, settled.config.memory_gb)
    driver = stages.driver_of(environment, machine)
    name = environments.claimed_name(db, environment.slug, request.name, version.model_name)
    now = utcnow()
    deployment = Deployment(
        id=uuid.uuid4(),
        environment=environment.slug,
        name=name,
        model_id=version.model_id,
        model_name=version.model_name,
        status=Status.requested,
        last_number=0,
        auto_configured=settled.is_auto,
        is_sample=is_sample or version.is_sample,
        created_at=now,
        updated_at=now,
        created_by=actor.id,
        created_by_name=actor.name,
    )
    try:
        with db.begin_nested():  # somebody else may take the name at this moment
            db.add(deployment)
    except IntegrityError:
        free = environments.free_name(db, environment.slug, name)
        raise NameTaken(f"{name} is taken.", extra={"suggested_name": free}) from None
    revision = _add_revision(db, actor, deployment, version, settled)
    revision.driver = driver
    revision.approval = approval.as_json(request.approval)
    setup.note(db, actor, deployment, revision, settled)
    facts = {"environment": environment.slug, "version": version.version}
    facts |= {**settled.config.model_dump(), "auto_config": settled.is_auto}
    facts |= {"approval": revision.approval}
    record(db, actor, "deployment.create", deployment, after=facts)
    enqueue(db, revision)
    for observer in observers:
        observer.deployment_created(db, deployment.id)
    return deployment


def deploy_version(
    db: Session,
    actor: trail.Who,
    deployment_id: uuid.UUID,
    request: RevisionCreate,
    machine: Machine,
) -> Revision:
    """Roll another version of the deployment's model out; the live one serves until it is ready.

    Raises:
        DeploymentMissing, VersionMissing, VersionUnusable: there is nothing like that to serve.
        VersionNotDeployable: its scan forbids it, or nothing can load it.
        ConfigurationRefused, EngineNotInstalled, NoCapacity: it cannot be served like that.
        SetupChanged: another setup is picked than was shown.
        StrategyRefused: traffic cannot be moved like that.
        ApprovalNeeded, QuotaReached: the environment does not take it.
        DriverUnavailable: its model servers cannot run where the environment wants them.
    """
    deployment = get(db, actor, deployment_id, lock=True)
    version = _usable(db, actor, deployment.model_id, request.version)
    own = revisions(db, deployment.id)
    place = environments.named(db, deployment.environment)
    policy = stages.policy_of(place)
    approval.refuse_without(place, request.approval)
    strategy = traffic_plan.settled(deployment, own, request.strategy, version.signature, policy)
    last = revision_of(db, deployment, deployment.last_number)
    settled = setup.of_revision(db, actor, version, request, machine, last)
    stages.refuse_beyond_quota(
        db,
        place,
        settled.config.cpu,
        settled.config.memory_gb,
        processes=deployment.most_processes,
        of=deployment.id,
    )
    traffic_plan.refuse_language(deployment, own, strategy, settled.config.engine)
    driver = stages.driver_of(place, machine)
    deployment.auto_configured = settled.is_auto
    revision = _add_revision(db, actor, deployment, version, settled)
    revision.driver = driver
    revision.strategy = strategy.model_dump(mode="json") if strategy else None
    revision.reason = request.reason
    revision.approval = approval.as_json(request.approval)
    setup.note(db, actor, deployment, revision, settled)
    facts: dict[str, Any] = {"revision": revision.number, "version": version.version}
    facts |= {**settled.config.model_dump(), "strategy": revision.strategy}
    facts |= {"approval": revision.approval}
    record(db, actor, "deployments.deploy_version", deployment, after=facts)
    enqueue(db, revision)
    return revision


def stop(db: Session, actor: trail.Who, deployment_id: uuid.UUID) -> Deployment:
    """Take a deployment out of service. Its address and keys stay.

    Raises:
        DeploymentMissing: there is none with this id.
    """
    deployment = get(db, actor, deployment_id, lock=True, also_reported=True)
    before = {"status": deployment.status, "revision": deployment.live_number}
    reason = f"Stopped by {actor.name}."
    _halt(db, deployment, revisions(db, deployment.id), actor.name, reason)
    record(db, actor, "deployments.stop", deployment, before=before)
    return deployment


def start(db: Session, actor: trail.Who, deployment_id: uuid.UUID) -> Deployment:
    """Bring a stopped or failed deployment back, as a new revision of what served last.

    Raises:
        DeploymentMissing: there is none with this id.
        AlreadyRunning: it serves, or is on its way.
    """
    deployment = get(db, actor, deployment_id, lock=True)
    own = revisions(db, deployment.id)
    newest = own[-1]
    if deployment.live_number is not None or newest.status in ROLLING_OUT:
        raise AlreadyRunning(f"{deployment.name} is {deployment.status}.")
    was_live = [row for row in own if row.live_from is not None]
    source = max(was_live, key=lambda row: row.live_from or row.created_at, default=newest)
    revision = repeat(db, actor, deployment, source, f"Started again by {actor.name}.")
    record(db, actor, "deployments.start", deployment, after={"revision": revision.number})
    enqueue(db, revision)
    return deployment


def remove(
    db: Session,
    actor: trail.Who,
    deployment_id: uuid.UUID,
    observers: Sequence[DeploymentObserver] = (),
) -> None:
    """Delete a deployment that does not serve, with its revisions, keys and predictions.

    Raises:
        DeploymentMissing: there is none with this id.
        StillRunning: it serves, or is on its way.
    """
    deployment = get(db, actor, deployment_id, lock=True, also_reported=True)
    newest = revision_of(db, deployment, deployment.last_number)
    if deployment.live_number is not None or newest.status not in {*ENDED, Status.stopping}:
        raise StillRunning(f"{deployment.name} is {deployment.status}. Stop it first.")
    _delete(db, actor, deployment, observers)


def delete_now(
    db: Session,
    actor: trail.Who,
    deployment_id: uuid.UUID,
    observers: Sequence[DeploymentObserver] = (),
) -> None:
    """Stop and delete a deployment in one go.

    Raises:
        DeploymentMissing: there is none with this id.
    """
    deployment = get(db, actor, deployment_id, lock=True, also_reported=True)
    _delete(db, actor, deployment, observers)


def _delete(
    db: Session, actor: trail.Who, deployment: Deployment, observers: Sequence[DeploymentObserver]
) -> None:
    for observer in observers:
        observer.deployment_deleted(db, deployment.id)
    before = {"environment": deployment.environment, "revisions": deployment.last_number}
    record(db, actor, "deployments.delete", deployment, before=before)
    db.flush()
    db.execute(delete(Deployment).where(Deployment.id == deployment.id))
    db.expunge(deployment)


def _usable(
    db: Session, actor: trail.Who, model_id: uuid.UUID, number: int | None
) -> RegisteredVersion:
    version = registry.get_version(db, actor, model_id, number)
    if not version.is_ready:
        why = version.status_message or "Its registration is not complete."
        raise VersionUnusable(
            f"{version.model_name} version {version.version} cannot be served: {why}"
        )
    if version.obstacle is not None:
        raise VersionNotDeployable(
            f"{version.model_name} version {version.version} cannot be served. {version.obstacle}"
        )
    return version


def _add_revision(
    db: Session,
    actor: trail.Who,
    deployment: Deployment,
    version: RegisteredVersion,
    settled: Setup,
) -> Revision:
    config = settled.config
    example = None if version.input_example is None else json.dumps(version.input_example)
    return _append(
        db,
        deployment,
        Revision(
            id=uuid.uuid4(),
            deployment_id=deployment.id,
            model_id=version.model_id,
            model_name=version.model_name,
            version=version.version,
            engine=config.engine,
            cpu=config.cpu,
            memory_gb=config.memory_gb,
            gpu=config.gpu,
            auto_configured=settled.is_auto,
            signature=version.signature,
            example=example,
            created_at=utcnow(),
            created_by=actor.id,
            created_by_name=actor.name,
        ),
    )


def repeat(
    db: Session, actor: trail.Who, deployment: Deployment, source: Revision, reason: str
) -> Revision:
    """Add a revision that serves the same again; what is kept on this machine is not made anew."""
    settled = Setup(setup.config_of(source), source.auto_configured)
    if source.proof is None:
        version = _usable(db, actor, source.model_id, source.version)
        revision = _add_revision(db, actor, deployment, version, settled)
    else:
        revision = copy(db, actor, deployment, source)
    revision.reason = reason
    revision.approval = source.approval
    return revision


def copy(db: Session, actor: trail.Who, deployment: Deployment, source: Revision) -> Revision:
    kept = (
        "model_id",
        "model_name",
        "version",
        "engine",
        "cpu",
        "memory_gb",
        "gpu",
        "auto_configured",
        "signature",
        "example",
        "environment_note",
        "sandbox",
        "driver",
        "image",
        "lane",
        "model_dir",
        "python",
        "environment_dir",
        "proof",
        "proof_variables",
    )
    return _append(
        db,
        deployment,
        Revision(
            id=uuid.uuid4(),
            deployment_id=deployment.id,
            created_at=utcnow(),
            created_by=actor.id,
            created_by_name=actor.name,
            **{name: getattr(source, name) for name in kept},
        ),
    )


def _append(db: Session, deployment: Deployment, revision: Revision) -> Revision:
    """Make it the newest revision; one that was being rolled out gives way."""
    deployment.last_number += 1
    deployment.updated_at = utcnow()
    revision.number = deployment.last_number
    revision.status = Status.requested
    revision.steps = [_pending(name) for name in STEPS]
    own = revisions(db, deployment.id)
    if deployment.candidate_number is not None:
        change = Change(
            utcnow(), revision.created_by_name, f"Superseded by revision {revision.number}."
        )
        shifting.take_back(db, deployment, own, change, Status.stopping)
    for older in own:
        if older.status in ROLLING_OUT:
            _end(older, f"Superseded by revision {revision.number}.", utcnow())
    db.add(revision)
    db.flush()
    standing(deployment, [*own, revision])
    return revision


def _halt(
    db: Session, deployment: Deployment, own: Sequence[Revision], who: str, reason: str
) -> None:
    now = utcnow()
    had_server = any(row.has_server for row in own)
    for row in own:
        if row.number == deployment.live_number or row.status in ROLLING_OUT or row.has_server:
            _end(row, reason, now)
    deployment.live_number = deployment.fallback_number = deployment.candidate_number = None
    deployment.candidate_weight = deployment.shadow_percent = 0
    deployment.fallback_until = None
    history.shift(db, deployment, own, {}, Change(now, who, reason))
    deployment.status = Status.stopping if had_server else Status.stopped
    deployment.status_reason = reason
    deployment.updated_at = now


def _end(revision: Revision, reason: str, now: dt.datetime) -> None:
    if revision.live_from is not None and revision.live_until is None:
        revision.live_until = now
    revision.status = Status.stopping if revision.has_server else Status.stopped
    revision.status_reason = reason
    revision.has_server = False
    shifting.end_steps(revision, reason, now)


def _pending(name: str) -> dict[str, object]:
    return {
        "name": name,
        "status": "pending",
        "detail": "",
        "started_at": None,
        "finished_at": None,
    }


def enqueue(db: Session, revision: Revision) -> None:
    jobs.enqueue(
        db,
        ROLL_OUT,
        {"deployment_id": str(revision.deployment_id), "number": revision.number},
        workspace_id=workspace_of(db),
        dedupe_key=f"{ROLL_OUT}:{revision.id}",
    )


def record(
    db: Session,
    actor: trail.Who,
    action: str,
    deployment: Deployment,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    trail.record(
        db,
        actor,
        action,
        object_type="deployment",
        object_id=deployment.id,
        object_name=f"{deployment.environment}/{deployment.name}",
        before=before,
        after=after,
    )
