"""One signal of a deployment over time, from the counts that are kept long enough for the window.

Counts of 15 seconds answer an hour, of five minutes a day, of an hour a month and of a day a year;
`retention` says how long each is kept.
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Literal, assert_never

from sqlalchemy import select
from sqlalchemy.orm import Session

from modelyard_server.artifacts.ports import BlobStore
from modelyard_server.deployments import service as deployments
from modelyard_server.kernel import trail
from modelyard_server.kernel.clock import utcnow
from modelyard_server.kernel.errors import DomainError

from . import estimates, history, queries, realised, spans
from .delta import DAY
from .estimate_schemas import EstimatePoint
from .models import DriftResult
from .outcome_schemas import Measure, QualityOut, QualityPoint, QualityRange
from .ports import Subject
from .queries import Calls
from .series_schemas import Percentile, SeriesOut, SeriesPoint, SeriesSignal, SeriesWindow

_OUTCOMES: dict[SeriesWindow, QualityRange] = {
    "1h": "24h", "24h": "24h", "7d": "7d", "30d": "30d", "90d": "90d", "1y": "90d",
}  # fmt: skip
NO_CALLS = "No calls in this time."
NO_VERDICT = "No verdict was reached in this time: it takes 100 rows."
NO_OUTCOMES = "No outcomes have come for this time."
NO_VALUE = "Nobody has said what outcomes are worth."


@dataclass(frozen=True, slots=True)
class Asked:
    """What of a deployment. `feature`: a column's drift, else the share of attention that moved."""

    signal: SeriesSignal
    window: SeriesWindow = "24h"
    percentile: Percentile = "p95"
    feature: str | None = None
    metric: str | None = None


def read(
    db: Session, actor: trail.Who, blobs: BlobStore, deployment_id: uuid.UUID, asked: Asked
) -> SeriesOut:
    """Give a signal over time.

    Raises:
        DeploymentMissing: there is no such deployment.
    """
    subject = deployments.monitored_one(db, actor, deployment_id)
    match asked.signal:
        case "traffic" | "errors" | "latency":
            return _calls(db, subject, asked)
        case "drift" | "data_quality":
            return _verdicts(db, subject, asked)
        case "accuracy":
            return _accuracy(db, actor, blobs, subject, asked)
        case "coverage" | "value":
            return _outcomes(db, actor, subject, asked)
        case _:
            assert_never(asked.signal)


def _calls(db: Session, subject: Subject, asked: Asked) -> SeriesOut:
    span = spans.SERIES[asked.window]
    since, until = spans.bounds(span, utcnow())
    total, steps = queries.traffic(db, span, since, deployment_id=subject.deployment_id)
    step = dt.timedelta(seconds=span.step_seconds)
    units: dict[str, Literal["per_minute", "share", "ms"]] = {
        "traffic": "per_minute", "errors": "share", "latency": "ms",
    }  # fmt: skip
    return SeriesOut(
        **_about(subject),
        signal=asked.signal,
        window=asked.window,
        since=since,
        until=until,
        step_seconds=span.step_seconds,
        unit=units[asked.signal],
        metric=asked.percentile if asked.signal == "latency" else None,
        total=_of_calls(total, asked, span.length_seconds),
        points=[
            SeriesPoint(at=since + at * step, value=_of_calls(one, asked, span.step_seconds))
            for at, one in enumerate(steps)
        ],
        note=None if total.requests else NO_CALLS,
    )


def _of_calls(calls: Calls, asked: Asked, seconds: int) -> float | None:
    if asked.signal == "traffic":
        return calls.requests * 60 / seconds
    if asked.signal == "errors":
        return calls.errors_5xx / calls.requests if calls.requests else None
    point = calls.as_point(utcnow())
    return {"p50": point.p50_ms, "p95": point.p95_ms, "p99": point.p99_ms}[asked.percentile]


