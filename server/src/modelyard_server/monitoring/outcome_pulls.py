"""Pulls of outcomes: asked for, kept part by part, and written down.

What was read moves on in the transaction that keeps the outcomes, so a pull that is killed goes on
where it was: nothing is lost, and nothing is kept twice.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections import Counter
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from modelyard_server.deployments import service as deployments
from modelyard_server.kernel import tenancy, trail
from modelyard_server.kernel.clock import utcnow
from modelyard_server.kernel.crypto import RootKey
from modelyard_server.workspaces.access import System

from . import outcome_sources, outcomes
from .entity_outcomes import Terms
from .errors import OutcomeSourceUnknown
from .models import OutcomePull
from .outcome_rows import as_outcome
from .outcome_source_schemas import OutcomeColumns, Place, PullCounts
from .ports import PulledRows

KEPT_PULLS = 100
SHOWN_PROBLEMS = 20
_COUNTS = tuple(name for name in PullCounts.model_fields if name not in {"problems", "reasons"})
BROKEN = "The pull broke off inside Modelyard; the log of the server says why."
CHANGED = "The connection was changed while it was read; the next pull reads it as it is now."


@dataclass(frozen=True, slots=True)
class Begun:
    """A connection as it was when a pull began."""

    pull_id: uuid.UUID
    deployment_id: uuid.UUID
    place: Place
    columns: OutcomeColumns
    mark: dict[str, Any] | None
    as_of: dt.datetime
    hashing: bytes
    """Hashes entities as capture does."""


def ask(
    db: Session, actor: trail.Who, deployment_id: uuid.UUID, *, from_start: bool = False
) -> None:
    """Pull at once instead of when it is due.

    Raises:
        DeploymentMissing: there is no such deployment.
        OutcomeSourceUnknown: it has no data connection.
    """
    subject = deployments.monitored_one(db, actor, deployment_id)
    row = outcome_sources.find(db, deployment_id, lock=True)
    if row is None:
        raise OutcomeSourceUnknown(outcome_sources.UNKNOWN)
    if from_start:
        row.mark, row.updated_at = None, utcnow()  # a pull that runs stops
    outcome_sources.enqueue(db, row, actor.name)
    trail.record(
        db,
        actor,
        "monitoring.outcome_pull_asked",
        object_type="deployment",
        object_id=deployment_id,
        object_name=subject.name,
        after={"target": row.target, "from_start": from_start},
    )


def begin(db: Session, key: RootKey, job_id: uuid.UUID, payload: dict[str, Any]) -> Begun | None:
    """Open a connection to be read; `None`: it was removed meanwhile. Run twice, it goes on."""
    deployment_id = uuid.UUID(payload["deployment_id"])
    row = outcome_sources.find(db, deployment_id)
    if row is None:
        return None
    if _pull(db, job_id) is None:
        db.add(
            OutcomePull(
                id=job_id,
                deployment_id=deployment_id,
                started_at=utcnow(),
                asked_by_name=payload["asked_by_name"],
                counts=PullCounts().model_dump(),
            )
        )
        _prune(db, deployment_id)
    place, columns = outcome_sources.opened(key, row), OutcomeColumns.model_validate(row.columns)
    hashing = key.derive("capture")
    return Begun(job_id, deployment_id, place, columns, row.mark, row.updated_at, hashing)


def keep(db: Session, begun: Begun, part: PulledRows) -> bool:
    """Keep a part's outcomes, counts and mark together; tell whether the reading may go on.

    Raises:
        OutcomesCollided: another request wrote the same rows at the same moment.
    """
    row, pull = outcome_sources.find(db, begun.deployment_id, lock=True), _pull(db, begun.pull_id)
    if row is None or pull is None or row.updated_at != begun.as_of:
        return False
    if part.rows:
        came = outcomes.receive(
            db,
            System(tenancy.workspace_of(db)),
            begun.deployment_id,
            [as_outcome(one) for one in part.rows],
            Terms(begun.hashing, begun.columns.within_seconds),
        )
        before = PullCounts.model_validate(pull.counts)
        new = [f"Row {before.received + p.index + 1}: {p.problem}" for p in came.problems]
        sums = {name: getattr(before, name) + getattr(came, name) for name in _COUNTS}
        problems = [*before.problems, *new][:SHOWN_PROBLEMS]
        reasons = Counter(before.reasons) + Counter(came.reasons)
        found = PullCounts(**sums, reasons=dict(reasons), problems=problems)
        pull.counts = found.model_dump()
    row.mark = part.mark
    return True


def finish(db: Session, begun: Begun, error: str | None, *, has_more: bool = False) -> None:
    """Write down that a pull ended, and why when it failed."""
    row, pull = outcome_sources.find(db, begun.deployment_id, lock=True), _pull(db, begun.pull_id)
    if pull is not None:
        pull.ended_at, pull.error = utcnow(), error
    if row is not None and (has_more or row.updated_at != begun.as_of):
        row.next_at = utcnow()


def _pull(db: Session, pull_id: uuid.UUID) -> OutcomePull | None:
    return db.scalar(select(OutcomePull).where(OutcomePull.id == pull_id))


def _prune(db: Session, deployment_id: uuid.UUID) -> None:
    """Keep the newest pulls; of those that were due and found nothing, none before this one."""
    of_it = OutcomePull.deployment_id == deployment_id
    rows = db.scalars(select(OutcomePull).where(of_it).order_by(OutcomePull.started_at.desc()))
    for place, row in enumerate(rows.all()):
        was_idle = row.asked_by_name is None and row.error is None and not row.counts["received"]
        if place >= KEPT_PULLS or (was_idle and row.ended_at is not None):
            db.delete(row)
