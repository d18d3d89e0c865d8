"""Rollbacks and shares of traffic that people set. Each change is audited; none commits."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence

from sqlalchemy.orm import Session

from modelyard_protocol.routing import Override
from modelyard_server.kernel import trail
from modelyard_server.kernel.clock import utcnow
from modelyard_server.workspaces.access import System

from . import changes, environments, shifting, stages, traffic_plan, watch
from .errors import NothingToRollBackTo, ReasonNeeded, SchemaDiffers, WeightsWrong
from .history import Change
from .lookup import get, is_good, previous_revision, revision_of, revisions, standing
from .models import Deployment, Revision
from .schemas import RollbackRequest, TrafficSet
from .states import Status


def roll_back(
    db: Session, actor: trail.Who, deployment_id: uuid.UUID, request: RollbackRequest
) -> Revision:
    """Return to an earlier revision by repeating it as a new one.

    While a server of that revision still runs, traffic moves at once. Otherwise it is started from
    what is kept on this machine, without registry and builder.

    Raises:
        DeploymentMissing, RevisionMissing: there is nothing like that.
        NothingToRollBackTo: no other revision was ever live.
        ReasonNeeded: production asks why.
        SchemaDiffers: callers of the live revision send other columns, and nobody agreed to that.
    """
    deployment = get(db, actor, deployment_id, lock=True)
    own = revisions(db, deployment.id)
    live = next((row for row in own if row.number == deployment.live_number), None)
    shares = deployment.shares_traffic
    number = request.revision or (
        deployment.live_number if shares else previous_revision(own, live)
    )
    if number is None:
        raise NothingToRollBackTo("No earlier revision served anything else.")
    source = revision_of(db, deployment, number)
    if not is_good(source) or (source.number == deployment.live_number and not shares):
        raise NothingToRollBackTo(f"Revision {number} is live now, or was never good.")
    reason = _reason(db, deployment, request, f"Rolled back to revision {number}.")
    _refuse_other_columns(live, source, request)
    before = {"revision": deployment.live_number, "version": live.version if live else None}
    revision = _returned(db, actor, deployment, own, source, reason)
    after = {"revision": revision.number, "version": revision.version, "reason": reason}
    changes.record(db, actor, "deployments.roll_back", deployment, before=before, after=after)
    return revision


def adopt(db: Session, workspace_id: int, decided: Override) -> None:
    """Make a rollback that was decided on the node the state of the database, with its audit entry.

    Raises:
        DeploymentMissing, RevisionMissing: it is gone here; the node drops it with the address.
    """
    actor = System(workspace_id, name=f"{decided.by} (on the node)")
    deployment = get(db, actor, uuid.UUID(decided.deployment_id), lock=True)
    own = revisions(db, deployment.id)
    live = next((row for row in own if row.number == deployment.live_number), None)
    if live is None:
        return
    before = {"revision": live.number, "version": live.version}
    server_id = decided.good.server.id
    if live.server_key == server_id:
        if deployment.candidate_number is None:
            return  # taken over a moment ago
        change = Change(decided.at, actor.name, decided.reason)
        shifting.take_back(db, deployment, own, change, Status.stopping)
        revision = live
    else:
        source = revision_of(db, deployment, decided.good.revision)
        revision = changes.repeat(db, actor, deployment, source, decided.reason)
        _take_over(db, actor, deployment, source, revision, decided.reason, at=decided.at)
    after = {
        "revision": revision.number,
        "version": revision.version,
        "reason": decided.reason,
        "decided_at": decided.at.isoformat(),
    }
    action = "deployments.node_rolled_back"
    changes.record(db, actor, action, deployment, before=before, after=after)


def set_traffic(
    db: Session, actor: trail.Who, deployment_id: uuid.UUID, wanted: TrafficSet
) -> Deployment:
    """Share traffic between the live revision and the one that is being rolled out.

    From then on only guards and people move it: the strategy's own steps stop. All to the new one
    completes its rollout, all to the live one ends it.

    Raises:
        DeploymentMissing: there is none with this id.
        WeightsWrong: they do not sum to 100, or name revisions that share no traffic.
    """
    deployment = get(db, actor, deployment_id, lock=True)
    own = revisions(db, deployment.id)
    before = shifting.weights(deployment)
    asked = {entry.revision: entry.weight for entry in wanted.weights}
    if sum(asked.values()) != 100 or len(asked) != len(wanted.weights):
        raise _wrong(f"The weights sum to {sum(asked.values())}, not to 100.")
    candidate = deployment.candidate_number
    if candidate is None or not set(asked) <= {candidate, deployment.live_number}:
        known = " and ".join(f"revision {number}" for number in before) or "nothing"
        raise _wrong(f"Traffic is shared by {known}; roll a version out as a canary first.")
    revision = revision_of(db, deployment, candidate)
    weight = asked.get(candidate, 0)
    reason = (wanted.reason or "").strip() or f"Set by {actor.name}."
    change = Change(utcnow(), actor.name, reason)
    if weight == 100:
        watch.complete(db, deployment, own, revision, change)
    elif weight == 0:
        shifting.take_back(db, deployment, own, change, Status.stopping)
    else:
        step = int((revision.shift or {}).get("step", 0))
        shifting.share(db, deployment, own, revision, weight, change, step=step)
        shifting.noted(revision, is_manual=True)
    changes.record(
        db,
        actor,
        "deployments.set_traffic",
        deployment,
        before={str(key): value for key, value in before.items()},
        after={
            **{str(key): v for key, v in shifting.weights(deployment).items()},
            "reason": reason,
        },
    )
    return deployment


def _returned(
    db: Session,
    actor: trail.Who,
    deployment: Deployment,
    own: Sequence[Revision],
    source: Revision,
    reason: str,
) -> Revision:
    if deployment.shares_traffic and source.number == deployment.live_number:
        change = Change(utcnow(), actor.name, reason)
        shifting.take_back(db, deployment, own, change, Status.stopping)
        return source
    is_warm = source.number == deployment.fallback_number and source.has_server
    revision = changes.repeat(db, actor, deployment, source, reason)
    if is_warm and source.proof is not None:
        _take_over(db, actor, deployment, source, revision, reason)
    else:
        changes.enqueue(db, revision)
    return revision


def _take_over(
    db: Session,
    actor: trail.Who,
    deployment: Deployment,
    source: Revision,
    revision: Revision,
    reason: str,
    *,
    at: dt.datetime | None = None,
) -> None:
    """Put the new revision live on the server that still runs: nothing has to start."""
    now = at or utcnow()
    revision.server_id, revision.has_server = source.server_key, True
    source.has_server, source.status = False, Status.stopped
    source.status_reason = f"Its server answers for revision {revision.number}."
    deployment.fallback_number = deployment.fallback_until = None
    said = "The server of an earlier revision still ran."
    revision.steps = [
        {
            **step,
            "status": "done",
            "detail": said,
            "started_at": now.isoformat(),
            "finished_at": now.isoformat(),
        }
        for step in revision.steps
    ]
    revision.status = Status.starting  # its server runs already
    own = revisions(db, deployment.id)
    bad = deployment.live_number
    change = Change(now, actor.name, reason)
    shifting.go_live(db, deployment, own, revision, change, keep_seconds=0)
    for row in own:
        if row.number == bad:
            row.has_server = False
    standing(deployment, own)


def _reason(db: Session, deployment: Deployment, request: RollbackRequest, default: str) -> str:
    given = (request.reason or "").strip()
    if stages.policy_of(environments.named(db, deployment.environment)).needs_reason and not given:
        raise ReasonNeeded(
            "Say why: production keeps the reason with the rollback.",
            fields=[{"location": "reason", "problem": "is needed in production"}],
        )
    return given or default


def _refuse_other_columns(
    live: Revision | None, source: Revision, request: RollbackRequest
) -> None:
    if live is None or request.accept_schema_change:
        return
    wrong = traffic_plan.differences(live.signature, source.signature)
    if wrong:
        raise SchemaDiffers(
            f"Revision {source.number} takes other input: {'; '.join(wrong)}. Callers would be "
            "refused. Send accept_schema_change to go back anyway.",
            extra={"differences": wrong},
        )


def _wrong(reason: str) -> WeightsWrong:
    return WeightsWrong(reason, fields=[{"location": "body.weights", "problem": reason}])
