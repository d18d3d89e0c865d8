"""Promotion: the identical files and environment in the next environment, never a rebuild."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from modelyard_server.kernel import trail
from modelyard_server.kernel.clock import utcnow

from . import approval, changes, environments, stages, traffic_plan
from .errors import NothingToPromote
from .lookup import get, revision_of, revisions, revisions_of_many
from .models import Deployment, Environment, Revision
from .ports import Machine
from .schemas import Difference, PromoteRequest, StageOut, TrackOut
from .states import Status


def promote(
    db: Session,
    actor: trail.Who,
    deployment_id: uuid.UUID,
    request: PromoteRequest,
    machine: Machine,
) -> Deployment:
    """Serve a deployment's live revision in another environment, under the same name.

    The new revision has the live one's files, locked environment and proof; if those are not on
    this machine any more, they are made again and must come out the same, or it fails. Where the
    target runs its model servers in another way, the prediction is reproduced there anew.

    Raises:
        DeploymentMissing, EnvironmentMissing: there is no such source or target.
        NothingToPromote: nothing is live, nothing is proven, or it is the same environment.
        ApprovalNeeded, QuotaReached: the target does not take it.
        StrategyRefused: traffic cannot be moved like that there.
        DriverUnavailable: its model servers cannot run where the target wants them.
    """
    source = get(db, actor, deployment_id, lock=True)
    target = environments.named(db, request.environment)
    unmet = conditions(db, source, target)
    if unmet:
        raise NothingToPromote(" ".join(unmet), extra={"unmet": unmet})
    approval.refuse_without(target, request.approval)
    live = revision_of(db, source, source.live_number)
    existing = _counterpart(db, source, target.slug)
    stages.refuse_beyond_quota(
        db,
        target,
        live.cpu,
        live.memory_gb,
        processes=existing.most_processes if existing else 1,
        of=existing.id if existing else None,
    )
    deployment = existing or _new(db, actor, source, target)
    own = revisions(db, deployment.id)
    strategy = traffic_plan.settled(
        deployment, own, request.strategy, live.signature, stages.policy_of(target)
    )
    driver = stages.driver_of(target, machine)
    revision = changes.copy(db, actor, deployment, live)
    if driver != live.driver:
        revision.driver, revision.image, revision.proof = driver, None, None
    revision.strategy = strategy.model_dump(mode="json") if strategy else None
    revision.reason = (request.reason or "").strip() or f"Promoted from {source.environment}."
    revision.promoted_from = f"{source.environment}/{source.name}@{live.number}"
    facts = {"from": revision.promoted_from, "version": revision.version, "proof": live.proof}
    revision.approval = approval.as_json(request.approval)
    facts |= {"revision": revision.number, "reason": revision.reason}
    facts |= {"approval": revision.approval}
    changes.record(db, actor, "deployments.promote", deployment, after=facts)
    changes.enqueue(db, revision)
    return deployment


def conditions(db: Session, source: Deployment, target: Environment) -> list[str]:
    """List what stands in the way of promoting a deployment to an environment."""
    if source.environment == target.slug:
        return [f"It is in {target.name} already."]
    if source.live_number is None:
        return ["No revision of it is live."]
    live = revision_of(db, source, source.live_number)
    found = []
    if live.proof is None:
        found.append("Its live revision has not reproduced its stored prediction.")
    if live.status not in (Status.ready, Status.degraded):
        found.append(f"Its live revision is {live.status}.")
    existing = _counterpart(db, source, target.slug)
    if existing is not None and existing.live_number is not None:
        there = revision_of(db, existing, existing.live_number)
        if there.proof == live.proof and there.proof is not None:
            found.append(f"{target.name} serves exactly this already.")
    return found


def track(db: Session, actor: trail.Who, deployment_id: uuid.UUID) -> TrackOut:
    """Show a deployment's model through the environments, and what it would take to promote it.

    Raises:
        DeploymentMissing: there is none with this id.
    """
    source = get(db, actor, deployment_id)
    rows = db.scalars(
        select(Deployment).where(
            Deployment.model_id == source.model_id, Deployment.name == source.name
        )
    )
    by_place = {row.environment: row for row in rows}
    own = revisions_of_many(db, [row.id for row in by_place.values()])
    places = environments.listed(db)
    found = []
    for at, place in enumerate(places):
        here = by_place.get(place.slug)
        following = places[at + 1] if at + 1 < len(places) else None
        found.append(_stage(db, place, here, own.get(here.id, []) if here else [], following))
    return TrackOut(stages=found)


def differences(db: Session, left: Environment, right: Environment) -> list[Difference]:
    """List in what two environments differ: variables, secrets by name, limits, policy, models."""
    facts = [_facts(db, row) for row in (left, right)]
    return [
        Difference(what=key, left=facts[0].get(key), right=facts[1].get(key))
        for key in sorted({*facts[0], *facts[1]})
        if facts[0].get(key) != facts[1].get(key)
    ]


def _stage(
    db: Session,
    place: Environment,
    here: Deployment | None,
    own: Sequence[Revision],
    following: Environment | None,
) -> StageOut:
    live = next((row for row in own if here and row.number == here.live_number), None)
    unmet = conditions(db, here, following) if here and following else []
    return StageOut(
        environment=place.slug,
        name=place.name,
        deployment_id=here.id if here else None,
        status=here.status if here else None,
        version=live.version if live else None,
        revision=live.number if live else None,
        weight=100 - here.candidate_weight if here and live else None,
        since=live.live_from if live else None,
        by=live.created_by_name if live else None,
        promoted_from=live.promoted_from if live else None,
        next_environment=following.slug if following else None,
        next_name=following.name if following else None,
        unmet=unmet,
    )


def _facts(db: Session, row: Environment) -> Mapping[str, str]:
    shown = stages.shown(db, row)
    found = {f"variable {name}": value for name, value in shown.variables.items()}
    found |= {f"secret {secret.name}": "set" for secret in shown.secrets}
    for part, values in (("limit", shown.quota), ("policy", shown.policy)):
        for name, value in values.model_dump(mode="json").items():
            if value is not None:
                found[f"{part} {name}"] = str(value)
    rows = list(db.scalars(select(Deployment).where(Deployment.environment == row.slug)))
    own = revisions_of_many(db, [entry.id for entry in rows])
    for entry in rows:
        live = next((r for r in own.get(entry.id, []) if r.number == entry.live_number), None)
        if live is not None:
            lock = (live.proof or "//").split("/")
            found[f"deployment {entry.name}"] = (
                f"{live.model_name} v{live.version}, {live.engine}, {live.cpu:g} cores, "
                f"{live.memory_gb:g} GB, files {lock[0][:12]}, lock {lock[1][:12]}"
            )
    return found


def _counterpart(db: Session, source: Deployment, slug: str) -> Deployment | None:
    return db.scalar(
        select(Deployment)
        .where(
            Deployment.environment == slug,
            Deployment.name == source.name,
            Deployment.model_id == source.model_id,
        )
        .with_for_update()
    )


def _new(db: Session, actor: trail.Who, source: Deployment, target: Environment) -> Deployment:
    now = utcnow()
    made = Deployment(
        id=uuid.uuid4(),
        environment=target.slug,
        name=environments.claimed_name(db, target.slug, source.name, source.model_name),
        model_id=source.model_id,
        model_name=source.model_name,
        status=Status.requested,
        last_number=0,
        candidate_weight=0,
        auto_configured=source.auto_configured,
        is_sample=source.is_sample,
        created_at=now,
        updated_at=now,
        created_by=actor.id,
        created_by_name=actor.name,
    )
    db.add(made)
    db.flush()
    return made
