"""Watches revisions that have not proved themselves yet: goes on, or goes back.

The reconciler asks for a look every two seconds; a look is a leased job, so that one process does
it and another takes over when that one dies. A look reads real traffic counts through
`ports.GuardMeasurements`, decides, and applies the decision only if nothing has changed meanwhile.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import asdict, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from modelyard_protocol.routing import ServerState
from modelyard_server.kernel import jobs, trail
from modelyard_server.kernel.clock import utcnow
from modelyard_server.kernel.db import Database
from modelyard_server.kernel.jobs import JobContext
from modelyard_server.kernel.tenancy import workspace_of
from modelyard_server.workspaces.access import System

from . import guards, shifting
from .errors import DeploymentMissing
from .history import Change
from .lookup import get, revisions
from .models import Deployment, Revision
from .pace import Seen, seen_of, start_clock
from .ports import ComputeDriver, GuardMeasurements, Measured, Publisher, RollbackObserver
from .schemas import Strategy
from .strategy import AT_ONCE, Step, is_over, says, steps_of

WATCH = "deployments.watch"
EVERY_SECONDS = 2.0
CRASHES = 2


def unproven(db: Session) -> list[uuid.UUID]:
    """Give the deployments that share traffic, or keep an old revision standing by."""
    query = select(Deployment.id).where(
        Deployment.candidate_number.is_not(None) | Deployment.fallback_number.is_not(None)
    )
    return list(db.scalars(query))


def ask(database: Database, workspace_id: int) -> None:
    """Enqueue a look at each unproven deployment of a workspace that has none waiting."""
    with database.session(workspace_id, write=False) as db:
        found = unproven(db)
    if not found:
        return
    with database.session(workspace_id) as db:
        for deployment_id in found:
            jobs.enqueue(
                db,
                WATCH,
                {"deployment_id": str(deployment_id)},
                workspace_id=workspace_of(db),
                dedupe_key=f"{WATCH}:{deployment_id}",
            )


class Look:
    """One look at one deployment."""

    def __init__(self, job: JobContext) -> None:
        assert job.workspace_id is not None  # noqa: S101 - enqueued with one
        self._database = job.database
        self._workspace_id: int = job.workspace_id
        self._deployment_id = uuid.UUID(job.payload["deployment_id"])
        self._measure: GuardMeasurements = job.services.get(GuardMeasurements)
        self._compute: ComputeDriver = job.services.get(ComputeDriver)
        self._publisher: Publisher = job.services.get(Publisher)
        self._observers: list[RollbackObserver] = job.services.every(RollbackObserver)

    def run(self) -> None:
        """Look, decide, apply; nothing is decided before the gateway shares traffic as asked."""
        with self._database.session(self._workspace_id, write=False) as db:
            found = self._found(db)
            if found is None:
                return
            deployment, own = found
            seen = seen_of(deployment, own)
            if seen is None:
                return
            plan = plan_of(next(row for row in own if row.number == seen.number))
            new = self._measured(db, own, seen.number, seen.since)
            old = self._measured(db, own, seen.old, self._before(seen))
        if seen.is_followed:
            reason = guards.breach(plan.guards, new, old)
            with self._database.session(self._workspace_id) as db:
                found = self._found(db, lock=True)
                if found is None or seen_of(*found) != seen:
                    return
                self._apply(db, *found, seen, reason, new, old)
        start_clock(self._database, self._workspace_id, self._deployment_id, self._publisher)

    def _before(self, seen: Seen) -> dt.datetime:
        """While traffic is shared both are measured at once, else the old one just before."""
        return seen.since if seen.is_shared else seen.since - dt.timedelta(hours=1)

    def _measured(
        self, db: Session, own: list[Revision], number: int, since: dt.datetime
    ) -> Measured:
        revision = next(row for row in own if row.number == number)
        found = self._measure.measure(db, self._deployment_id, number, revision.version, since)
        observed = self._compute.observed()
        servers = {server.id: server for server in observed.servers} if observed else {}
        server = servers.get(revision.server_key)
        if server is None:
            return found
        found = replace(
            found, silent_seconds=server.silent_seconds, silent_calls=server.silent_calls
        )
        if server.restarts < CRASHES or server.state == ServerState.ready:
            return found
        return replace(found, crash=server.reason or "it gave no reason")

    def _apply(
        self,
        db: Session,
        deployment: Deployment,
        own: list[Revision],
        seen: Seen,
        reason: str | None,
        new: Measured,
        old: Measured,
    ) -> None:
        now = utcnow()
        revision = next(row for row in own if row.number == seen.number)
        strategy = plan_of(revision)
        shifting.noted(
            revision, new=asdict(new), old=asdict(old), checked_at=now.isoformat(), breach=reason
        )
        if reason is not None:
            self._go_back(db, deployment, own, revision, reason, now)
        elif seen.is_shared:
            plan = steps_of(strategy)
            step = plan[min(seen.step, len(plan) - 1)]
            if is_over(step, seen.since, now) and not (revision.shift or {}).get("is_manual"):
                self._go_on(db, deployment, own, revision, plan, seen.step + 1, now)
        elif seen.until is not None and now >= seen.until:
            shifting.end_standby(
                deployment, own, f"Revision {seen.number} has proved itself; no longer on standby."
            )

    def _go_on(
        self,
        db: Session,
        deployment: Deployment,
        own: list[Revision],
        revision: Revision,
        plan: tuple[Step, ...],
        step: int,
        now: dt.datetime,
    ) -> None:
        wanted = plan[step]
        before = shifting.weights(deployment)
        if wanted.weight < 100:
            change = Change(now, revision.created_by_name, "Next step.")
            shifting.share(db, deployment, own, revision, wanted.weight, change, step=step)
        else:
            change = Change(now, revision.created_by_name, "Proved itself on a share.")
            complete(db, deployment, own, revision, change)
        after = _named(shifting.weights(deployment))
        self._record(db, "deployments.shift", deployment, before=before, after=after)

    def _go_back(
        self,
        db: Session,
        deployment: Deployment,
        own: list[Revision],
        revision: Revision,
        reason: str,
        now: dt.datetime,
    ) -> None:
        before = shifting.weights(deployment)
        said = f"Rolled back by itself: {reason}"
        shifting.take_back(db, deployment, own, Change(now, "Modelyard", said))
        revision.fault = "user"
        revision.steps = [
            {**step, "status": "failed", "detail": said} if step["name"] == "traffic" else step
            for step in revision.steps
        ]
        after = _named(shifting.weights(deployment))
        after |= {"reason": reason, "revision": revision.number}
        self._record(db, "deployments.guard_rolled_back", deployment, before=before, after=after)
        for observer in self._observers:
            observer.revision_taken_back(db, deployment.id, revision.number, reason)

    def _record(
        self,
        db: Session,
        action: str,
        deployment: Deployment,
        *,
        before: Mapping[int, int],
        after: dict[str, object],
    ) -> None:
        trail.record(
            db,
            System(self._workspace_id),
            action,
            object_type="deployment",
            object_id=deployment.id,
            object_name=f"{deployment.environment}/{deployment.name}",
            before=_named(before),
            after=after,
        )

    def _found(
        self, db: Session, *, lock: bool = False
    ) -> tuple[Deployment, list[Revision]] | None:
        try:
            deployment = get(db, System(self._workspace_id), self._deployment_id, lock=lock)
        except DeploymentMissing:
            return None
        return deployment, revisions(db, deployment.id)


def complete(
    db: Session,
    deployment: Deployment,
    own: list[Revision],
    revision: Revision,
    change: Change,
) -> None:
    """Give a revision all traffic, with the old one standing by as its strategy says."""
    last = steps_of(plan_of(revision))[-1]
    detail = "All traffic goes to this revision."
    if last.hold_seconds:
        detail = f"{detail} The old one stands by for {last.hold_seconds} s."
    shifting.begun(revision, len(steps_of(plan_of(revision))) - 1, change)
    shifting.go_live(db, deployment, own, revision, change, keep_seconds=last.hold_seconds or 0)
    revision.steps = [
        {**step, "status": "done", "detail": detail, "finished_at": change.at.isoformat()}
        if step["name"] == "traffic"
        else step
        for step in revision.steps
    ]


def plan_of(revision: Revision) -> Strategy:
    """Give the strategy a revision is rolled out with."""
    return Strategy.model_validate(revision.strategy) if revision.strategy else AT_ONCE


def describe(revision: Revision) -> str:
    """Give a revision's strategy as words."""
    return says(plan_of(revision))


def _named(weights: Mapping[int, int]) -> dict[str, object]:
    return {str(number): weight for number, weight in weights.items()}
