"""Runs: start, change, finish, delete, restore."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from modelyard_server.artifacts import service as artifacts
from modelyard_server.kernel import trail

from . import changes, experiments, ingest, names, points
from .errors import NOT_ACTIVE, NotActive, RunMissing, ValueRefused
from .models import ACTIVE, DELETED, LoggedModel, Run

STATUSES = ("RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED")
_ENDED = ("FINISHED", "FAILED", "KILLED")
_UID = re.compile(r"[0-9a-f]{32}")
_LONGEST_NAME = 250
NAME_TAG = "mlflow.runName"


@dataclass(frozen=True, slots=True)
class NewRun:
    """What a client says about a run it starts."""

    experiment_id: str
    name: str | None
    started_ms: int | None
    tags: dict[str, str]


def create(db: Session, actor: trail.Who, new: NewRun) -> Run:
    """Start a run.

    Raises:
        ExperimentMissing: there is no such experiment.
        NotActive: the experiment is deleted.
        ValueRefused: a tag is too long, or name and name tag differ.
    """
    experiment = experiments.get_active(db, new.experiment_id)
    tagged = new.tags.get(NAME_TAG)
    if new.name and tagged and new.name != tagged:
        raise ValueRefused(
            f"Both 'run_name' argument and '{NAME_TAG}' tag are specified, but with different "
            f"values (run_name='{new.name[:80]}', {NAME_TAG}='{tagged[:80]}')."
        )
    name = _checked_name(new.name or tagged or names.a_name())
    number = time_ordered_number()
    row = Run(
        id=number,
        uid=_uid_of(number),
        experiment_id=experiment.id,
        name=name,
        user_name=actor.name[:256],
        status="RUNNING",
        lifecycle_stage=ACTIVE,
        started_ms=new.started_ms if new.started_ms is not None else now_ms(),
        ended_ms=None,
    )
    db.add(row)
    db.flush()
    ingest.write_tags(db, ingest.target_of(row), {**new.tags, NAME_TAG: name})
    _record(db, actor, "create", row, after={"experiment": experiment.name, "name": name})
    return row


def get(db: Session, run_id: str, *, lock: bool = False) -> Run:
    """Give a run, deleted or not.

    Raises:
        RunMissing: there is none.
    """
    row = None
    if _UID.fullmatch(run_id):
        wanted = select(Run).where(Run.uid == run_id)
        row = db.scalars(wanted.with_for_update() if lock else wanted).one_or_none()
    if row is None:
        raise RunMissing(f"Run with id={run_id[:64]} not found.")
    return row


def get_active(db: Session, run_id: str) -> Run:
    """Give a run that takes changes.

    Raises:
        RunMissing: there is none.
        NotActive: it is deleted.
    """
    row = get(db, run_id)
    if row.lifecycle_stage != ACTIVE:
        raise NotActive(NOT_ACTIVE.format(run_id))
    return row


def change(
    db: Session,
    actor: trail.Who,
    run_id: str,
    *,
    status: str | None = None,
    ended_ms: int | None = None,
    name: str | None = None,
) -> Run:
    """Finish, resume or rename a run. Only its client says when it ended.

    Raises:
        RunMissing: there is none.
        NotActive: it is deleted.
        ValueRefused: no such status, or the name is too long.
    """
    row = get_active(db, run_id)
    if status is not None and status not in STATUSES:
        raise ValueRefused(f"A run's status is one of {', '.join(STATUSES)}.")
    before = {"status": row.status, "name": row.name}
    if name:
        row.name = _checked_name(name)
        ingest.write_tags(db, ingest.target_of(row), {NAME_TAG: name})
    if status is not None:
        row.status = status
        row.ended_ms = row.ended_ms if status in _ENDED else None
    if ended_ms is not None:
        row.ended_ms = ended_ms
    db.flush()
    after = {"status": row.status, "name": row.name}
    if after != before:
        finished = row.status in _ENDED and before["status"] not in _ENDED
        _record(db, actor, "finish" if finished else "change", row, before=before, after=after)
    return row


def mark_deleted(db: Session, actor: trail.Who, run_id: str) -> None:
    """Hide a run; restoring brings it back.

    Raises:
        RunMissing: there is none.
    """
    row = get(db, run_id)
    if row.lifecycle_stage != DELETED:
        row.lifecycle_stage, row.deleted_ms = DELETED, now_ms()
        _record(db, actor, "delete", row, before={"name": row.name})


def restore(db: Session, actor: trail.Who, run_id: str) -> None:
    """Bring a deleted run back.

    Raises:
        RunMissing: there is none.
    """
    row = get(db, run_id)
    if row.lifecycle_stage != ACTIVE:
        row.lifecycle_stage, row.deleted_ms = ACTIVE, None
        _record(db, actor, "restore", row, after={"name": row.name})


def delete_permanently(db: Session, actor: trail.Who, run_id: str) -> None:
    """Remove a run with all it logged, its models and files.

    Raises:
        RunMissing: there is none.
    """
    row = get(db, run_id)
    made = list(db.scalars(select(LoggedModel.id).where(LoggedModel.source_run_id == run_id)))
    for prefix in (f"runs/{row.uid}/", *(f"models/{model_id}/" for model_id in made)):
        artifacts.delete_below(db, prefix)
    if made:
        db.execute(delete(LoggedModel).where(LoggedModel.id.in_(made)))
    _record(db, actor, "delete_permanently", row, before={"name": row.name})
    changes.note(db, row.id, row.experiment_id)
    db.execute(delete(Run).where(Run.id == row.id))
    points.remove(db, row.id)  # after who writes to it
    db.expunge(row)


def set_name(db: Session, run: ingest.Target, name: str) -> None:
    """Follow a change of the tag `mlflow.runName`."""
    db.execute(update(Run).where(Run.id == run.id).values(name=_checked_name(name)))


def now_ms() -> int:
    """Give the time as clients count it."""
    return time.time_ns() // 1_000_000


def time_ordered_number() -> int:
    """Milliseconds in the high bits; 21 random bits keep numbers of one millisecond apart."""
    return now_ms() << 21 | secrets.randbits(21)


def _uid_of(number: int) -> str:
    """Give a new id whose order among equals is MLflow's: the smallest one is the newest run."""
    return f"{2**63 - 1 - number:016x}{secrets.token_hex(8)}"


def _checked_name(name: str) -> str:
    if len(name) > _LONGEST_NAME or "\0" in name:
        raise ValueRefused(f"A run's name has at most {_LONGEST_NAME} characters.")
    return name


def _record(
    db: Session,
    actor: trail.Who,
    verb: str,
    row: Run,
    *,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
) -> None:
    trail.record(
        db,
        actor,
        f"runs.{verb}",
        object_type="run",
        object_id=row.uid,
        object_name=row.name,
        before=None if before is None else dict(before),
        after=None if after is None else dict(after),
    )
