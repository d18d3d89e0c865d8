"""Sharing traffic between what is live and another revision, from an alert."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Literal

from sqlalchemy.orm import Session

from modelyard_server.deployments import service as deployments
from modelyard_server.deployments.ports import Machine
from modelyard_server.deployments.schemas import RevisionCreate, Strategy, TrafficSet, Weight
from modelyard_server.kernel import errors
from modelyard_server.monitoring import service as monitoring
from modelyard_server.workspaces.access import Actor

from . import actions, handling, incidents
from .alert_schemas import ShiftPreview, ShiftSide
from .errors import NothingToShiftTo, ShiftMoved
from .models import Alert
from .schemas import Shift

NOTHING = "No other version has served here."
SHADOW = "A shadow is being tried; end it on the deployment's page first."
BUSY = "Another revision is on its way; wait until it serves."


@dataclass(frozen=True, slots=True)
class _Way:
    """Between whom traffic can be shared. `weight`: what the other one gets now."""

    live: deployments.Revision
    other: deployments.Revision
    weight: int
    is_shared: bool


def preview(db: Session, actor: Actor, alert_id: uuid.UUID) -> ShiftPreview:
    """Show both revisions side by side over the last hour, and what a share would mean.

    Raises:
        AlertMissing: there is none with this id.
    """
    alert = incidents.get(db, alert_id)
    way = _way(db, actor, alert)
    if isinstance(way, str):
        return ShiftPreview(sides=[], is_shared=False, calls_per_minute=0.0, reason=way)
    live = _side(db, actor, alert, way.live, "live", 100 - way.weight)
    other = _side(db, actor, alert, way.other, "other", way.weight)
    calls = monitoring.traffic(db, actor, alert.deployment_id, "1h").total.requests
    return ShiftPreview(
        sides=[live, other], is_shared=way.is_shared, calls_per_minute=calls / 60, reason=None
    )


def shift(db: Session, actor: Actor, alert_id: uuid.UUID, wanted: Shift, machine: Machine) -> Alert:
    """Give another revision a share of the traffic, and watch whether that mends it.

    One that serves already gets it at once; the version before is rolled out first, as a canary
    that stays at its share.

    Raises:
        AlertMissing, AlreadyResolved: there is no such open alert.
        NothingToShiftTo: no other version can take traffic.
        ShiftMoved: it is another revision by now than the one that was shown.
        VersionUnusable, VersionNotDeployable, NoCapacity, QuotaReached: it cannot be served.
        StrategyRefused: it takes other input, so that callers cannot be shared.
    """
    alert = handling.open_one(db, alert_id)
    way = _way(db, actor, alert)
    if isinstance(way, str):
        raise NothingToShiftTo(way)
    if way.other.number != wanted.revision:
        raise ShiftMoved(f"Revision {way.other.number} would get the share now; look again.")
    reason = (wanted.reason or "").strip() or f"Alert #{alert.number}: {alert.title}."
    if way.is_shared:
        weights = [
            Weight(revision=way.live.number, weight=100 - wanted.percent),
            Weight(revision=way.other.number, weight=wanted.percent),
        ]
        deployments.set_traffic(
            db, actor, alert.deployment_id, TrafficSet(weights=weights, reason=reason)
        )
    else:
        request = RevisionCreate(
            version=way.other.version,
            use_auto_config=False,
            config=deployments.config_of(way.other),
            strategy=Strategy(kind="canary", percent=wanted.percent, bake_seconds=None),
            reason=reason,
        )
        deployments.deploy_version(db, actor, alert.deployment_id, request, machine)
    what = f"Gave version {way.other.version} {wanted.percent} % of the traffic"
    actions.acted(db, actor, alert, what)
    return alert


def _way(db: Session, actor: Actor, alert: Alert) -> _Way | str:
    """Find between whom traffic can be shared, or why it cannot."""
    try:
        deployment = deployments.get(db, actor, alert.deployment_id)
    except errors.NotFound:
        return NOTHING
    own = {row.number: row for row in deployments.revisions(db, deployment.id)}
    live = own.get(deployment.live_number or 0)
    if live is None:
        return "Nothing is live."
    candidate = own.get(deployment.candidate_number or 0)
    if candidate is not None:
        if not deployment.shares_traffic:
            return SHADOW
        return _Way(live, candidate, deployment.candidate_weight, is_shared=True)
    if own[deployment.last_number].status in deployments.ROLLING_OUT:
        return BUSY
    number = deployments.previous_revision(list(own.values()), live)
    other = own.get(number or 0)
    if other is None or other.version == live.version:
        return NOTHING
    return _Way(live, other, 0, is_shared=False)


def _side(
    db: Session,
    actor: Actor,
    alert: Alert,
    revision: deployments.Revision,
    role: Literal["live", "other"],
    weight: int,
) -> ShiftSide:
    total = monitoring.traffic(db, actor, alert.deployment_id, "1h", revision=revision.number).total
    return ShiftSide(
        role=role,
        revision=revision.number,
        version=revision.version,
        weight=weight,
        requests=total.requests,
        error_rate=total.errors_5xx / total.requests if total.requests else None,
        p95_ms=total.p95_ms,
    )
