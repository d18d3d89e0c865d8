"""Adds up the kept rows of each hour for `joint`, in the background job that judges drift.

Bounded: an even sample of each hour, a few hours at a time; every hour again that got new rows.
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.orm import Session

from modelyard_server.artifacts.ports import BlobStore
from modelyard_server.kernel.clock import utcnow
from modelyard_server.kernel.db import Database

from . import baseline, capture, joint, joint_packing, measuring, reference_tables, sampling
from .joint import Model, Sums
from .models import CaptureSegment, JointHour, JointReference
from .policies import policy_of
from .policy import Keep
from .ports import Catalogue, Subject

HOUR = dt.timedelta(hours=1)
HOUR_ROWS = 4000
HOUR_FILES = 20
FIRST_ROWS = 1000  # live ones that become the reference where training logged none
LEAST_FIRST_ROWS = 500
REACH = dt.timedelta(days=8)
"""Hours that are older are not looked at; late rows of a day are."""
MOMENTS_KEPT, HOURS_KEPT = dt.timedelta(days=22), dt.timedelta(days=35)
MOST_HOURS = 24  # of one deployment and run; the rest follows
EVERY = dt.timedelta(minutes=5)
"""Hours of one deployment are not added up more often."""
MOST_PER_RUN = 100
MARGIN = dt.timedelta(seconds=15)
"""A segment that was being entered while an hour was read makes it due again."""
log = structlog.get_logger("modelyard.monitoring")
Of = tuple[uuid.UUID, int]


@dataclass(frozen=True, slots=True)
class Basis:
    """The stored reference of a version."""

    model: Model | None
    name: str | None
    """Of the table; `None`: the first live rows."""
    reason: str | None
    """Why there is no model."""
    kept: list[str]
    created_at: dt.datetime


def run(database: Database, catalogue: Catalogue, blobs: BlobStore, workspace_id: int) -> int:
    """Add up hours that have new rows; give how many."""
    with database.session(workspace_id, write=False) as db:
        subjects, lately = catalogue.every(db), _lately(db)
        waiting = (subject for subject in subjects if _of(subject) not in lately)
        due = [subject for subject in waiting if due_hours(db, _of(subject))]
    done = 0
    for subject in due:
        if done >= MOST_PER_RUN:
            break
        try:
            done += _one(database, catalogue, blobs, workspace_id, subject)
        except Exception:
            log.exception("joint_drift_failed", deployment_id=str(subject.deployment_id))
    return done


def _one(
    database: Database, catalogue: Catalogue, blobs: BlobStore, workspace_id: int, subject: Subject
) -> int:
    of, began = _of(subject), utcnow() - MARGIN
    with database.session(workspace_id, write=False) as db:
        held = basis_of(db, of)
        made = None if _is_good(db, of, held) else _learned(db, catalogue, blobs, subject)
        basis = made or held
        hours = due_hours(db, of) if made is None else sorted(_segments(db, of), reverse=True)
        counted: dict[dt.datetime, Sums] = {}
        for hour in hours[:MOST_HOURS] if basis is not None else ():
            counted[hour] = Sums()  # without a model it was looked at all the same
            if basis is not None and basis.model is not None:
                rows = _rows(db, blobs, of, hour, hour + HOUR)
                counted[hour] = joint.count(basis.model, _lists(rows))
    with database.session(workspace_id) as db:
        if not any(one.deployment_id == of[0] for one in catalogue.every(db)):
            return 0
        if made is not None:
            _keep_basis(db, of, made)
        for hour, sums in counted.items():
            _keep_hour(db, of, hour, sums, began)
    return len(counted)


def basis_of(db: Session, of: Of) -> Basis | None:
    """Give the stored reference of a version."""
    row = _reference(db, of)
    if row is None:
        return None
    model = None if row.model is None else joint_packing.unpack_model(row.model)
    return Basis(model, row.name, row.reason, row.kept, row.created_at)


def due_hours(db: Session, of: Of) -> list[dt.datetime]:
    """Give the hours whose rows are newer than their sums, the newest first."""
    query = select(JointHour.at, JointHour.computed_at).where(
        JointHour.deployment_id == of[0],
        JointHour.version == of[1],
        JointHour.at >= utcnow() - REACH - HOUR,
    )
    held = {row[0]: row[1] for row in db.execute(query)}
    written = _segments(db, of)
    return [
        hour
        for hour, newest in sorted(written.items(), reverse=True)
        if hour not in held or held[hour] <= newest
    ]


def window(db: Session, of: Of, model: Model, end: dt.datetime, hours: int) -> Sums:
    """Give the sums of so many hours before `end`."""
    query = select(JointHour).where(*_between(of, end - hours * HOUR, end))
    return joint.merged(_sums(model, row) for row in db.scalars(query))


def errors(
    db: Session, of: Of, since: dt.datetime, until: dt.datetime
) -> dict[dt.datetime, tuple[int, float]]:
    """Give rows and sum of errors by hour."""
    columns = (JointHour.at, JointHour.rows, JointHour.error)
    found = db.execute(select(*columns).where(*_between(of, since, until)))
    return {at: (rows, error) for at, rows, error in found}


def prune(db: Session, now: dt.datetime) -> None:
    """Drop what is old."""
    db.execute(
        update(JointHour)
        .where(JointHour.at < now - MOMENTS_KEPT, JointHour.moments.is_not(None))
        .values(moments=None)
    )
    db.execute(delete(JointHour).where(JointHour.at < now - HOURS_KEPT))


def _lately(db: Session) -> set[Of]:
    """Give the versions whose hours were added up a moment ago."""
    newest = func.max(JointHour.computed_at)
    columns = (JointHour.deployment_id, JointHour.version)
    query = select(*columns).group_by(*columns).having(newest > utcnow() - EVERY)
    return {(row[0], row[1]) for row in db.execute(query)}


def _of(subject: Subject) -> Of:
    return subject.deployment_id, measuring.watched_version(subject)


def _between(of: Of, since: dt.datetime, until: dt.datetime) -> list[ColumnElement[bool]]:
    return [
        JointHour.deployment_id == of[0],
        JointHour.version == of[1],
        JointHour.at >= since,
        JointHour.at < until,
    ]


def _sums(model: Model, row: JointHour) -> Sums:
    sums = Sums(rows=row.rows, error=row.error, squares=row.squares)
    if row.moments is None or not row.rows:
        return sums
    return joint_packing.unpack_sums(model, row.moments, sums)


def _is_good(db: Session, of: Of, held: Basis | None) -> bool:
    """Tell whether the stored reference is still that of the version and of what is kept."""
    if held is None:
        return False
    entry = reference_tables.find(db, of[0])
    if entry is not None and entry.version == of[1] and entry.created_at > held.created_at:
        return False
    return held.kept == _kept(db, of)


def _learned(db: Session, catalogue: Catalogue, blobs: BlobStore, subject: Subject) -> Basis | None:
    """Learn from training rows, else from the first live ones; `None`: there are too few yet."""
    of, now = _of(subject), utcnow()
    found = _trained(db, catalogue, blobs, subject)
    if found is None:
        first = _first_rows(db, blobs, of)
        if first is None:
            return None
        found = None, _lists(first)
    name, columns = found
    policy = policy_of(db, of[0])
    place = {name: at for at, name in enumerate(reference_tables.inputs_of(db, of[0]))}
    names = [name for name in columns if policy.of(_head(name)) is Keep.store]
    names.sort(key=lambda name: (place.get(_head(name), len(place)), len(name), name))
    own = {name: columns[name] for name in names}
    model = joint.fit(own)
    if isinstance(model, str):
        return Basis(None, name, model, _kept(db, of), now)
    return Basis(model, name, None, _kept(db, of), now)


def _trained(
    db: Session, catalogue: Catalogue, blobs: BlobStore, subject: Subject
) -> tuple[str | None, dict[str, list[Any]]] | None:
    """Give the training rows' columns that live rows have too."""
    of = _of(subject)
    table = catalogue.training_table(db, subject, of[1])
    if table is None:
        return None
    revision = max((n for n, v in subject.versions.items() if v == of[1]), default=0)
    signature = catalogue.signature(db, of[0], revision)
    inputs = [column.name for column in signature.inputs if column.shape is None]
    outputs = [column.name for column in signature.outputs]
    columns, _ = baseline.split_prediction(table.columns, inputs, outputs)
    newest = max(_segments(db, of), default=None)
    if newest is None:
        return None
    live = _rows(db, blobs, of, newest, newest + HOUR, most=FIRST_ROWS).inputs
    shared = {name: values for name, values in capture.flat(columns).items() if name in live}
    return (table.name, shared) if shared else None


