"""Why? What changed before an alert, its course, the columns that moved, and example calls."""

from __future__ import annotations

import datetime as dt
import math
import re
import uuid
from typing import Any

from sqlalchemy.orm import Session

from modelyard_server.artifacts.ports import BlobStore
from modelyard_server.audit import service as audit
from modelyard_server.deployments import service as deployments
from modelyard_server.kernel import errors, trail
from modelyard_server.kernel.clock import utcnow
from modelyard_server.monitoring import service as monitoring
from modelyard_server.monitoring import signals, slicing
from modelyard_server.monitoring.drift import EFFECT
from modelyard_server.monitoring.ports import Catalogue
from modelyard_server.monitoring.schemas import DriftOut, FeatureDrift

from . import incidents, previewing, rules
from .alert_schemas import (
    AlertSlices,
    ChangeOut,
    Example,
    FeatureCause,
    Mark,
    SignalChart,
    SignalPoint,
)
from .conditions import (
    METRICS,
    Anomaly,
    BurnRate,
    Change,
    Condition,
    Constraints,
    Down,
    Drift,
    Quality,
    Safeguards,
    Threshold,
)
from .models import Alert

BEFORE = dt.timedelta(hours=24)
HALF_LIFE_HOURS = 6.0
SHOWN_CHANGES, SHOWN_FEATURES, SHOWN_CALLS = 12, 6, 10
SHOWN_COLUMNS = 5  # of the changes
FEW_CALLS = 20  # an hour with fewer says nothing about a jump
_WORDS = {
    "create": "{} was deployed first",
    "deploy_version": "{} was deployed",
    "live": "{} took the traffic",
    "roll_back": "Rolled back to {}",
    "set_traffic": "Shares of traffic were set",
    "set_safeguards": "Safeguards were changed",
    "shift": "Traffic moved on to {}",
    "guard_rolled_back": "A guard took the new version back",
    "stop": "Stopped",
    "start": "Started again",
}
_SAID_ELSEWHERE = frozenset({"auto_config", "setup_changed", "status_changed"})
_TELLING = re.compile(
    r"(e[-_ ]?mail|phone|mobile|name|address|street|birth|ssn|social|passport|iban|card|account|"
    r"password|secret|token|licen[cs]e)",
    re.IGNORECASE,
)
HIDDEN = "•••"
SHOWN_SLICES = 5
NO_OUTCOMES = "No row of that time has an outcome yet."


def changes(
    db: Session, actor: trail.Who, catalogue: Catalogue, alert_id: uuid.UUID
) -> list[ChangeOut]:
    """Give what changed in the day before an alert, ranked by closeness in time and size.

    Raises:
        AlertMissing: there is none with this id.
    """
    alert = incidents.get(db, alert_id)
    found = [
        *_acts(db, actor, alert),
        *_jumps(db, alert),
        *_moves(db, actor, catalogue, alert),
    ]
    found.sort(key=lambda one: (-one.closeness, one.at))
    return found[:SHOWN_CHANGES]


def _fewest(moved: list[ChangeOut]) -> list[ChangeOut]:
    """Keep the columns that moved most: thirty of them are one fact, not thirty."""
    moved.sort(key=lambda one: (-one.closeness, -one.size, one.title))
    kept, more = moved[:SHOWN_COLUMNS], len(moved) - SHOWN_COLUMNS
    if more > 0:
        last = kept[-1]
        text = f"{last.detail} And {more} more columns moved."
        kept[-1] = last.model_copy(update={"detail": text})
    return kept


def chart(db: Session, actor: trail.Who, blobs: BlobStore, alert_id: uuid.UUID) -> SignalChart:
    """Give the course of the rule that fired first, from before the alert until now.

    Raises:
        AlertMissing: there is none with this id.
    """
    alert = incidents.get(db, alert_id)
    own = incidents.signals_of(db, [alert.id])[alert.id]
    for signal in own:
        try:
            rule = rules.get(db, signal.rule_id)
            subject = deployments.monitored_one(db, actor, alert.deployment_id)
        except errors.NotFound:
            continue
        condition = rules.condition_of(rule)
        since, until, step = _span(alert, condition)
        found = previewing.past(db, actor, blobs, subject, condition, since, until, step)
        points = [
            SignalPoint(at=one.at, value=one.reading.value, limit=one.reading.limit)
            for one in found
        ]
        return SignalChart(
            rule_id=rule.id,
            name=rule.name,
            unit=_unit(condition),
            step_seconds=step,
            points=points,
            marks=_marks(db, alert, since, until),
        )
    return SignalChart(rule_id=None, name="", unit="rate", step_seconds=0, points=[], marks=[])


