"""How good the predictions of a time really were, from outcomes joined to them."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from modelyard_protocol.package import DType
from modelyard_server.deployments import service as deployments
from modelyard_server.kernel import errors, trail
from modelyard_server.kernel.clock import utcnow
from modelyard_server.kernel.lazily import lazily

from . import delays, quality, scored, scoring, spans
from . import worth as value
from .delta import HOUR
from .models import Outcome, TrafficCount
from .outcome_schemas import QualityOut, QualityPoint, QualityRange, Task
from .outcomes import WAIT
from .quality import Floats, Pairs
from .spans import Span
from .worth import Worth
from .writing import instant

if TYPE_CHECKING:
    import numpy as np
else:
    np = lazily("numpy")
FEW = 30  # outcomes; below, a metric says little
_Windowed = dict[int, dict[tuple[str, str], int]]
_REAL = frozenset({DType.float, DType.double})


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of the outcomes of a range, by window."""

    task: Task
    pairs: _Windowed
    numbers: dict[int, Floats]
    """Predicted and actual."""
    scores: dict[int, Floats]
    """Probability of the positive class, and 1 where it was of it."""
    calls: dict[int, int]
    covered: dict[int, int]
    delays: delays.Delays
    worth: Worth | None


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
    known = _known(over)
    windows = over.windows()
    return QualityOut(
        range=asked,
        since=since,
        until=until,
        step_seconds=span.step_seconds,
        task=known.task,
        currency=known.worth.currency if known.worth else None,
        total=_point(over, known, windows),
        points=[_point(over, known, [start]) for start in windows],
        classes=quality.classes(_summed(known.pairs, windows)),
        **_facts(over),
    )


def task_of(db: Session, deployment_id: uuid.UUID, since: dt.datetime, until: dt.datetime) -> Task:
    """Tell whether a deployment's outcomes are classes or numbers."""
    over = _Asked(db, deployment_id, int(since.timestamp()), int(until.timestamp()), HOUR)
    return "regression" if _is_regression(over) and not _is_score(over) else "classification"


def is_positive(label: str | None) -> bool:
    """Tell whether an outcome is of the class that a score is the probability of."""
    return scoring.is_positive(label) is True


def _known(over: _Asked) -> _Known:
    worth = value.find(over.db, over.deployment_id)
    calls, covered, late = _calls(over), _covered(over), delays.of(over.db, over.deployment_id)
    if not _is_regression(over):
        pairs, scores = _pairs(over), _scores(over)
        return _Known("classification", pairs, {}, scores, calls, covered, late, worth)
    numbers = _numbers(over)
    if not _is_score(over):
        return _Known("regression", {}, numbers, {}, calls, covered, late, worth)
    return _Known("classification", _cut(numbers), {}, numbers, calls, covered, late, worth)


def _cut(numbers: dict[int, Floats]) -> _Windowed:
    """Make classes of probabilities: positive from a half on."""
    found: _Windowed = {}
    for start, rows in numbers.items():
        said, was = rows[:, 0] >= 0.5, rows[:, 1] == 1
        found[start] = {
            (str(int(left)), str(int(right))): int(((said == left) & (was == right)).sum())
            for left in (False, True)
            for right in (False, True)
            if ((said == left) & (was == right)).any()
        }
    return found


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
        return outputs[0].dtype in _REAL and not _has(over, Outcome.score.is_not(None))
    return _has(over, Outcome.predicted_number.is_not(None), Outcome.predicted.contains("."))


def _is_score(over: _Asked) -> bool:
    """Numbers between 0 and 1 whose outcomes are only 0 and 1 are probabilities."""
    numbers = Outcome.predicted_number.is_not(None)
    return _has(over, numbers) and not _has(
        over,
        numbers,
        or_(
            Outcome.predicted_number < 0,
            Outcome.predicted_number > 1,
            Outcome.actual_number.is_(None),
            Outcome.actual_number.not_in((0.0, 1.0)),
        ),
    )