def _first_rows(db: Session, blobs: BlobStore, of: Of) -> sampling.Sampled | None:
    """Read the first kept rows of a version, of the first hours that have enough."""
    hours = sorted(_segments(db, of))
    for until in hours[:MOST_HOURS]:
        segments = sampling.find(db, of[0], hours[0], until + HOUR)
        if sum(segment.rows for segment in segments) < LEAST_FIRST_ROWS:
            continue  # nothing is read for nothing
        found = _rows(db, blobs, of, hours[0], until + HOUR, most=FIRST_ROWS)
        if len(found) >= LEAST_FIRST_ROWS:
            return found
    return None


def _lists(rows: sampling.Sampled) -> dict[str, list[Any]]:
    return {name: list(column) for name, column in rows.inputs.items()}


def _rows(
    db: Session,
    blobs: BlobStore,
    of: Of,
    since: dt.datetime,
    until: dt.datetime,
    *,
    most: int | None = None,
) -> sampling.Sampled:
    """Read an even sample of a stretch, in one window."""
    step = max(1, int((until - since).total_seconds()))
    bounds = sampling.Bounds(most or HOUR_ROWS, HOUR_FILES)
    return sampling.read(db, blobs, *of, since, until, step, bounds)


def _kept(db: Session, of: Of) -> list[str]:
    """Give the declared inputs whose values capture keeps."""
    policy = policy_of(db, of[0])
    return sorted(n for n in reference_tables.inputs_of(db, of[0]) if policy.of(n) is Keep.store)


