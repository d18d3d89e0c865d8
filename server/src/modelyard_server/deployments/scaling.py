"""How many processes serve a deployment's revisions, and when they sleep."""

from __future__ import annotations

import uuid

from sqlalchemy.orm import Session

from modelyard_protocol.routing import ObservedState, Scaling
from modelyard_server.kernel import trail

from . import changes, environments, sleeping, stages
from .errors import NoCapacity, ScalingRefused
from .lookup import get, revision_of, revisions
from .models import Deployment
from .ports import Machine
from .scaling_schemas import ScalingOut, ScalingSet

_ALWAYS = ScalingSet.model_validate({})
_RESTS = ScalingSet(min_replicas=0, max_replicas=1, target_concurrency=4, idle_minutes=30)
_DEFAULTS = {"dev": _RESTS}


def settled(deployment: Deployment) -> ScalingSet:
    """Give what holds: its own, else the environment's default. Only in dev that is to sleep."""
    if deployment.scaling is not None:
        return ScalingSet.model_validate(deployment.scaling)
    return _DEFAULTS.get(deployment.environment, _ALWAYS)


def of_server(deployment: Deployment, *, is_only: bool) -> Scaling | None:
    """Give what the node is told; `None`: one process, always.

    Only a server without another one beside it may sleep: one that is rolled out or back to, or
    shares the traffic, must answer at once.
    """
    found = settled(deployment)
    idle = found.idle_minutes if is_only else None
    least = found.min_replicas if idle is not None else max(1, found.min_replicas)
    if least == found.max_replicas == 1:
        return None
    return Scaling(
        min_replicas=least,
        max_replicas=found.max_replicas,
        target_concurrency=found.target_concurrency,
        idle_seconds=None if idle is None else idle * 60,
    )


def set_scaling(
    db: Session, actor: trail.Who, deployment_id: uuid.UUID, wanted: ScalingSet, machine: Machine
) -> Deployment:
    """Change it; processes that run follow within a second.

    Raises:
        DeploymentMissing: there is none with this id.
        ScalingRefused: the numbers contradict each other.
        NoCapacity: this machine has not the memory for so many.
        QuotaReached: the environment has no room for so many.
    """
    deployment = get(db, actor, deployment_id, lock=True)
    _refuse_contradictions(wanted)
    _refuse_what_does_not_fit(db, deployment, wanted.max_replicas, machine)
    before = settled(deployment).model_dump()
    deployment.scaling = wanted.model_dump()
    action = "deployments.set_scaling"
    changes.record(db, actor, action, deployment, before=before, after=wanted.model_dump())
    return deployment


def reset(db: Session, actor: trail.Who, deployment_id: uuid.UUID) -> Deployment:
    """Forget what was set: the environment's default holds again.

    Raises:
        DeploymentMissing: there is none with this id.
    """
    deployment = get(db, actor, deployment_id, lock=True)
    before = settled(deployment).model_dump()
    deployment.scaling = None
    after = settled(deployment).model_dump()
    changes.record(db, actor, "deployments.reset_scaling", deployment, before=before, after=after)
    return deployment


def shown(db: Session, deployment: Deployment, observed: ObservedState | None) -> ScalingOut:
    """Give what holds, and how many processes answer for the live revision."""
    seen = None
    if observed is not None and deployment.live_number is not None:
        server_id = revision_of(db, deployment, deployment.live_number).server_key
        seen = next((one for one in observed.servers if one.id == server_id), None)
    slept = sleeping.of_revisions(revisions(db, deployment.id), observed)
    price = stages.price_of(environments.named(db, deployment.environment))
    return ScalingOut(
        **settled(deployment).model_dump(),
        is_default=deployment.scaling is None,
        replicas=seen.replicas if seen is not None else None,
        is_asleep=seen is not None and seen.is_asleep,
        memory_mb=seen.memory_mb if seen is not None else None,
        slept_seconds=round(sum(seconds for seconds, *_ in slept), 1),
        saved=sleeping.saved(price, slept) if price is not None else None,
    )


def _refuse_what_does_not_fit(
    db: Session, deployment: Deployment, most: int, machine: Machine
) -> None:
    newest = revision_of(db, deployment, deployment.last_number)
    memory_gb = newest.memory_gb * most
    if most > 1 and memory_gb > machine.memory_gb:
        raise NoCapacity(
            f"{most} processes of {newest.memory_gb:g} GB need more than the "
            f"{machine.memory_gb:.0f} GB of this machine.",
            extra={"missing": ["memory"]},
        )
    if most > deployment.most_processes:
        place = environments.named(db, deployment.environment)
        stages.refuse_beyond_quota(
            db, place, newest.cpu, newest.memory_gb, processes=most, of=deployment.id
        )


def _refuse_contradictions(wanted: ScalingSet) -> None:
    wrong = None
    if wanted.min_replicas > wanted.max_replicas:
        wrong = "min_replicas is above max_replicas"
    elif (wanted.min_replicas == 0) != (wanted.idle_minutes is not None):
        wrong = "idle_minutes goes with min_replicas 0, and min_replicas 0 with idle_minutes"
    if wrong is not None:
        raise ScalingRefused(
            f"That cannot be: {wrong}.", fields=[{"location": "body", "problem": wrong}]
        )
