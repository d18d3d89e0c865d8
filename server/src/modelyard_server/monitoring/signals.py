"""Stored counts and verdicts as rules above monitoring read them: plain values, no tables."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import Session

from modelyard_server.kernel.clock import utcnow

from . import (
    constraint_counts,
    drift,
    joint_answers,
    lasting,
    profile,
    queries,
    safeguard_answers,
)
from .constraint_counts import Kept
from .delta import COARSE, FINE, HOUR
from .drift import ColumnDrift, Status, Verdict
from .ingest import stored_reference
from .measuring import watched_version
from .models import LoggedPrediction, Outcome, TrafficCount
from .ports import Subject
from .schemas import PredictionOut

__all__ = [
    "COARSE",
    "FINE",
    "HOUR",
    "Counted",
    "Judged",
    "Kept",
    "constraint_days",
    "constraints_kept",
    "counted",
    "drift_days",
    "joint",
    "joint_days",
    "logged",
    "outcomes_of",
    "safeguarded",
]


@dataclass(frozen=True, slots=True)
class Counted:
    """Calls of one revision in one stretch of stored time."""

    at: int
    """Start, epoch seconds."""
    requests: int
    errors_4xx: int
    errors_5xx: int
    latency: dict[str, int]
    """`modelyard_protocol.records.latency_bucket` → calls."""


@dataclass(frozen=True, slots=True)
class Judged:
    """The drift of one day: its end, the verdict, the columns."""

    until: dt.datetime
    verdict: Verdict
    columns: list[ColumnDrift]
    confirmed: frozenset[str]
    """Columns whose change lasts."""


def counted(
    db: Session,
    resolution: int,
    since: dt.datetime,
    until: dt.datetime,
    deployment_ids: Collection[uuid.UUID] | None = None,
) -> dict[uuid.UUID, list[Counted]]:
    """Give stored counts by deployment, oldest first; several rows per stretch are added later."""
    query = select(TrafficCount).where(
        TrafficCount.resolution == resolution, TrafficCount.at >= since, TrafficCount.at < until
    )
    if deployment_ids is not None:
        query = query.where(TrafficCount.deployment_id.in_(deployment_ids))
    found: dict[uuid.UUID, list[Counted]] = {}
    for row in db.scalars(query.order_by(TrafficCount.at)):
        made = Counted(
            int(row.at.timestamp()), row.requests, row.errors_4xx, row.errors_5xx, row.latency
        )
        found.setdefault(row.deployment_id, []).append(made)
    return found


def drift_days(
    db: Session, subject: Subject, since: dt.datetime, until: dt.datetime
) -> Iterator[Judged]:
    """Judge each whole day of a stretch against the training baseline, oldest first."""
    version = watched_version(subject)
    reference = stored_reference(db, subject.deployment_id, version)
    if reference is None or not reference.columns:
        return
    days: dict[int, list[lasting.Part]] = {}
    for at, found in queries.profiles(db, subject.deployment_id, version, since, until):
        days.setdefault((at - since).days, []).append((at, found))
    whole: list[profile.Profile] = []
    for day in range((until - since).days):
        parts = sorted(days.get(day, []), key=lambda part: part[0])
        current = profile.merge(counted for _, counted in parts)
        columns = drift.compare(reference.columns, current)
        end = since + dt.timedelta(days=day + 1)
        moved = {one.reference.name for one in columns if one.status is Status.drifting}
        before: partial[list[profile.Profile]] = partial(list, whole[:2])
        now = min(end, utcnow())
        lasts = lasting.confirmed(reference.columns, moved, parts, before, now)
        whole.insert(0, current)
        verdict = drift.judge_model(columns, profile.rows_in(current))
        yield Judged(end, verdict, columns, lasts)


@dataclass(frozen=True, slots=True)
class Together:
    """Whether the inputs moved together in a window that ended then. `names`: what changed most."""

    until: dt.datetime
    is_known: bool
    is_drifting: bool
    is_confirmed: bool
    rows: int
    reason: str
    value: float
    """Mean reconstruction error, or 0 where there is none."""
    limit: float
    is_out: bool
    """The error left its band; no column or pair alone says so."""
    names: tuple[str, ...] = ()


def joint(db: Session, subject: Subject) -> list[Together]:
    """Judge the inputs together over the last hour and the last day."""
    return [_together(one) for one in joint_answers.lately(db, subject)]


def joint_days(
    db: Session, subject: Subject, since: dt.datetime, until: dt.datetime
) -> list[Together]:
    """Give the same for each whole day of a stretch, oldest first."""
    return [_together(one) for one in joint_answers.days(db, subject, since, until)]


def _together(found: joint_answers.Found) -> Together:
    judged = found.judged
    pairs = [f"{one.first} and {one.second}" for one in judged.pairs if one.is_drifting]
    far = [one.name for one in judged.distances if one.is_drifting]
    return Together(
        found.until,
        judged.status in {"ok", "drifting"},
        judged.status == "drifting",
        found.is_confirmed,
        judged.rows,
        judged.reason,
        judged.error.value if judged.error else 0.0,
        judged.error.high if judged.error else 0.0,
        judged.error is not None and judged.error.is_out,
        (*far, *pairs),
    )


def constraints_kept(
    db: Session, deployment_id: uuid.UUID, since: dt.datetime, until: dt.datetime
) -> Kept | None:
    """Give how the rows of a stretch kept what is asked of them; `None`: nothing is asked."""
    return constraint_counts.judge(db, deployment_id, since, until)


def safeguarded(
    db: Session, deployment_id: uuid.UUID, since: dt.datetime, until: dt.datetime
) -> dict[str, int]:
    """Give how many calls of a stretch each safeguard held against."""
    return safeguard_answers.calls_of(db, deployment_id, since, until)


def constraint_days(
    db: Session, deployment_id: uuid.UUID, since: dt.datetime, until: dt.datetime
) -> Iterator[tuple[dt.datetime, Kept | None]]:
    """Give the same for each whole day of a stretch by its end, oldest first."""
    for day in range((until - since).days):
        start = since + dt.timedelta(days=day)
        end = start + dt.timedelta(days=1)
        yield end, constraint_counts.judge(db, deployment_id, start, end)


def logged(
    db: Session,
    deployment_id: uuid.UUID,
    since: dt.datetime,
    until: dt.datetime,
    *,
    only_failed: bool,
    limit: int,
) -> list[PredictionOut]:
    """Give logged calls of clients in a stretch, newest first."""
    query = select(LoggedPrediction).where(
        LoggedPrediction.deployment_id == deployment_id,
        LoggedPrediction.source == "live",
        LoggedPrediction.at >= since,
        LoggedPrediction.at < until,
    )
    if only_failed:
        query = query.where(LoggedPrediction.status >= 400)
    query = query.order_by(LoggedPrediction.at.desc(), LoggedPrediction.id.desc()).limit(limit)
    return [queries.prediction_out(row, {}) for row in db.scalars(query)]


def outcomes_of(
    db: Session, deployment_id: uuid.UUID, prediction_ids: Collection[str]
) -> dict[tuple[str, int], str]:
    """Give the newest outcome of predicted rows as JSON text, by prediction and row."""
    found: dict[tuple[str, int], str] = {}
    wanted = list(prediction_ids)
    for start in range(0, len(wanted), 500):
        rows = db.execute(
            select(Outcome.prediction_id, Outcome.row, Outcome.value).where(
                Outcome.deployment_id == deployment_id,
                Outcome.prediction_id.in_(wanted[start : start + 500]),
            )
        )
        found |= {(row[0], row[1]): row[2] for row in rows}
    return found
