"""Answers "have columns moved together?" from stored sums; nothing is read or learned here."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from modelyard_server.deployments import service as deployments
from modelyard_server.kernel import trail
from modelyard_server.kernel.clock import utcnow

from . import drift, explain, joint, joint_hours, measuring, spans
from .joint import Judged, Model, Sums
from .joint_hours import HOUR, Basis, Of
from .joint_schemas import JointDistance, JointDriftOut, JointError, JointPair, JointPoint
from .models import JointHour
from .ports import Subject
from .schemas import Window

POINTS = {"1h": (24, 1), "24h": (24, 1), "7d": (28, 6)}
"""Points of the chart, and the hours in each."""
WAITING = (
    "Kept rows are looked at every few minutes. Without training data the first "
    f"{joint_hours.LEAST_FIRST_ROWS} live rows become a provisional baseline."
)


@dataclass(frozen=True, slots=True)
class Found:
    """The verdict on one window."""

    until: dt.datetime
    judged: Judged
    is_confirmed: bool


@dataclass(frozen=True, slots=True)
class _Asked:
    """The stored sums of one version, and the model they were made with."""

    db: Session
    of: Of
    model: Model

    def window(self, end: dt.datetime, hours: int) -> Sums:
        """Give the sums of so many hours before `end`."""
        return joint_hours.window(self.db, self.of, self.model, end, hours)


def read(db: Session, actor: trail.Who, deployment_id: uuid.UUID, window: Window) -> JointDriftOut:
    """Judge the inputs of the live version together.

    Raises:
        DeploymentMissing: there is no such deployment.
    """
    subject = deployments.monitored_one(db, actor, deployment_id)
    of = subject.deployment_id, measuring.watched_version(subject)
    basis = joint_hours.basis_of(db, of)
    end = _end(utcnow())
    if basis is None or basis.model is None:
        return _nothing(window, end, basis)
    length = spans.DRIFT[window].length_seconds // 3600
    found = _judge(_Asked(db, of, basis.model), end, length)
    points = _points(db, of, basis.model, end, *POINTS[window])
    return _out(window, length, basis, found, points, _computed_at(db, of))


def lately(db: Session, subject: Subject) -> list[Found]:
    """Judge the last hour and the last day, for rules."""
    asked = _asked(db, subject)
    end = _end(utcnow())
    return [] if asked is None else [_judge(asked, end, length) for length in (1, 24)]


def days(db: Session, subject: Subject, since: dt.datetime, until: dt.datetime) -> list[Found]:
    """Judge each whole day of a stretch, the oldest first."""
    asked = _asked(db, subject)
    if asked is None:
        return []
    count = (until - since).days
    return [_judge(asked, since + (n + 1) * 24 * HOUR, 24) for n in range(count)]


def _asked(db: Session, subject: Subject) -> _Asked | None:
    of = subject.deployment_id, measuring.watched_version(subject)
    basis = joint_hours.basis_of(db, of)
    return None if basis is None or basis.model is None else _Asked(db, of, basis.model)


def _judge(asked: _Asked, end: dt.datetime, length: int) -> Found:
    """Judge the window of so many hours before `end`.

    The running hour alone may have few rows yet: then the hour before it is the last one.
    """
    newest = asked.window(end, length)
    if length == 1 and newest.rows < joint.LEAST_ROWS:
        before = asked.window(end - HOUR, 1)
        if before.rows >= joint.LEAST_ROWS:
            newest, end = before, end - HOUR
    judged = joint.judge(asked.model, newest)
    if judged.status != "drifting":
        return Found(end, judged, False)
    windows: list[set[str] | None] = [{"moved"}]
    for back in range(1, measuring.WINDOWS_BEFORE + 1):
        earlier = joint.judge(asked.model, asked.window(end - back * length * HOUR, length))
        moved = {"moved"} if earlier.status == "drifting" else set()
        windows.append(moved if earlier.status in {"ok", "drifting"} else None)
    return Found(end, judged, bool(drift.persistent([*windows])))


def _end(now: dt.datetime) -> dt.datetime:
    return now.replace(minute=0, second=0, microsecond=0) + HOUR


def _points(
    db: Session, of: Of, model: Model, end: dt.datetime, count: int, hours: int
) -> list[JointPoint]:
    """Give the error of each step before `end`, oldest first."""
    since = end - count * hours * HOUR
    summed = [Sums() for _ in range(count)]
    for at, (rows, error) in joint_hours.errors(db, of, since, end).items():
        step = summed[int((at - since) / HOUR) // hours]
        step.rows += rows
        step.error += error
    return [_point(model, since + n * hours * HOUR, own) for n, own in enumerate(summed)]


def _point(model: Model, start: dt.datetime, own: Sums) -> JointPoint:
    error = joint.error_of(model, own) if own.rows >= joint.LEAST_ROWS else None
    return JointPoint(
        at=start,
        n=own.rows,
        error=error.value if error else None,
        low=error.low if error else None,
        high=error.high if error else None,
        is_out=error is not None and error.is_out,
    )


def _computed_at(db: Session, of: Of) -> dt.datetime | None:
    own = (JointHour.deployment_id == of[0]) & (JointHour.version == of[1])
    return db.scalar(select(func.max(JointHour.computed_at)).where(own))


def _out(
    window: Window,
    hours: int,
    basis: Basis,
    found: Found,
    points: list[JointPoint],
    computed_at: dt.datetime | None,
) -> JointDriftOut:
    model, judged = basis.model, found.judged
    assert model is not None  # noqa: S101 - asked before
    error = judged.error
    return JointDriftOut(
        window=window,
        since=found.until - hours * HOUR,
        until=found.until,
        verdict=judged.status,
        verdict_reason=judged.reason,
        is_confirmed=found.is_confirmed,
        persistence=_persistence(found),
        baseline="training" if basis.name is not None else "provisional",
        baseline_name=basis.name,
        baseline_rows=model.rows,
        rows=judged.rows,
        columns=[column.name for column in model.columns],
        components=len(model.components),
        explained=model.explained,
        error=None
        if error is None
        else JointError(
            value=error.value,
            expected=error.expected,
            low=error.low,
            high=error.high,
            effect=error.effect,
            is_out=error.is_out,
        ),
        pairs=[
            JointPair(
                first=one.first,
                second=one.second,
                reference=one.reference,
                current=one.current,
                n=one.n,
                q_value=one.q_value,
                is_drifting=one.is_drifting,
            )
            for one in judged.pairs[: joint.SHOWN]
        ],
        distances=[
            JointDistance(
                name=one.name,
                dimensions=one.dimensions,
                distance=one.distance,
                noise=one.noise,
                n=one.n,
                p_value=one.p_value,
                is_drifting=one.is_drifting,
            )
            for one in judged.distances
        ],
        left_out=model.left_out,
        points=points,
        computed_at=computed_at,
    )


def _persistence(found: Found) -> str | None:
    if found.judged.status != "drifting":
        return None
    return (
        explain.LASTED if found.is_confirmed else f"{explain.FIRST} Alerts wait for a second one."
    )


def _nothing(window: Window, end: dt.datetime, basis: Basis | None) -> JointDriftOut:
    length = dt.timedelta(seconds=spans.DRIFT[window].length_seconds)
    return JointDriftOut(
        window=window,
        since=end - length,
        until=end,
        verdict="no_reference" if basis is not None else "not_enough_data",
        verdict_reason=WAITING if basis is None else basis.reason or WAITING,
        is_confirmed=False,
        persistence=None,
        baseline=None,
        baseline_name=None if basis is None else basis.name,
        baseline_rows=0,
        rows=0,
        columns=[],
        components=0,
        explained=0.0,
        error=None,
        pairs=[],
        distances=[],
        left_out={},
        points=[],
        computed_at=None,
    )
