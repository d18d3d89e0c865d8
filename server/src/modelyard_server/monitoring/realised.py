"""How good the predictions of a time really were, from outcomes joined to them."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from modelyard_protocol.package import DType
from modelyard_server.deployments import service as deployments
from modelyard_server.kernel import errors, tenancy, trail
from modelyard_server.kernel.clock import utcnow
from modelyard_server.kernel.recent import Unchanged

from . import (
    delays,
    entity_outcomes,
    outcome_hours,
    outcome_packing,
    outcome_windows,
    ranking,
    spans,
)
from . import worth as value
from .delta import HOUR
from .models import Outcome, TrafficCount
from .outcome_schemas import QualityOut, QualityPoint, QualityRange
from .outcome_windows import Summary, Windows
from .recall import WAIT
from .worth import Worth
from .writing import instant

FEW = 30  # outcomes; below, a metric says little
_REAL = frozenset({DType.float, DType.double})
_kept: Unchanged[Windows] = Unchanged(most=1000)


def read(
    db: Session,
    actor: trail.Who,
    deployment_id: uuid.UUID,
    asked: QualityRange,
    k: int = ranking.K,
) -> QualityOut:
    """Give realised quality over a range, per window of prediction time.

    `k`: how many places of a ranking count.

    Raises:
        DeploymentMissing: there is no such deployment.
    """
    deployments.monitored_one(db, actor, deployment_id)
    span = spans.QUALITY[asked]
    since, until = spans.bounds(span, utcnow())
    first, step = int(since.timestamp()), span.step_seconds
    found = windows(db, deployment_id, (first, int(until.timestamp()), step), k)
    worth, late = value.find(db, deployment_id), delays.of(db, deployment_id)
    calls = _calls(db, deployment_id, since, until)
    points: list[QualityPoint] = []
    for start in range(first, int(until.timestamp()), step):
        answered = sum(n for at, n in calls.items() if start <= at < start + step)
        mature = late.maturity(start, start + step)
        points.append(_point(start, found.by_start.get(start, Summary()), answered, mature, worth))
    mature = late.maturity(first, int(until.timestamp()))
    return QualityOut(
        range=asked,
        since=since,
        until=until,
        step_seconds=step,
        task=found.task,
        k=k if found.task == "ranking" else None,
        currency=worth.currency if worth else None,
        total=_point(first, found.total, sum(calls.values()), mature, worth),
        points=points,
        classes=list(found.classes),
        corrected=found.corrected,
        median_delay_seconds=found.median_delay,
        **_lost(db, deployment_id),
    )


def windows(
    db: Session, deployment_id: uuid.UUID, over: tuple[int, int, int], k: int = ranking.K
) -> Windows:
    """Add up the outcomes of a stretch; what has not changed since is not added up again.

    `over`: first and last second, and the length of a window.
    """
    first, last, step = over
    is_real = declares_numbers(db, deployment_id)
    state = outcome_hours.state(db, deployment_id, first, last)
    key = (tenancy.workspace_of(db), deployment_id, over, k, is_real)
    held = _kept.get(key, state)
    if held is not None:
        return held
    table = outcome_hours.measured(db, deployment_id, first, last)
    made = outcome_windows.summarise(table, first, step, is_real=is_real, k=k)
    del table
    outcome_packing.give_back()
    if state is not None:
        _kept.keep(key, state, made)
    return made


def declares_numbers(db: Session, deployment_id: uuid.UUID) -> bool | None:
    """Tell whether the model declares real numbers as its answer; `None`: it declares nothing."""
    try:
        outputs = deployments.signature_of(db, deployment_id).outputs
    except errors.NotFound:
        return None
    return outputs[0].dtype in _REAL if outputs else None


def _calls(
    db: Session, deployment_id: uuid.UUID, since: dt.datetime, until: dt.datetime
) -> dict[int, int]:
    """Give answered calls per hour, complete also where the log was pruned."""
    query = select(
        TrafficCount.at,
        func.sum(TrafficCount.requests - TrafficCount.errors_4xx - TrafficCount.errors_5xx),
    ).where(
        TrafficCount.deployment_id == deployment_id,
        TrafficCount.resolution == HOUR,
        TrafficCount.at >= since,
        TrafficCount.at < until,
    )
    found = db.execute(query.group_by(TrafficCount.at))
    return {int(at.timestamp()): int(answered) for at, answered in found}


def _point(
    start: int, found: Summary, answered: int, mature: float | None, worth: Worth | None
) -> QualityPoint:
    return QualityPoint(
        at=instant(start),
        n=found.n,
        calls=answered,
        coverage=min(1.0, found.covered / answered) if answered else None,
        maturity=mature,
        value=_worth(worth, found) if found.n else None,
        few=found.n < FEW,
        measures=list(found.measures),
    )


def _worth(worth: Worth | None, found: Summary) -> float | None:
    if worth is None or not (found.pairs or found.off is not None):
        return None
    if found.off is not None:
        return worth.of_numbers(found.n, found.off)
    return worth.of_pairs(found.pairs)


def _lost(db: Session, deployment_id: uuid.UUID) -> dict[str, int]:
    lost = [Outcome.deployment_id == deployment_id, Outcome.hour.is_(None)]
    waits = Outcome.received_at >= utcnow() - WAIT
    counted = select(func.count()).select_from(Outcome)
    named = entity_outcomes.lost(db, deployment_id)
    return {
        "waiting": (db.scalar(counted.where(*lost, waits)) or 0) + named["waiting"],
        "unknown": (db.scalar(counted.where(*lost, ~waits)) or 0) + named["unknown"],
    }
