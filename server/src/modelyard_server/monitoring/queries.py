"""Reads of traffic, logged calls and profiles."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import orjson
from sqlalchemy import Text, cast, func, or_, select, tuple_
from sqlalchemy.orm import Session

from modelyard_protocol.records import Source
from modelyard_server.kernel import tenancy
from modelyard_server.kernel.clock import utcnow
from modelyard_server.kernel.http import Cursors, Page

from . import latency, profile
from .delta import COARSE, DAY, EVER, FINE, HOUR
from .models import DriftProfile, LoggedPrediction, Outcome, TrafficCount
from .schemas import PredictionOut, TrafficPoint
from .spans import Span

MAX_PAGE = 200
CALLED_DAYS = 90


@dataclass(slots=True)
class Calls:
    """Calls over a stretch of time."""

    requests: int = 0
    errors_4xx: int = 0
    errors_5xx: int = 0
    latency: latency.Counts = field(default_factory=dict)

    def add(self, row: TrafficCount) -> None:
        """Add stored counts."""
        self.sum(row.requests, row.errors_4xx, row.errors_5xx, row.latency)

    def sum(self, requests: int, refused: int, failed: int, counts: Mapping[str, int]) -> None:
        """Add counts."""
        self.requests += requests
        self.errors_4xx += refused
        self.errors_5xx += failed
        for bucket, calls in counts.items():
            at = int(bucket)
            self.latency[at] = self.latency.get(at, 0) + calls

    def as_point(self, at: dt.datetime) -> TrafficPoint:
        """Give the wire shape."""
        return TrafficPoint(
            at=at,
            requests=self.requests,
            errors_4xx=self.errors_4xx,
            errors_5xx=self.errors_5xx,
            p50_ms=latency.percentile_ms(self.latency, 0.50),
            p95_ms=latency.percentile_ms(self.latency, 0.95),
            p99_ms=latency.percentile_ms(self.latency, 0.99),
        )


def traffic(
    db: Session,
    span: Span,
    since: dt.datetime,
    *,
    deployment_id: uuid.UUID,
    revision: int | None = None,
) -> tuple[Calls, list[Calls]]:
    """Give the total and one entry per step from `since` on."""
    query = select(TrafficCount).where(
        TrafficCount.deployment_id == deployment_id,
        TrafficCount.resolution == span.resolution,
        TrafficCount.at >= since,
    )
    if revision is not None:
        query = query.where(TrafficCount.revision == revision)
    total, steps = Calls(), [Calls() for _ in range(span.steps)]
    for row in db.scalars(query):
        at = int((row.at - since).total_seconds()) // span.step_seconds
        if at < span.steps:
            steps[at].add(row)
            total.add(row)
    return total, steps


def fleet_traffic(
    db: Session, span: Span, since: dt.datetime
) -> dict[uuid.UUID, tuple[Calls, list[int]]]:
    """Give each deployment's total and its number of calls per step."""
    found: dict[uuid.UUID, tuple[Calls, list[int]]] = defaultdict(
        lambda: (Calls(), [0] * span.steps)
    )
    buckets: dict[uuid.UUID, dict[str, int]] = defaultdict(dict)
    query = select(
        TrafficCount.deployment_id,
        TrafficCount.at,
        TrafficCount.requests,
        TrafficCount.errors_4xx,
        TrafficCount.errors_5xx,
        cast(TrafficCount.latency, Text),  # very many rows: read here, by the faster reader
    ).where(TrafficCount.resolution == span.resolution, TrafficCount.at >= since)
    for deployment_id, at, requests, refused, failed, counts in db.execute(query):
        step = int((at - since).total_seconds()) // span.step_seconds
        if step < span.steps:
            total, steps = found[deployment_id]
            total.sum(requests, refused, failed, {})
            steps[step] += requests
            held = buckets[deployment_id]
            for bucket, calls in orjson.loads(counts).items():
                held[bucket] = held.get(bucket, 0) + calls
    for deployment_id, held in buckets.items():
        found[deployment_id][0].sum(0, 0, 0, held)
    return found


def last_calls(db: Session) -> dict[uuid.UUID, dt.datetime]:
    """Give when clients last called each deployment, to the stored step; `CALLED_DAYS` back."""
    now = utcnow()
    recent = or_(
        TrafficCount.resolution == FINE,
        (TrafficCount.resolution == COARSE) & (TrafficCount.at >= now - dt.timedelta(days=1)),
        (TrafficCount.resolution == HOUR) & (TrafficCount.at >= now - dt.timedelta(days=7)),
        (TrafficCount.resolution == DAY)
        & (TrafficCount.at >= now - dt.timedelta(days=CALLED_DAYS)),
    )
    query = (
        select(TrafficCount.deployment_id, func.max(TrafficCount.at))
        .where(recent)
        .group_by(TrafficCount.deployment_id)
    )
    return {row[0]: row[1] for row in db.execute(query)}


