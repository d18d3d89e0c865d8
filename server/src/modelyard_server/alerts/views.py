"""Reads of alerts: the inbox, one alert, and how fast they were handled."""

from __future__ import annotations

import datetime as dt
import statistics
import uuid
from collections.abc import Iterable, Sequence

from sqlalchemy import func, or_, select, tuple_
from sqlalchemy.orm import Session

from modelyard_server.deployments import service as deployments
from modelyard_server.kernel import errors, tenancy, trail
from modelyard_server.kernel.clock import utcnow
from modelyard_server.kernel.http import Cursors, Page
from modelyard_server.monitoring import signals

from . import incidents
from .alert_schemas import AlertOut, AlertRow, Counts, EventOut, Impact, SignalOut, Tab
from .gathering import layer_of
from .models import Alert, AlertEvent, AlertSignal

MAX_PAGE = 200
HANDLED = dt.timedelta(days=30)
_FINE_KEPT = dt.timedelta(hours=3)
_OWN = [n for n in AlertRow.model_fields if n != "signals"]


def inbox(
    db: Session,
    cursors: Cursors,
    *,
    tab: Tab,
    deployment_id: uuid.UUID | None,
    cursor: str | None,
    limit: int,
) -> Page[AlertRow]:
    """Give alerts of a tab, newest first; open ones the gravest first."""
    limit = max(1, min(limit, MAX_PAGE))
    scope = f"{tenancy.workspace_of(db)}:alerts:{tab}:{deployment_id}"
    query = _of_tab(tab)
    if deployment_id is not None:
        query = query.where(Alert.deployment_id == deployment_id)
    if cursor is not None:
        at, row_id = cursors.open(scope, cursor)
        place = tuple_(Alert.opened_at, Alert.id)
        query = query.where(place < (dt.datetime.fromisoformat(at), uuid.UUID(row_id)))
    query = query.order_by(Alert.opened_at.desc(), Alert.id.desc()).limit(limit + 1)
    rows = list(db.scalars(query))
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(
        items=rows_out(db, rows[:limit]),
        next_cursor=cursors.seal(scope, [last.opened_at.isoformat(), last.id]) if last else None,
        total=None,
    )


def rows_out(db: Session, rows: Sequence[Alert]) -> list[AlertRow]:
    """Put alerts into the wire shape of the inbox."""
    by_alert = incidents.signals_of(db, [row.id for row in rows])
    return [_row(row, by_alert[row.id]) for row in rows]


def urgent(db: Session, limit: int) -> list[AlertRow]:
    """Give open alerts that nobody snoozed, the gravest and then the newest first."""
    rows = list(db.scalars(_of_tab("open").order_by(Alert.opened_at.desc()).limit(MAX_PAGE)))
    rows.sort(key=lambda row: -incidents.SEVERITIES.index(row.severity))
    return rows_out(db, rows[:limit])


def one(db: Session, actor: trail.Who, alert: Alert) -> AlertOut:
    """Give one alert with its story."""
    db.flush()
    own = incidents.signals_of(db, [alert.id])[alert.id]
    events = db.scalars(
        select(AlertEvent)
        .where(AlertEvent.alert_id == alert.id)
        .order_by(AlertEvent.at, AlertEvent.id)
    )
    number, version = _returns_to(db, actor, alert)
    return AlertOut(
        **_row(alert, own).model_dump(),
        revision=alert.revision,
        version=alert.version,
        first_told_at=alert.first_told_at,
        escalated_at=alert.escalated_at,
        acted_at=alert.acted_at,
        summary=alert.summary,
        impact=_impact(db, alert),
        seconds_to_acknowledge=incidents.seconds_between(alert.opened_at, alert.acknowledged_at),
        seconds_to_resolve=incidents.seconds_between(alert.opened_at, alert.resolved_at),
        can_roll_back_to=number,
        can_roll_back_version=version,
        events=[EventOut.model_validate(event) for event in events],
    )


def counts(db: Session) -> Counts:
    """Count alerts, and give the medians of the last 30 days."""
    since = utcnow() - HANDLED
    rows = db.scalars(select(Alert).where(Alert.opened_at >= since)).all()
    awake = list(db.scalars(_of_tab("open")))
    snoozed = db.scalar(select(func.count()).select_from(_of_tab("snoozed").subquery()))
    return Counts(
        open=len(awake),
        critical=sum(row.severity == "critical" for row in awake),
        snoozed=snoozed or 0,
        median_seconds_to_acknowledge=_median(
            incidents.seconds_between(row.opened_at, row.acknowledged_at) for row in rows
        ),
        median_seconds_to_resolve=_median(
            incidents.seconds_between(row.opened_at, row.resolved_at) for row in rows
        ),
    )


def _of_tab(tab: Tab):  # type: ignore[no-untyped-def] # the type of a select says nothing here
    query = select(Alert)
    if tab == "resolved":
        return query.where(Alert.resolved_at.is_not(None))
    query = query.where(Alert.resolved_at.is_(None))
    asleep = Alert.snoozed_until.is_not(None) & (Alert.snoozed_until > utcnow())
    if tab == "snoozed":
        return query.where(asleep)
    return query.where(or_(Alert.snoozed_until.is_(None), Alert.snoozed_until <= utcnow()))


def _row(row: Alert, own: Sequence[AlertSignal]) -> AlertRow:
    facts = {name: getattr(row, name) for name in _OWN}
    return AlertRow.model_validate(
        {**facts, "signals": [SignalOut.model_validate(one, from_attributes=True) for one in own]}
    )


def _impact(db: Session, alert: Alert) -> Impact:
    now = utcnow()
    until = alert.resolved_at or now
    fine = now - alert.opened_at < _FINE_KEPT
    step = signals.FINE if fine else signals.COARSE
    first = int(alert.opened_at.timestamp()) // step * step
    since = dt.datetime.fromtimestamp(first, dt.UTC)
    found = signals.counted(db, step, since, until, [alert.deployment_id])
    window = layer_of(step, found.get(alert.deployment_id, [])).between(
        first, int(until.timestamp()) + 1
    )
    return Impact(
        requests=window.requests,
        failed=window.errors_5xx,
        refused=window.errors_4xx,
        since=since,
        until=until,
    )


def _returns_to(db: Session, actor: trail.Who, alert: Alert) -> tuple[int | None, int | None]:
    try:
        deployment = deployments.get(db, actor, alert.deployment_id)
    except errors.NotFound:
        return None, None
    own = deployments.revisions(db, deployment.id)
    live = next((row for row in own if row.number == deployment.live_number), None)
    number = deployments.previous_revision(own, live)
    version = next((row.version for row in own if row.number == number), None)
    return number, version


def _median(values: Iterable[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return int(statistics.median(known)) if known else None