def _head(name: str) -> str:
    """Give the input that a spread column is a part of."""
    return name.split("[", 1)[0]


def _keep_basis(db: Session, of: Of, made: Basis) -> None:
    """Store a reference over the one that was there; sums on the old one are dropped."""
    row = _reference(db, of) or JointReference(deployment_id=of[0], version=of[1])
    row.name, row.kept, row.reason = made.name, made.kept, made.reason
    row.model = None if made.model is None else joint_packing.pack_model(made.model)
    row.created_at = made.created_at
    db.add(row)
    db.execute(
        delete(JointHour).where(JointHour.deployment_id == of[0], JointHour.version == of[1])
    )
    db.flush()


def _keep_hour(db: Session, of: Of, hour: dt.datetime, sums: Sums, at: dt.datetime) -> None:
    """Store the sums of an hour over those that were there."""
    row = db.scalar(
        select(JointHour).where(
            JointHour.deployment_id == of[0], JointHour.version == of[1], JointHour.at == hour
        )
    )
    row = row or JointHour(deployment_id=of[0], version=of[1], at=hour)
    row.rows, row.error, row.squares = sums.rows, sums.error, sums.squares
    row.moments = joint_packing.pack_sums(sums) if sums.rows else None
    row.computed_at = at
    db.add(row)
    db.flush()


def _reference(db: Session, of: Of) -> JointReference | None:
    return db.scalar(
        select(JointReference).where(
            JointReference.deployment_id == of[0], JointReference.version == of[1]
        )
    )


def _segments(db: Session, of: Of) -> dict[dt.datetime, dt.datetime]:
    """Give by hour when the newest segment with rows of it was written."""
    oldest = utcnow() - REACH
    query = select(
        CaptureSegment.first_at, CaptureSegment.last_at, CaptureSegment.created_at
    ).where(
        CaptureSegment.deployment_id == of[0],
        CaptureSegment.first_at >= oldest - dt.timedelta(days=1),
        CaptureSegment.last_at >= oldest,
    )
    found: dict[dt.datetime, dt.datetime] = {}
    for first, last, created in db.execute(query):
        hour = max(_start(first), _start(oldest))
        while hour <= last:
            found[hour] = max(found.get(hour, created), created)
            hour += HOUR
    return found


def _start(instant: dt.datetime) -> dt.datetime:
    return instant.replace(minute=0, second=0, microsecond=0)
