"""Alerts: begun, joined and ended by rules. One open alert per deployment and cause."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from modelyard_server.kernel.clock import utcnow
from modelyard_server.monitoring.ports import Subject

from . import story
from .errors import AlertMissing
from .models import Alert, AlertEvent, AlertSignal, Rule
from .readings import Reading

SEVERITIES = ("info", "warning", "critical")
PLATFORM = "Modelyard"
_TITLES = {
    "availability": "Calls fail or do not arrive",
    "latency": "Calls are slow",
    "data": "Calls do not look as they should",
    "drift": "The data have drifted",
    "quality": "Predictions got worse",
}


def get(db: Session, alert_id: uuid.UUID, *, lock: bool = False) -> Alert:
    """Give one alert.

    Raises:
        AlertMissing: there is none with this id.
    """
    query = select(Alert).where(Alert.id == alert_id)
    found = db.scalar(query.with_for_update() if lock else query)
    if found is None:
        raise AlertMissing("There is no such alert.")
    return found


def open_alerts(db: Session) -> list[Alert]:
    """Give every alert that has not ended."""
    return list(
        db.scalars(select(Alert).where(Alert.resolved_at.is_(None)).order_by(Alert.opened_at))
    )


def signals_of(db: Session, alert_ids: list[uuid.UUID]) -> dict[uuid.UUID, list[AlertSignal]]:
    """Give the signals of alerts, oldest first."""
    found: dict[uuid.UUID, list[AlertSignal]] = {one: [] for one in alert_ids}
    rows = db.scalars(
        select(AlertSignal)
        .where(AlertSignal.alert_id.in_(alert_ids))
        .order_by(AlertSignal.started_at, AlertSignal.rule_name)
    )
    for row in rows:
        found[row.alert_id].append(row)
    return found


def note(db: Session, alert: Alert, kind: str, text: str, by: str = PLATFORM) -> AlertEvent:
    """Add a line to the story."""
    event = AlertEvent(
        id=uuid.uuid4(), alert_id=alert.id, at=utcnow(), kind=kind, by_name=by, text=text
    )
    db.add(event)
    return event


def fired(db: Session, rule: Rule, subject: Subject, reading: Reading) -> Alert:
    """Open an alert for a rule that fired, or let it join the one that is open."""
    alert = db.scalar(
        select(Alert)
        .where(
            Alert.deployment_id == rule.deployment_id,
            Alert.cause == rule.cause,
            Alert.resolved_at.is_(None),
        )
        .with_for_update()
    )
    if alert is None:
        alert = _opened(db, subject, rule.cause, rule.severity, _TITLES[rule.cause])
    signal = db.scalar(
        select(AlertSignal).where(AlertSignal.alert_id == alert.id, AlertSignal.rule_id == rule.id)
    )
    if signal is None:
        signal = AlertSignal(
            id=uuid.uuid4(), alert_id=alert.id, rule_id=rule.id, started_at=utcnow()
        )
        db.add(signal)
    signal.rule_name, signal.severity, signal.ended_at = rule.name, rule.severity, None
    show(signal, reading)
    alert.severity = max(alert.severity, rule.severity, key=SEVERITIES.index)
    note(db, alert, "fired", f"{rule.name}: {reading.text}")
    db.flush()
    return alert


def taken_back(db: Session, subject: Subject, revision: int, reason: str) -> Alert:
    """Open an alert that says which revision its guards took back; it ends when people say so."""
    title = f"Revision {revision} was taken back by itself: {reason}"[:500]
    alert = _opened(db, subject, "availability", "critical", title)
    note(db, alert, "fired", reason)
    return alert


def show(signal: AlertSignal, reading: Reading) -> None:
    """Keep on a signal what its rule saw last."""
    signal.value, signal.limit = reading.value, reading.limit
    signal.text, signal.items = reading.text, list(reading.items[:50])


def cleared(db: Session, rule_id: uuid.UUID, text: str) -> Alert | None:
    """End a rule's signal; give the alert when it was the last one, ended by that."""
    signal = db.scalar(
        select(AlertSignal).where(AlertSignal.rule_id == rule_id, AlertSignal.ended_at.is_(None))
    )
    if signal is None:
        return None
    signal.ended_at = utcnow()
    alert = get(db, signal.alert_id, lock=True)
    if alert.resolved_at is not None:
        return None
    note(db, alert, "cleared", f"{signal.rule_name}: {text}")
    db.flush()
    left = db.scalar(
        select(func.count())
        .select_from(AlertSignal)
        .where(AlertSignal.alert_id == alert.id, AlertSignal.ended_at.is_(None))
    )
    if left:
        return None
    end(db, alert, "acted" if alert.acted_at else "recovered", PLATFORM, None)
    return alert


def end(db: Session, alert: Alert, resolution: str, by: str, remark: str | None) -> None:
    """Resolve an alert, and write what happened."""
    alert.resolved_at, alert.resolved_by_name, alert.resolution = utcnow(), by, resolution
    alert.snoozed_until = alert.muted_by = None
    text = f"Resolved: {story.WORDS[resolution]}." + (f" {remark}" if remark else "")
    note(db, alert, "resolved", text, by)
    db.flush()
    signals = signals_of(db, [alert.id])[alert.id]
    for signal in signals:
        signal.ended_at = signal.ended_at or alert.resolved_at
    alert.summary = story.summary(_told(alert), [(s.rule_name, s.text) for s in signals], remark)


def _told(alert: Alert) -> story.Facts:
    return story.Facts(
        deployment=f"{alert.environment}/{alert.deployment_name}",
        title=alert.title,
        version=alert.version,
        opened_at=alert.opened_at,
        acknowledged_at=alert.acknowledged_at,
        acknowledged_by=alert.acknowledged_by_name,
        acted_at=alert.acted_at,
        action=alert.action,
        resolved_at=alert.resolved_at or utcnow(),
        resolved_by=alert.resolved_by_name or PLATFORM,
        resolution=alert.resolution or "other",
    )


def _opened(db: Session, subject: Subject, cause: str, severity: str, title: str) -> Alert:
    number = (db.scalar(select(func.max(Alert.number))) or 0) + 1
    alert = Alert(
        id=uuid.uuid4(),
        number=number,
        deployment_id=subject.deployment_id,
        deployment_name=subject.name,
        environment=subject.environment,
        model_name=subject.model_name,
        revision=subject.live_revision,
        version=subject.live_version,
        cause=cause,
        severity=severity,
        title=title,
        opened_at=utcnow(),
        told_signals=0,
    )
    db.add(alert)
    db.flush()
    return alert


def seconds_between(first: dt.datetime | None, last: dt.datetime | None) -> int | None:
    """Give the whole seconds between two instants that are there."""
    return None if first is None or last is None else max(0, int((last - first).total_seconds()))
