"""Readings of the past, for back-tests and for the chart of an alert."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterator

from sqlalchemy.orm import Session

from modelyard_server.artifacts.ports import BlobStore
from modelyard_server.deployments import service as deployments
from modelyard_server.kernel import trail
from modelyard_server.kernel.clock import utcnow
from modelyard_server.monitoring import estimates, signals
from modelyard_server.monitoring.faults import Fault
from modelyard_server.monitoring.ports import Subject
from modelyard_server.monitoring.realised import read as read_quality_of

from . import backtest, metric_days, readings, verdicts
from .backtest import At
from .conditions import (
    Anomaly,
    BurnRate,
    Change,
    Condition,
    Constraints,
    Down,
    Drift,
    NoData,
    Quality,
    Safeguards,
    Threshold,
)
from .gathering import WHOLE_REACH, layer_of
from .schemas import PreviewIn, PreviewOut
from .series import Layer, Series, Stored
from .states import Patience

HOURS = dt.timedelta(days=70)
_STEPS = {"anomaly": 3600, "change": 900, "burn_rate": 900, "safeguards": 3600}


def preview(db: Session, actor: trail.Who, blobs: BlobStore, wanted: PreviewIn) -> PreviewOut:
    """Tell how often a rule would have fired.

    Raises:
        DeploymentMissing: there is no such deployment.
    """
    subject = deployments.monitored_one(db, actor, wanted.deployment_id)
    step = step_of(wanted.condition)
    running = math.ceil(utcnow().timestamp() / 300) * 300  # the five minutes that run count too
    until = dt.datetime.fromtimestamp(running, dt.UTC)
    since = until - dt.timedelta(days=wanted.days)
    found = list(past(db, actor, blobs, subject, wanted.condition, since, until, step))
    patience = Patience(
        dt.timedelta(seconds=wanted.hold_seconds), dt.timedelta(seconds=wanted.recover_seconds)
    )
    return backtest.run(found, patience, since, until, step)


def step_of(condition: Condition) -> int:
    """Give the seconds between two readings of the past."""
    if isinstance(condition, Drift | Constraints | Quality) or metric_days.asks_metric(condition):
        return readings.DAY
    return _STEPS.get(condition.kind, 300)


def past(
    db: Session,
    actor: trail.Who,
    blobs: BlobStore,
    subject: Subject,
    condition: Condition,
    since: dt.datetime,
    until: dt.datetime,
    step: int,
) -> Iterator[At]:
    """Judge a condition at each step of a stretch, from what is stored; nothing for `down`."""
    match condition:
        case Threshold() | Change() if condition.is_of_metric:
            yield from _metrics(db, actor, blobs, subject, condition, since, until)
        case Threshold() | Change() | Anomaly() | NoData() | BurnRate():
            yield from _counts(db, subject, condition, since, until, step)
        case Drift(of="joint"):
            for found in signals.joint_days(db, subject, since, until):
                yield At(found.until, verdicts.read_joint(condition, [found]))
        case Drift():
            for day in signals.drift_days(db, subject, since, until):
                yield At(day.until, verdicts.read_drift(condition, _columns(day)))
        case Constraints():
            own = subject.deployment_id
            for end, kept in signals.constraint_days(db, own, since, until):
                yield At(end, verdicts.read_constraints(condition, kept))
        case Safeguards():
            yield from _safeguards(db, subject, condition, since, until, step)
        case Quality():
            whole = read_quality_of(db, actor, subject.deployment_id, "30d")
            for n, point in enumerate(whole.points, 1):
                so_far = whole.model_copy(update={"points": whole.points[:n], "total": point})
                if since <= point.at < until:
                    yield At(point.at, verdicts.read_quality(condition, so_far))
        case Down():
            return


def _metrics(
    db: Session,
    actor: trail.Who,
    blobs: BlobStore,
    subject: Subject,
    condition: Threshold | Change,
    since: dt.datetime,
    until: dt.datetime,
) -> Iterator[At]:
    """Judge a metric at the end of each day, by what is known of that day now."""
    own = subject.deployment_id
    if metric_days.is_estimated(condition.signal):
        found = estimates.or_reason(db, actor, blobs, own, "30d")
        if isinstance(found, str):
            yield At(until, readings.unknown(found))
            return
        days = metric_days.days_of(condition.signal, found)
    else:
        realised = read_quality_of(db, actor, own, "30d")
        days = metric_days.days_of(condition.signal, realised)
    for n, day in enumerate(days, 1):
        end = min(day.at + dt.timedelta(days=1), until)
        if since <= day.at < until:
            yield At(end, metric_days.read(condition, days[:n]))


def _counts(
    db: Session,
    subject: Subject,
    condition: readings.Counts,
    since: dt.datetime,
    until: dt.datetime,
    step: int,
) -> Iterator[At]:
    series = _series(db, subject, until)
    first, last = int(since.timestamp()), int(until.timestamp())
    for at in range(first + step, last + 1, step):
        reading = readings.read(condition, series, at)
        yield At(dt.datetime.fromtimestamp(at, dt.UTC), reading)


def _safeguards(
    db: Session,
    subject: Subject,
    condition: Safeguards,
    since: dt.datetime,
    until: dt.datetime,
    step: int,
) -> Iterator[At]:
    series, own = _series(db, subject, until), subject.deployment_id
    reach = dt.timedelta(minutes=condition.window_minutes)
    for at in range(int(since.timestamp()) + step, int(until.timestamp()) + 1, step):
        end = dt.datetime.fromtimestamp(at, dt.UTC)
        window = series.before(at, condition.window_minutes)
        held = signals.safeguarded(db, own, end - reach, end) if window.requests else {}
        yield At(end, verdicts.read_safeguards(condition, held, window.requests))


def _series(db: Session, subject: Subject, until: dt.datetime) -> Series:
    def load(resolution: int, reach: dt.timedelta) -> Callable[[], Layer]:
        def read() -> Layer:
            own = subject.deployment_id
            found = signals.counted(db, resolution, until - reach, until, [own])
            return layer_of(resolution, found.get(own, []))

        return read

    return Series(
        tuple(
            Stored(int((until - reach).timestamp()), load(resolution, reach))
            for resolution, reach in (
                (signals.COARSE, WHOLE_REACH),
                (signals.HOUR, HOURS),
            )
        )
    )


def _columns(day: signals.Judged) -> verdicts.Columns:
    return verdicts.Columns(
        is_known=day.verdict.status.value in {"ok", "drifting"},
        rows=day.verdict.rows,
        columns=[
            verdicts.Column(
                name=one.reference.name,
                is_prediction=one.reference.role.value == "prediction",
                is_drifting=one.reference.name in day.confirmed,
                is_waiting=one.status.value == "drifting"
                and one.reference.name not in day.confirmed,
                score=one.score or 0.0,
                is_missing=any(s.fault is Fault.missing and s.is_flagged for s in one.signals),
                missing_change=max(
                    (abs(s.current - s.expected) for s in one.signals if s.fault is Fault.missing),
                    default=0.0,
                ),
            )
            for one in day.columns
        ],
    )