def calls_with_outcomes(db: Session, since: dt.datetime) -> dict[uuid.UUID, int]:
    """Give how many calls of each deployment have an outcome of at least one row."""
    query = (
        select(Outcome.deployment_id, func.count(Outcome.prediction_id.distinct()))
        .where(Outcome.hour >= int(since.timestamp()))
        .group_by(Outcome.deployment_id)
    )
    return {row[0]: row[1] for row in db.execute(query)}


def all_calls(db: Session) -> dict[uuid.UUID, Calls]:
    """Give each deployment's calls since its first; they never go down."""
    found: dict[uuid.UUID, Calls] = defaultdict(Calls)
    for row in db.scalars(select(TrafficCount).where(TrafficCount.resolution == EVER)):
        found[row.deployment_id].add(row)
    return found


def predictions(
    db: Session,
    cursors: Cursors,
    deployment_id: uuid.UUID,
    *,
    key_names: dict[str, str],
    status: Literal["all", "ok", "error"],
    cursor: str | None,
    limit: int,
) -> Page[PredictionOut]:
    """Give logged calls, newest first."""
    limit = max(1, min(limit, MAX_PAGE))
    scope = f"{tenancy.workspace_of(db)}:predictions:{deployment_id}:{status}"
    place = tuple_(LoggedPrediction.at, LoggedPrediction.id)
    query = select(LoggedPrediction).where(LoggedPrediction.deployment_id == deployment_id)
    if status == "ok":
        query = query.where(LoggedPrediction.status < 400)
    elif status == "error":
        query = query.where(LoggedPrediction.status >= 400)
    if cursor is not None:
        at, row_id = cursors.open(scope, cursor)
        query = query.where(place < (dt.datetime.fromisoformat(at), uuid.UUID(row_id)))
    query = query.order_by(LoggedPrediction.at.desc(), LoggedPrediction.id.desc())
    rows = db.scalars(query.limit(limit + 1)).all()
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(
        items=[prediction_out(row, key_names) for row in rows[:limit]],
        next_cursor=cursors.seal(scope, [last.at.isoformat(), str(last.id)]) if last else None,
        total=None,
    )


def profiles(
    db: Session,
    deployment_id: uuid.UUID,
    version: int,
    since: dt.datetime,
    until: dt.datetime,
) -> list[tuple[dt.datetime, profile.Profile]]:
    """Give the counted stretches of a version in a window."""
    query = select(DriftProfile.at, DriftProfile.columns).where(
        DriftProfile.deployment_id == deployment_id,
        DriftProfile.version == version,
        DriftProfile.at >= since,
        DriftProfile.at < until,
    )
    return [(row[0], profile.unpack(row[1])) for row in db.execute(query)]


def newest_profiles(
    db: Session, deployment_id: uuid.UUID, version: int
) -> Iterator[tuple[dt.datetime, profile.Profile]]:
    """Give the counted stretches of a version, newest first."""
    query = (
        select(DriftProfile.at, DriftProfile.columns)
        .where(DriftProfile.deployment_id == deployment_id, DriftProfile.version == version)
        .order_by(DriftProfile.at.desc())
    )
    for at, columns in db.execute(query.execution_options(yield_per=50)):
        yield at, profile.unpack(columns)


def last_profiled(
    db: Session, versions: Sequence[tuple[uuid.UUID, int]]
) -> dict[tuple[uuid.UUID, int], dt.datetime]:
    """Give when rows of each version were last counted."""
    query = (
        select(DriftProfile.deployment_id, DriftProfile.version, func.max(DriftProfile.updated_at))
        .where(DriftProfile.deployment_id.in_({deployment for deployment, _ in versions}))
        .group_by(DriftProfile.deployment_id, DriftProfile.version)
    )
    return {(row[0], row[1]): row[2] for row in db.execute(query)}


def _caller(row: LoggedPrediction, key_names: dict[str, str]) -> str | None:
    if row.source == Source.batch:
        return "Batch"
    return key_names.get(row.key_id) if row.key_id else None


def prediction_out(row: LoggedPrediction, key_names: dict[str, str]) -> PredictionOut:
    """Give the wire shape of a logged call."""
    return PredictionOut(
        id=row.prediction_id,
        at=row.at,
        revision=row.revision,
        version=row.version,
        status=row.status,
        skin=row.skin,
        source=row.source,
        key_name=_caller(row, key_names),
        total_ms=row.total_us / 1000,
        model_ms=None if row.model_us is None else row.model_us / 1000,
        rows=row.rows,
        inputs=orjson.loads(row.inputs) if row.inputs else None,
        outputs=orjson.loads(row.outputs) if row.outputs else None,
        error=row.error,
    )
