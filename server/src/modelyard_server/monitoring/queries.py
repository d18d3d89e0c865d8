"""Reads of traffic, logged calls and profiles."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import orjson
from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session

from modelyard_server.kernel import tenancy
from modelyard_server.kernel.http import Cursors, Page

from . import latency, profile
from .delta import EVER
from .models import DriftProfile, LoggedPrediction, TrafficCount
from .schemas import PredictionOut, TrafficPoint
from .spans import Span

MAX_PAGE = 200


@dataclass(slots=True)
class Calls:
    """Calls over a stretch of time."""

    requests: int = 0
    errors_4xx: int = 0
    errors_5xx: int = 0
    latency: latency.Counts = field(default_factory=dict)

    def add(self, row: TrafficCount) -> None:
        """Add stored counts."""
        self.requests += row.requests
        self.errors_4xx += row.errors_4xx
        self.errors_5xx += row.errors_5xx
        for bucket, calls in row.latency.items():
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
    query = select(TrafficCount).where(
        TrafficCount.resolution == span.resolution, TrafficCount.at >= since
    )
    for row in db.scalars(query):
        at = int((row.at - since).total_seconds()) // span.step_seconds
        if at < span.steps:
            total, steps = found[row.deployment_id]
            total.add(row)
            steps[at] += row.requests
    return found


def all_calls(db: Session) -> dict[uuid.UUID, Calls]:
    """Give each deployment's calls since its first; they never go down."""
    found: dict[uuid.UUID, Calls] = defaultdict(Calls)
    for row in db.scalars(select(TrafficCount).where(TrafficCount.resolution == EVER)):
        found[row.deployment_id].add(row)
    return found


def last_call(db: Session, deployment_id: uuid.UUID) -> dt.datetime | None:
    """Give when a client last called a deployment, also when the call failed."""
    return db.scalar(
        select(LoggedPrediction.at)
        .where(LoggedPrediction.deployment_id == deployment_id, LoggedPrediction.source == "live")
        .order_by(LoggedPrediction.at.desc(), LoggedPrediction.id.desc())
        .limit(1)
    )


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
        items=[_prediction(row, key_names) for row in rows[:limit]],
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


def _prediction(row: LoggedPrediction, key_names: dict[str, str]) -> PredictionOut:
    return PredictionOut(
        id=row.prediction_id,
        at=row.at,
        revision=row.revision,
        version=row.version,
        status=row.status,
        skin=row.skin,
        source=row.source,
        key_name=key_names.get(row.key_id) if row.key_id else None,
        total_ms=row.total_us / 1000,
        model_ms=None if row.model_us is None else row.model_us / 1000,
        rows=row.rows,
        inputs=orjson.loads(row.inputs) if row.inputs else None,
        outputs=orjson.loads(row.outputs) if row.outputs else None,
        error=row.error,
    )
