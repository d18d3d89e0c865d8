"""Judges every deployment on a schedule: each hour's end for good, the running one anew.

A window that late rows touched is judged again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from modelyard_server.kernel.clock import utcnow
from modelyard_server.kernel.db import Database

from . import history, ingest, measuring, queries
from .measuring import Question
from .models import DriftProfile, DriftResult
from .ports import Catalogue, Subject
from .reference import Reference
from .schemas import DriftWindow

HOUR, LATE = dt.timedelta(hours=1), dt.timedelta(hours=24)
EVERY_SECONDS = 300.0  # a running window is not judged more often
WINDOWS: tuple[DriftWindow, ...] = ("1h", "24h", "7d")
MOST_PER_RUN = 200  # deployments of one workspace; the rest follow a minute later
log = structlog.get_logger("modelyard.monitoring")


def run(database: Database, catalogue: Catalogue, workspace_id: int) -> int:
    """Judge what has new rows; give the number of deployments."""
    with database.session(workspace_id, write=False) as db:
        due = _due(db, catalogue.every(db))
    for subject in due[:MOST_PER_RUN]:
        with database.session(workspace_id) as db:
            judge(db, subject)
    return len(due[:MOST_PER_RUN])


def judge(db: Session, subject: Subject) -> None:
    """Judge every window of one deployment now, and hours that ended or got late rows since."""
    of = (subject.deployment_id, measuring.watched_version(subject))
    now = utcnow()
    for window in WINDOWS:
        measured = measuring.measure(db, subject, Question(window), stored_only)
        history.keep(db, of, measured)
    for end in _unfinished(db, of, now):
        last = end - dt.timedelta(seconds=1)
        measured = measuring.measure_at(db, subject, Question("1h"), stored_only, last)
        history.keep(db, of, measured)


def _unfinished(db: Session, of: history.Of, now: dt.datetime) -> list[dt.datetime]:
    """Give ended hours of the last day whose rows are newer than their verdict."""
    current = history.hour_end(now)
    since = current - LATE
    touched: dict[dt.datetime, dt.datetime] = {}
    query = select(DriftProfile.at, DriftProfile.updated_at).where(
        DriftProfile.deployment_id == of[0],
        DriftProfile.version == of[1],
        DriftProfile.at >= since - HOUR,
    )
    for at, updated in db.execute(query):
        end = history.hour_end(at + dt.timedelta(seconds=1))
        touched[end] = max(touched.get(end, updated), updated)
    held = select(DriftResult.at, DriftResult.computed_at).where(
        DriftResult.deployment_id == of[0],
        DriftResult.version == of[1],
        DriftResult.window == "1h",
        DriftResult.at >= since,
    )
    judged = {row[0]: row[1] for row in db.execute(held)}
    return [
        end
        for end, updated in touched.items()
        if since <= end < current and (end not in judged or judged[end] < max(updated, end))
    ]


def stored_only(db: Session, subject: Subject, version: int) -> Reference | None:
    """Give the reference that ingest made; reading training tables is not for a schedule."""
    return ingest.stored_reference(db, subject.deployment_id, version)


def _due(db: Session, subjects: Sequence[Subject]) -> list[Subject]:
    """Give the subjects whose rows are newer than their verdict, the longest unjudged first."""
    versions = {s.deployment_id: measuring.watched_version(s) for s in subjects}
    counted = queries.last_profiled(db, list(versions.items()))
    judged = _judged(db)
    now = utcnow()
    due: list[tuple[dt.datetime, Subject]] = []
    for subject in subjects:
        of = (subject.deployment_id, versions[subject.deployment_id])
        newest, held = counted.get(of), judged.get(of)
        if newest is None:
            continue
        if held is None or (newest > held and (now - held).total_seconds() >= EVERY_SECONDS):
            due.append((held or dt.datetime.min.replace(tzinfo=dt.UTC), subject))
    return [subject for _, subject in sorted(due, key=lambda pair: pair[0])]


def _judged(db: Session) -> dict[history.Of, dt.datetime]:
    recent = utcnow() - dt.timedelta(days=3)
    query = select(DriftResult.deployment_id, DriftResult.version, DriftResult.computed_at).where(
        DriftResult.window == "1h", DriftResult.at >= recent
    )
    found: dict[history.Of, dt.datetime] = {}
    for deployment_id, version, at in db.execute(query):
        of = (deployment_id, version)
        found[of] = max(found.get(of, at), at)
    return found