def features(
    db: Session, actor: trail.Who, catalogue: Catalogue, alert_id: uuid.UUID
) -> list[FeatureCause]:
    """Give the columns that moved most, with both distributions; empty when none did.

    Raises:
        AlertMissing: there is none with this id.
    """
    alert = incidents.get(db, alert_id)
    drift = _drift(db, actor, catalogue, alert)
    if drift is None:
        return []
    moved = [one for one in drift.features if one.status in {"drifting", "changed_small"}]
    moved.sort(key=_by_impact)
    made: list[FeatureCause] = []
    for one in moved[:SHOWN_FEATURES]:
        shape = monitoring.distribution(
            db, actor, catalogue, alert.deployment_id, one.feature, drift.window, "training"
        )
        made.append(
            FeatureCause(
                feature=one.feature,
                role=one.role,
                score=one.score,
                importance_share=one.importance_share,
                quadrant=one.quadrant,
                explain=one.explain,
                labels=[b.label for b in shape.bins],
                reference_shares=[b.reference_share for b in shape.bins],
                current_shares=[b.current_share for b in shape.bins],
            )
        )
    return made


def _by_impact(one: FeatureDrift) -> tuple[bool, float, str]:
    """Order by drift times importance; without importances, and for answers, by drift."""
    weight = 1.0 if one.importance_share is None else one.importance_share
    return one.status != "drifting", -(one.score or 0.0) * weight, one.feature


def slices(db: Session, actor: trail.Who, blobs: BlobStore, alert_id: uuid.UUID) -> AlertSlices:
    """Tell where the model lost most, from a day before an alert until now or its end.

    Raises:
        AlertMissing: there is none with this id.
    """
    alert = incidents.get(db, alert_id)
    since, until = alert.opened_at - BEFORE, alert.resolved_at or utcnow()
    try:
        found = slicing.worst_between(db, actor, blobs, alert.deployment_id, since, until)
        reason = None if found.rows else NO_OUTCOMES
    except (errors.NotFound, errors.Invalid) as refusal:
        found, reason = slicing.Worst("classification", 0, None, []), refusal.detail
    return AlertSlices(
        since=since,
        until=until,
        task=found.task,
        rows=found.rows,
        loss=found.loss,
        reason=reason,
        slices=found.slices[:SHOWN_SLICES],
    )


def examples(db: Session, alert_id: uuid.UUID) -> list[Example]:
    """Give logged calls of the time, failed ones where calls fail; telling values are hidden.

    Raises:
        AlertMissing: there is none with this id.
    """
    alert = incidents.get(db, alert_id)
    calls = signals.logged(
        db,
        alert.deployment_id,
        alert.opened_at - dt.timedelta(minutes=10),
        alert.resolved_at or utcnow(),
        only_failed=alert.cause == "availability",
        limit=SHOWN_CALLS,
    )
    made: list[Example] = []
    for call in calls:
        masked = sorted({n for row in call.inputs or [] for n in row if _TELLING.search(n)})
        inputs = [_hidden(row) for row in call.inputs] if call.inputs is not None else None
        made.append(
            Example(
                id=call.id,
                at=call.at,
                version=call.version,
                status=call.status,
                total_ms=call.total_ms,
                inputs=inputs,
                outputs=call.outputs,
                error=call.error,
                masked=masked,
            )
        )
    return made


def _hidden(row: dict[str, Any]) -> dict[str, Any]:
    return {name: HIDDEN if _TELLING.search(name) else value for name, value in row.items()}


def _acts(db: Session, actor: trail.Who, alert: Alert) -> list[ChangeOut]:
    wanted = audit.Filter(
        object_type="deployment",
        object_id=str(alert.deployment_id),
        since=alert.opened_at - BEFORE,
        until=alert.opened_at,
    )
    made: list[ChangeOut] = []
    for event in audit.events(db, actor.workspace_id or 0, wanted, after=None, limit=50):
        after = event.after or {}
        version = f"version {after['version']}" if "version" in after else "another revision"
        verb = event.action.rpartition(".")[2]
        if verb in _SAID_ELSEWHERE:
            continue
        title = _WORDS.get(verb, verb).format(version)
        title = title[0].upper() + title[1:].replace("_", " ")
        made.append(_change(alert, event.at, "deployment", title, f"By {event.actor_name}.", 1.0))
    return made