def _has(over: _Asked, *where: ColumnElement[bool]) -> bool:
    query = select(Outcome.id).where(*_inside(over), *where)
    return over.db.scalar(query.limit(1)) is not None


def _inside(over: _Asked) -> list[ColumnElement[bool]]:
    return [
        Outcome.deployment_id == over.deployment_id,
        Outcome.hour >= over.first,
        Outcome.hour < over.last,
    ]


def _pairs(over: _Asked) -> _Windowed:
    query = (
        select(Outcome.hour, Outcome.predicted, Outcome.actual, func.count())
        .where(*_inside(over))
        .group_by(Outcome.hour, Outcome.predicted, Outcome.actual)
    )
    found: dict[int, dict[tuple[str, str], int]] = defaultdict(lambda: defaultdict(int))
    for hour, predicted, actual, count in over.db.execute(query):
        found[over.start_of(int(hour or 0))][str(predicted), str(actual)] += count
    return found


def _summed(pairs: _Windowed, starts: list[int]) -> dict[tuple[str, str], int]:
    total: dict[tuple[str, str], int] = defaultdict(int)
    for start in starts:
        for pair, count in pairs.get(start, {}).items():
            total[pair] += count
    return total


def _scores(over: _Asked) -> dict[int, Floats]:
    """Give score and 1 for a positive outcome per window, one row each."""
    query = select(Outcome.hour, Outcome.score, Outcome.actual).where(
        *_inside(over), Outcome.score.is_not(None)
    )
    return _windowed(
        over, ((hour, score, is_positive(was)) for hour, score, was in over.db.execute(query))
    )


def _numbers(over: _Asked) -> dict[int, Floats]:
    """Give predicted and actual numbers per window, one row each."""
    query = select(Outcome.hour, Outcome.predicted_number, Outcome.actual_number).where(
        *_inside(over), Outcome.predicted_number.is_not(None), Outcome.actual_number.is_not(None)
    )
    return _windowed(over, over.db.execute(query))


def _windowed(over: _Asked, rows: Iterable[Any]) -> dict[int, Floats]:
    found: dict[int, list[tuple[float, float]]] = defaultdict(list)
    for hour, first, second in rows:
        found[over.start_of(int(hour or 0))].append((float(first or 0), float(second or 0)))
    return {start: np.array(pairs, dtype=np.float64) for start, pairs in found.items()}


def _gathered(windows: dict[int, Floats], starts: list[int]) -> Floats:
    parts = [windows[start] for start in starts if start in windows]
    return np.concatenate(parts) if parts else np.empty((0, 2))


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


def _point(over: _Asked, known: _Known, starts: list[int]) -> QualityPoint:
    answered = sum(known.calls.get(start, 0) for start in starts)
    covered = sum(known.covered.get(start, 0) for start in starts)
    pairs = _summed(known.pairs, starts)
    numbers, scores = _gathered(known.numbers, starts), _gathered(known.scores, starts)
    n = sum(pairs.values()) if known.task == "classification" else len(numbers)
    measures = quality.classification(pairs) if pairs else []
    if len(numbers):
        measures = quality.regression(numbers[:, 0], numbers[:, 1])
    measures += scored.measures(scores[:, 0], scores[:, 1])
    return QualityPoint(
        at=instant(starts[0]),
        n=n,
        calls=answered,
        coverage=min(1.0, covered / answered) if answered else None,
        maturity=known.delays.maturity(starts[0], starts[-1] + over.step),
        value=_worth(known.worth, pairs, numbers) if n else None,
        few=n < FEW,
        measures=measures,
    )


def _worth(worth: Worth | None, pairs: Pairs, numbers: Floats) -> float | None:
    if worth is None:
        return None
    if len(numbers):
        return worth.of_numbers(numbers[:, 0], numbers[:, 1])
    return worth.of_pairs(pairs)


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
