"""How good the predictions of a time really were, from outcomes joined to them."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from dataclasses import dataclass
from typing import Literal

import numpy as np
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from modelyard_protocol.package import DType
from modelyard_server.deployments import service as deployments
from modelyard_server.kernel import errors, trail
from modelyard_server.kernel.clock import utcnow

from . import quality, spans
from .delta import HOUR
from .models import Outcome, TrafficCount
from .outcome_schemas import Measure, QualityOut, QualityPoint, QualityRange
from .outcomes import WAIT
from .quality import Floats
from .spans import Span
from .writing import instant

Task = Literal["classification", "regression"]
FEW = 30  # outcomes; below, a metric says little
_REAL = frozenset({DType.float, DType.double})


@dataclass(frozen=True, slots=True)
class _Asked:
    """Joined outcomes of one deployment in a stretch of time."""

    db: Session
    deployment_id: uuid.UUID
    first: int
    last: int
    step: int

    def windows(self) -> list[int]:
        """Give where each window starts."""
        return list(range(self.first, self.last, self.step))

    def start_of(self, hour: int) -> int:
        """Give the start of the window that holds an hour."""
        return self.first + (hour - self.first) // self.step * self.step


def read(
    db: Session, actor: trail.Who, deployment_id: uuid.UUID, asked: QualityRange
) -> QualityOut:
    """Give realised quality over a range, per window of prediction time.

    Raises:
        DeploymentMissing: there is no such deployment.
    """
    deployments.monitored_one(db, actor, deployment_id)
    span = spans.QUALITY[asked]
    since, until = spans.bounds(span, utcnow())
    over = _asked(db, deployment_id, span, since, until)
    task: Task = "regression" if _is_regression(over) else "classification"
    calls, covered = _calls(over), _covered(over)
    pairs = _pairs(over) if task == "classification" else {}
    numbers = _numbers(over) if task == "regression" else {}

    def point(starts: list[int]) -> QualityPoint:
        measures, n = _measure_pairs(pairs, starts)
        if task == "regression":
            measures, n = _measure_numbers(numbers, starts)
        return _point(starts, n, measures, calls, covered)

    windows = over.windows()
    return QualityOut(
        range=asked,
        since=since,
        until=until,
        step_seconds=span.step_seconds,
        task=task,
        total=point(windows),
        points=[point([start]) for start in windows],
        classes=quality.classes(_summed(pairs, windows)),
        **_facts(over),
    )


def _asked(
    db: Session, deployment_id: uuid.UUID, span: Span, since: dt.datetime, until: dt.datetime
) -> _Asked:
    first, last = int(since.timestamp()), int(until.timestamp())
    return _Asked(db, deployment_id, first, last, span.step_seconds)


def _is_regression(over: _Asked) -> bool:
    """A model with real outputs estimates; one that declares none is judged by what it said."""
    try:
        outputs = deployments.signature_of(over.db, over.deployment_id).outputs
    except errors.NotFound:
        outputs = ()
    if outputs:
        return outputs[0].dtype in _REAL
    query = select(Outcome.id).where(
        *_inside(over), Outcome.predicted_number.is_not(None), Outcome.predicted.contains(".")
    )
    return over.db.scalar(query.limit(1)) is not None


def _inside(over: _Asked) -> list[ColumnElement[bool]]:
    return [
        Outcome.deployment_id == over.deployment_id,
        Outcome.hour >= over.first,
        Outcome.hour < over.last,
    ]


_Windowed = dict[int, dict[tuple[str, str], int]]


def _pairs(over: _Asked) -> _Windowed:
    query = (
        select(Outcome.hour, Outcome.predicted, Outcome.actual, func.count())
        .where(*_inside(over))
        .group_by(Outcome.hour, Outcome.predicted, Outcome.actual)
    )
    found: _Windowed = defaultdict(lambda: defaultdict(int))
    for hour, predicted, actual, count in over.db.execute(query):
        found[over.start_of(int(hour or 0))][str(predicted), str(actual)] += count
    return found


def _summed(pairs: _Windowed, starts: list[int]) -> dict[tuple[str, str], int]:
    total: dict[tuple[str, str], int] = defaultdict(int)
    for start in starts:
        for pair, count in pairs.get(start, {}).items():
            total[pair] += count
    return total


def _measure_pairs(pairs: _Windowed, starts: list[int]) -> tuple[list[Measure], int]:
    summed = _summed(pairs, starts)
    return quality.classification(summed), sum(summed.values())


def _numbers(over: _Asked) -> dict[int, Floats]:
    """Give predicted and actual numbers per window, one row each."""
    query = select(Outcome.hour, Outcome.predicted_number, Outcome.actual_number).where(
        *_inside(over), Outcome.predicted_number.is_not(None), Outcome.actual_number.is_not(None)
    )
    found: dict[int, list[tuple[float, float]]] = defaultdict(list)
    for hour, predicted, actual in over.db.execute(query):
        found[over.start_of(int(hour or 0))].append((float(predicted or 0), float(actual or 0)))
    return {start: np.array(rows, dtype=np.float64) for start, rows in found.items()}


def _measure_numbers(numbers: dict[int, Floats], starts: list[int]) -> tuple[list[Measure], int]:
    parts = [numbers[start] for start in starts if start in numbers]
    if not parts:
        return [], 0
    rows = np.concatenate(parts)
    return quality.regression(rows[:, 0], rows[:, 1]), len(rows)


def _calls(over: _Asked) -> dict[int, int]:
    """Give answered calls per window, complete also where the log was pruned."""
    query = select(TrafficCount).where(
        TrafficCount.deployment_id == over.deployment_id,
        TrafficCount.resolution == HOUR,
        TrafficCount.at >= instant(over.first),
        TrafficCount.at < instant(over.last),
    )
    found: dict[int, int] = defaultdict(int)
    for row in over.db.scalars(query):
        answered = row.requests - row.errors_4xx - row.errors_5xx
        found[over.start_of(int(row.at.timestamp()))] += answered
    return found


def _covered(over: _Asked) -> dict[int, int]:
    """Give calls with at least one outcome per window."""
    query = (
        select(Outcome.hour, func.count(Outcome.prediction_id.distinct()))
        .where(*_inside(over))
        .group_by(Outcome.hour)
    )
    found: dict[int, int] = defaultdict(int)
    for hour, count in over.db.execute(query):
        found[over.start_of(int(hour or 0))] += count
    return found


def _point(
    starts: list[int],
    n: int,
    measures: list[Measure],
    calls: dict[int, int],
    covered: dict[int, int],
) -> QualityPoint:
    answered = sum(calls.get(start, 0) for start in starts)
    known = sum(covered.get(start, 0) for start in starts)
    return QualityPoint(
        at=instant(starts[0]),
        n=n,
        calls=answered,
        coverage=min(1.0, known / answered) if answered else None,
        few=n < FEW,
        measures=measures,
    )


def _facts(over: _Asked) -> dict[str, int | None]:
    db, inside = over.db, _inside(over)
    joined = _count(over, *inside)
    median = db.scalar(
        select(Outcome.delay_seconds)
        .where(*inside)
        .order_by(Outcome.delay_seconds)
        .offset(max(0, joined - 1) // 2)
        .limit(1)
    )
    lost = [Outcome.deployment_id == over.deployment_id, Outcome.hour.is_(None)]
    waits = Outcome.received_at >= utcnow() - WAIT
    return {
        "corrected": _count(over, *inside, Outcome.corrections > 0),
        "waiting": _count(over, *lost, waits),
        "unknown": _count(over, *lost, ~waits),
        "median_delay_seconds": median,
    }


def _count(over: _Asked, *where: ColumnElement[bool]) -> int:
    return over.db.scalar(select(func.count()).select_from(Outcome).where(*where)) or 0