def _jumps(db: Session, alert: Alert) -> list[ChangeOut]:
    """Find hours whose calls are twice, or half, those of the hour before."""
    since = alert.opened_at - BEFORE - dt.timedelta(hours=2)
    found = signals.counted(db, signals.HOUR, since, alert.opened_at, [alert.deployment_id])
    hours: dict[int, int] = {}
    for one in found.get(alert.deployment_id, []):
        hours[one.at] = hours.get(one.at, 0) + one.requests
    running = int(alert.opened_at.timestamp()) // signals.HOUR * signals.HOUR
    made: list[ChangeOut] = []
    for at, calls in sorted(hours.items()):
        before = hours.get(at - signals.HOUR, 0)
        if at == running or max(calls, before) < FEW_CALLS or not min(calls, before):
            continue
        times = math.log2(calls / before)
        if abs(times) >= 1:
            word = "rose" if times > 0 else "fell"
            text = f"From {before} to {calls} calls an hour."
            when = dt.datetime.fromtimestamp(at, dt.UTC)
            size = min(1.0, abs(times) / 3)
            made.append(_change(alert, when, "traffic", f"Traffic {word}", text, size))
    return made


def _moves(db: Session, actor: trail.Who, catalogue: Catalogue, alert: Alert) -> list[ChangeOut]:
    drift = _drift(db, actor, catalogue, alert)
    if drift is None:
        return []
    made: list[ChangeOut] = []
    for one in drift.features:
        if one.status != "drifting":
            continue
        width = (drift.until - drift.since) / max(1, len(one.trend))
        first = next((n for n, s in enumerate(one.trend) if s is not None and s >= EFFECT), None)
        at = drift.since + width * first if first is not None else alert.opened_at
        size = min(1.0, (one.score or EFFECT) / 0.5)
        made.append(_change(alert, at, "drift", f"{one.feature} moved", one.explain, size))
    return _fewest(made)


def _drift(db: Session, actor: trail.Who, catalogue: Catalogue, alert: Alert) -> DriftOut | None:
    """Give the drift of the last hour where that shows it, else of the day."""
    try:
        hour = monitoring.drift(db, actor, catalogue, alert.deployment_id, "1h", "training")
        if hour.verdict == "drifting":
            return hour
        return monitoring.drift(db, actor, catalogue, alert.deployment_id, "24h", "training")
    except errors.NotFound:
        return None


def _change(
    alert: Alert, at: dt.datetime, kind: str, title: str, detail: str, size: float
) -> ChangeOut:
    hours = abs((alert.opened_at - at).total_seconds()) / 3600
    closeness = size * 0.5 ** (hours / HALF_LIFE_HOURS)
    return ChangeOut(
        at=at,
        kind=kind,
        title=title,
        detail=detail,
        size=size,
        closeness=round(closeness, 4),
    )


def _span(alert: Alert, condition: Condition) -> tuple[dt.datetime, dt.datetime, int]:
    step = previewing.step_of(condition)
    end = alert.resolved_at or utcnow()
    if step == 86_400:
        until = end.replace(hour=0, minute=0, second=0, microsecond=0) + dt.timedelta(days=1)
        return until - dt.timedelta(days=30), until, step
    until = min(utcnow(), end + dt.timedelta(hours=1))
    since = max(alert.opened_at - dt.timedelta(hours=6), until - dt.timedelta(days=7))
    aligned = int(since.timestamp()) // step * step
    last = math.ceil(until.timestamp() / step) * step
    return (
        dt.datetime.fromtimestamp(aligned, dt.UTC),
        dt.datetime.fromtimestamp(last, dt.UTC),
        step,
    )


def _unit(condition: Condition) -> Any:
    match condition:
        case Threshold() | Change() | Anomaly():
            if condition.signal in METRICS:
                return "metric"
            if condition.signal in {"error_rate", "refused_rate"}:
                return "share"
            return "per_minute" if condition.signal == "requests_per_minute" else "ms"
        case Safeguards():
            return "share"
        case Drift(of="joint") | Quality():
            return "metric"
        case Drift() | Constraints():
            return "columns"
        case BurnRate() | Down():
            return "rate"
        case _:
            return "per_minute"


def _marks(db: Session, alert: Alert, since: dt.datetime, until: dt.datetime) -> list[Mark]:
    own = deployments.revisions(db, alert.deployment_id)
    marks = [
        Mark(at=row.live_from, letter="D", text=f"Revision {row.number}, version {row.version}")
        for row in own
        if row.live_from is not None and since <= row.live_from <= until
    ]
    marks.append(Mark(at=alert.opened_at, letter="A", text="The alert began"))
    if alert.acted_at is not None:
        marks.append(Mark(at=alert.acted_at, letter="C", text=alert.action or "Acted"))
    if alert.resolved_at is not None:
        marks.append(Mark(at=alert.resolved_at, letter="R", text="Resolved"))
    return sorted(marks, key=lambda one: one.at)