def _verdicts(db: Session, subject: Subject, asked: Asked) -> SeriesOut:
    """Read stored verdicts: each hour's up to a day, of the day before each point beyond."""
    span = spans.VERDICTS[asked.window]
    since, until = spans.bounds(span, utcnow())
    query = (
        select(DriftResult)
        .where(
            DriftResult.deployment_id == subject.deployment_id,
            DriftResult.window == ("1h" if span.length_seconds <= DAY else "24h"),
            DriftResult.at > since,
            DriftResult.at <= until,
        )
        .order_by(DriftResult.at, DriftResult.version)
    )
    values: dict[int, float | None] = {}
    for row in db.scalars(query):  # of a step, the last verdict of the newest version holds
        at = -(-int((row.at - since).total_seconds()) // span.step_seconds) - 1
        values[at] = _of_verdict(row, asked)
    step = dt.timedelta(seconds=span.step_seconds)
    points = [SeriesPoint(at=since + at * step, value=values.get(at)) for at in range(span.steps)]
    known = [point.value for point in points if point.value is not None]
    return SeriesOut(
        **_about(subject),
        signal=asked.signal,
        window=asked.window,
        since=since,
        until=until,
        step_seconds=span.step_seconds,
        unit=_unit_of_verdict(asked),
        metric=asked.feature,
        total=known[-1] if known else None,
        points=points,
        note=None if known else NO_VERDICT,
    )


def _unit_of_verdict(asked: Asked) -> Literal["columns", "score", "share"]:
    if asked.signal == "data_quality":
        return "columns"
    return "score" if asked.feature else "share"


def _of_verdict(row: DriftResult, asked: Asked) -> float | None:
    if asked.signal == "drift" and asked.feature is None:
        return row.share if row.verdict in {"ok", "drifting"} else None
    columns = history.unpacked(row.columns)
    if asked.signal == "data_quality":
        if row.quality == "not_enough_data":
            return None
        return float(sum(bool(one.get("faults")) for one in columns.values()))
    score = columns.get(asked.feature or "", {}).get("score")
    return None if score is None else float(score)


def _accuracy(
    db: Session, actor: trail.Who, blobs: BlobStore, subject: Subject, asked: Asked
) -> SeriesOut:
    """Give realised quality, and beside it what it probably was without outcomes."""
    window = _OUTCOMES[asked.window]
    found = realised.read(db, actor, subject.deployment_id, window)
    try:
        estimate = estimates.read(db, actor, blobs, subject.deployment_id, window)
        expected = {point.at: point for point in estimate.points}
        expected_names = [one.name for one in estimate.total.measures]
    except DomainError:  # nothing supports an estimate: what is known stands alone
        expected, expected_names = {}, []
    names = [one.name for one in found.total.measures] or expected_names
    metric = asked.metric or next(iter(names), None)
    points = [_realised(point, expected.get(point.at), metric) for point in found.points]
    total = _measure(found.total.measures, metric)
    is_known = any(point.value is not None or point.estimate is not None for point in points)
    return SeriesOut(
        **_about(subject),
        **_times(found, window, asked),
        unit="number" if found.task == "regression" else "share",
        metric=metric,
        total=total.value if total else None,
        points=points,
        note=None if is_known else NO_OUTCOMES,
    )


def _realised(
    point: QualityPoint, expected: EstimatePoint | None, metric: str | None
) -> SeriesPoint:
    known = _measure(point.measures, metric)
    guess = _measure(expected.measures, metric) if expected else None
    return SeriesPoint(
        at=point.at,
        value=known.value if known else None,
        low=known.low if known else None,
        high=known.high if known else None,
        estimate=guess.value if guess else None,
    )


def _measure(measures: list[Measure], name: str | None) -> Measure | None:
    return next((one for one in measures if one.name == name), None)


def _outcomes(db: Session, actor: trail.Who, subject: Subject, asked: Asked) -> SeriesOut:
    window = _OUTCOMES[asked.window]
    found = realised.read(db, actor, subject.deployment_id, window)
    is_money = asked.signal == "value"

    def said(point: QualityPoint) -> float | None:
        return point.value if is_money else point.coverage

    note = NO_OUTCOMES if is_money else NO_CALLS
    if is_money and found.currency is None:
        note = NO_VALUE
    is_known = any(said(point) is not None for point in found.points)
    return SeriesOut(
        **_about(subject),
        **_times(found, window, asked),
        unit="money" if is_money else "share",
        currency=found.currency if is_money else None,
        total=said(found.total),
        points=[SeriesPoint(at=point.at, value=said(point)) for point in found.points],
        note=None if is_known else note,
    )


def _about(subject: Subject) -> dict[str, object]:
    return {
        "deployment_id": subject.deployment_id,
        "deployment_name": subject.name,
        "environment": subject.environment,
    }


def _times(found: QualityOut, window: QualityRange, asked: Asked) -> dict[str, object]:
    return {
        "signal": asked.signal,
        "window": window,
        "since": found.since,
        "until": found.until,
        "step_seconds": found.step_seconds,
    }
