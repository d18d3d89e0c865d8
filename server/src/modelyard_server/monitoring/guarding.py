"""Measures a revision for the guards of its rollout, from complete counts of real traffic."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from modelyard_server.deployments import service as deployments
from modelyard_server.deployments.ports import Measured
from modelyard_server.kernel import tenancy
from modelyard_server.workspaces.access import System

from . import latency, measuring
from .delta import FINE
from .drift import Status
from .evaluation import stored_only
from .measuring import Question
from .models import TrafficCount
from .profile import ColumnRole
from .queries import Calls


class TrafficGuards:
    """`deployments.ports.GuardMeasurements` over traffic counts and drift profiles."""

    def measure(
        self,
        db: Session,
        deployment_id: uuid.UUID,
        revision: int,
        version: int,
        since: dt.datetime,
    ) -> Measured:
        """Count a revision's calls since an instant, whole stretches only."""
        first = dt.datetime.fromtimestamp(-(-int(since.timestamp()) // FINE) * FINE, dt.UTC)
        query = select(TrafficCount).where(
            TrafficCount.deployment_id == deployment_id,
            TrafficCount.resolution == FINE,
            TrafficCount.revision == revision,
            TrafficCount.at >= first - dt.timedelta(seconds=FINE),
        )
        calls = Calls()
        for row in db.scalars(query):
            calls.add(row)
        moved, score = _drift(db, deployment_id, version) if calls.requests else (None, 0.0)
        return Measured(
            requests=calls.requests,
            errors_4xx=calls.errors_4xx,
            errors_5xx=calls.errors_5xx,
            p95_ms=latency.percentile_ms(calls.latency, 0.95),
            drift=moved,
            drift_score=score,
        )


def _drift(db: Session, deployment_id: uuid.UUID, version: int) -> tuple[str | None, float]:
    """Say which predictions of a version have moved in the last hour against training, and by how
    much the furthest ones.
    """
    actor = System(tenancy.workspace_of(db))
    subject = replace(deployments.monitored_one(db, actor, deployment_id), live_version=version)
    found = measuring.measure(db, subject, Question("1h"), stored_only)
    answers = [one for one in found.columns if one.reference.role is ColumnRole.prediction]
    moved = [column for column in answers if column.status is Status.drifting]
    scores = [column.score or 0.0 for column in answers]
    return moved[0].explain if moved else None, max(scores, default=0.0)
