"""Every deployment at a glance, from stored counts and verdicts: 500 of them in one answer."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from modelyard_server.deployments import service as deployments
from modelyard_server.kernel import tenancy, trail
from modelyard_server.kernel.clock import utcnow
from modelyard_server.kernel.recent import Recent
from modelyard_server.registry import service as registry

from . import (
    drift,
    evaluation,
    explain,
    fleet_performance,
    health,
    history,
    measuring,
    queries,
    spans,
)
from .drift import Status, Verdict
from .history import Kept
from .measuring import Question
from .ports import NOTHING_LOST, Lost, Subject
from .schemas import FleetOut, FleetPerformance, FleetRange, FleetRow, Window

MEASURED_NOW = 20  # deployments of one answer whose stored verdict is too old, or not there yet
COVERAGE_SECONDS = 60.0  # outcomes are many rows, and the page asks every second
NOT_JUDGED = "New rows have not been judged yet; that takes five minutes at most."


_covered: Recent[dict[uuid.UUID, int]] = Recent()


def forget() -> None:
    """Drop what is held."""
    _covered.forget()
    fleet_performance.forget()


@dataclass(frozen=True, slots=True)
class Judged:
    """What a deployment's rows say."""

    drift: Verdict
    quality: Verdict
    is_confirmed: bool


def read(
    db: Session,
    actor: trail.Who,  # noqa: ARG001
    asked: FleetRange,
    *,
    lost: Lost = NOTHING_LOST,
) -> FleetOut:
    """Give every deployment's health, worst first. Rows are judged over a week at most."""
    window: Window = "7d" if asked == "30d" else asked
    span = spans.FLEET[asked]
    since, until = spans.bounds(span, utcnow())
    subjects = deployments.monitored(db)
    counted = queries.fleet_traffic(db, span, since)
    called = queries.last_calls(db)
    judged = verdicts(db, subjects, window)
    owners = registry.owners_of_models(db, {subject.model_id for subject in subjects})
    covered = _with_outcomes(db, asked, since)
    between = int(since.timestamp()), int(until.timestamp())
    performance = fleet_performance.read(
        db, asked, between, [s.deployment_id for s in subjects if s.deployment_id in covered]
    )
    rows = [
        _row(
            subject,
            asked,
            counted[subject.deployment_id],
            judged[subject.deployment_id],
            called.get(subject.deployment_id),
            owners.get(subject.model_id, ""),
            covered.get(subject.deployment_id),
            performance.get(subject.deployment_id),
        )
        for subject in subjects
    ]
    rows.sort(key=lambda row: (health.ORDER.index(row.health), -row.requests, row.name))
    return FleetOut(
        range=asked,
        rows=rows,
        healthy=sum(row.health == "healthy" for row in rows),
        degraded=sum(row.health == "degraded" for row in rows),
        failing=sum(row.health == "failing" for row in rows),
        **lost.told(),
    )


def verdicts(db: Session, subjects: Sequence[Subject], window: Window) -> dict[uuid.UUID, Judged]:
    """Judge each deployment over a range, and the last hour too: a long window hides a late shift.

    Stored verdicts answer; a few that are older than the rows are judged anew.
    """
    versions = [(s.deployment_id, measuring.watched_version(s)) for s in subjects]
    counted = queries.last_profiled(db, versions) if versions else {}
    whole = history.newest(db, window, versions)
    late = whole if window == "1h" else history.newest(db, "1h", versions)
    left = MEASURED_NOW
    found: dict[uuid.UUID, Judged] = {}
    for subject, of in zip(subjects, versions, strict=True):
        newest, held = counted.get(of), whole.get(of)
        if newest is None:
            found[subject.deployment_id] = _without_rows()
        elif held is not None and held.computed_at >= newest:
            found[subject.deployment_id] = _stored(held, late.get(of))
        elif left > 0:
            left -= 1
            found[subject.deployment_id] = _now(db, subject, window)
        else:
            found[subject.deployment_id] = _stored(held, late.get(of)) if held else _unjudged()
    return found


