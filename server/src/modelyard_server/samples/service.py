"""Install, replay and remove samples. The work itself is in `jobs` and `project`."""

from __future__ import annotations

import uuid

from sqlalchemy import select
from sqlalchemy.orm import Session

from modelyard_server.kernel import jobs, trail
from modelyard_server.kernel.clock import utcnow
from modelyard_server.workspaces.access import Actor

from . import catalogue
from .errors import SampleBusy, SampleInstalled, SampleNeedsAPerson, SampleNotInstalled
from .models import InstalledSample

INSTALL, REPLAY, REMOVE = "samples.install", "samples.replay", "samples.remove"


def installed(db: Session) -> dict[str, InstalledSample]:
    """Give the workspace's installed samples by key."""
    return {row.key: row for row in db.scalars(select(InstalledSample))}


def find(db: Session, key: str) -> InstalledSample | None:
    """Give one installed sample.

    Raises:
        SampleMissing: there is no such sample.
    """
    catalogue.sample(key)
    return db.scalar(select(InstalledSample).where(InstalledSample.key == key))


def install(db: Session, actor: Actor, key: str) -> InstalledSample:
    """Start installing a sample, or try again after a failure.

    Raises:
        SampleMissing: there is no such sample.
        SampleInstalled: it is there, or on its way.
    """
    row = find(db, key)
    if row is not None and row.status != "failed":
        raise SampleInstalled("The sample project is installed already.")
    if row is None:
        row = InstalledSample(
            key=key,
            steps=catalogue.untouched_steps(),
            started_at=utcnow(),
            installed_by=_person(actor),
        )
        db.add(row)
    row.status, row.error, row.installed_by = "installing", None, _person(actor)
    _begin(db, actor, row, INSTALL, {})
    return row


def replay(db: Session, actor: Actor, key: str, *, drift: bool, rows: int) -> InstalledSample:
    """Send more traffic to an installed sample.

    Raises:
        SampleNotInstalled: it is not there.
        SampleBusy: it is being installed, removed, or sent traffic.
    """
    row = _idle(db, key)
    row.status = "installing"
    for step in ("traffic", "drift"):
        row.steps = catalogue.with_step(row.steps, step, status="pending", detail="", seconds=None)
    _begin(db, actor, row, REPLAY, {"drift": drift, "rows": rows})
    return row


def remove(db: Session, actor: Actor, key: str) -> None:
    """Start removing a sample with everything it made.

    Raises:
        SampleNotInstalled: it is not there.
        SampleBusy: it is being installed or sent traffic.
    """
    row = _idle(db, key)
    row.status = "removing"
    _begin(db, actor, row, REMOVE, {})


def _idle(db: Session, key: str) -> InstalledSample:
    row = find(db, key)
    if row is None:
        raise SampleNotInstalled("The sample project is not installed.")
    if row.status in {"installing", "removing"}:
        raise SampleBusy("The sample project is busy; wait until it has finished.")
    return row


def _begin(
    db: Session, actor: Actor, row: InstalledSample, kind: str, options: dict[str, object]
) -> None:
    db.flush()
    payload = {"key": row.key, "user_id": str(_person(actor)), "role": str(actor.role), **options}
    dedupe = f"{kind}:{row.workspace_id}:{row.key}"
    jobs.enqueue(db, kind, payload, workspace_id=row.workspace_id, dedupe_key=dedupe)
    name = catalogue.sample(row.key).title
    trail.record(
        db, actor, kind, object_type="sample", object_id=row.key, object_name=name, after=options
    )


def _person(actor: Actor) -> uuid.UUID:
    if actor.id is None:
        raise SampleNeedsAPerson("Only a person can install a sample project.")
    return actor.id