def _with_outcomes(db: Session, asked: FleetRange, since: dt.datetime) -> dict[uuid.UUID, int]:
    """Count calls with an outcome; they are kept by the hour, which says nothing about one."""
    if asked == "1h":
        return {}
    key = (tenancy.workspace_of(db), asked)
    return _covered.get(key, COVERAGE_SECONDS, lambda: queries.calls_with_outcomes(db, since))


def _now(db: Session, subject: Subject, window: Window) -> Judged:
    whole = measuring.measure(db, subject, Question(window), evaluation.stored_only)
    if window == "1h" or whole.verdict.status is Status.drifting:
        return Judged(whole.verdict, whole.quality, bool(whole.confirmed))
    late = measuring.measure(db, subject, Question("1h"), evaluation.stored_only)
    if late.verdict.status is not Status.drifting:
        return Judged(whole.verdict, whole.quality, False)
    return Judged(_lately(late.verdict), whole.quality, bool(late.confirmed))


def _stored(whole: Kept, late: Kept | None) -> Judged:
    quality = Verdict(Status(whole.quality), whole.quality_reason, whole.rows)
    verdict = Verdict(Status(whole.verdict), whole.reason, whole.rows)
    recent = utcnow() - dt.timedelta(hours=1)
    if (
        late is None
        or late is whole
        or verdict.status is Status.drifting
        or late.verdict != Status.drifting
        or late.at <= recent
    ):
        return Judged(verdict, quality, whole.is_confirmed)
    return Judged(
        _lately(Verdict(Status(late.verdict), late.reason, late.rows)), quality, late.is_confirmed
    )


def _lately(verdict: Verdict) -> Verdict:
    return Verdict(verdict.status, f"In the last hour {verdict.reason}", verdict.rows)


def _without_rows() -> Judged:
    nothing = Verdict(Status.not_enough_data, explain.too_few(0, drift.LEAST_ROWS), 0)
    return Judged(nothing, nothing, False)


def _unjudged() -> Judged:
    unknown = Verdict(Status.not_enough_data, NOT_JUDGED, 0)
    return Judged(unknown, unknown, False)


def _row(
    subject: Subject,
    asked: FleetRange,
    counted: tuple[queries.Calls, list[int]],
    judged: Judged,
    last_call: dt.datetime | None,
    owner: str,
    covered: int | None,
    performance: FleetPerformance | None,
) -> FleetRow:
    calls, sparkline = counted
    point = calls.as_point(utcnow())
    answered = calls.requests - calls.errors_4xx - calls.errors_5xx
    state, reasons = health.judge(
        health.Facts(
            status=subject.status,
            status_reason=subject.status_reason,
            is_serving=subject.live_revision is not None,
            range=asked,
            requests=calls.requests,
            errors_4xx=calls.errors_4xx,
            errors_5xx=calls.errors_5xx,
            p95_ms=point.p95_ms,
            drift=judged.drift.status.value,
            drift_reason=judged.drift.reason,
            quality=judged.quality.status.value,
            quality_reason=judged.quality.reason,
        )
    )
    return FleetRow(
        deployment_id=subject.deployment_id,
        name=subject.name,
        environment=subject.environment,
        model_name=subject.model_name,
        owner=owner,
        version=subject.live_version,
        status=subject.status,
        health=state,
        reasons=reasons,
        requests=calls.requests,
        error_rate=calls.errors_5xx / calls.requests if calls.requests else None,
        p50_ms=point.p50_ms,
        p95_ms=point.p95_ms,
        p99_ms=point.p99_ms,
        drift=judged.drift.status.value,
        drift_reason=judged.drift.reason,
        is_drift_confirmed=judged.is_confirmed,
        quality=judged.quality.status.value,
        quality_reason=judged.quality.reason,
        live_since=subject.live_since,
        last_request_at=last_call,
        coverage=min(1.0, covered / answered) if covered and answered > 0 else None,
        performance=performance,
        sparkline=sparkline,
    )
