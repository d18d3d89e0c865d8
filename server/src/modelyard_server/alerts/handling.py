"""What people do with alerts: each act is audited and becomes a line of the story."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy.orm import Session

from modelyard_server.kernel import trail
from modelyard_server.kernel.clock import utcnow
from modelyard_server.workspaces import members
from modelyard_server.workspaces.access import Actor

from . import evaluating, incidents, story
from .errors import AlreadyResolved, AssigneeUnknown
from .models import Alert
from .schemas import Resolve


def acknowledge(db: Session, actor: Actor, alert_id: uuid.UUID) -> Alert:
    """Say that somebody looks at it: no repeats, no escalation. A second time changes nothing.

    Raises:
        AlertMissing, AlreadyResolved: there is no such open alert.
    """
    alert = open_one(db, alert_id)
    if alert.acknowledged_at is None:
        seen(db, actor, alert)
    record(db, actor, "alerts.acknowledge", alert)
    return alert


def seen(db: Session, actor: Actor, alert: Alert) -> None:
    """Mark an alert as acknowledged by somebody who acts on it."""
    if alert.acknowledged_at is None:
        alert.acknowledged_at, alert.acknowledged_by_name = utcnow(), actor.name
        incidents.note(db, alert, "acknowledged", "Acknowledged.", actor.name)


def assign(db: Session, actor: Actor, alert_id: uuid.UUID, user_id: uuid.UUID | None) -> Alert:
    """Give an alert to a member, or to nobody.

    Raises:
        AlertMissing, AlreadyResolved: there is no such open alert.
        AssigneeUnknown: they are not a member.
    """
    alert = open_one(db, alert_id)
    name = None
    if user_id is not None:
        everybody = {one.user_id: one.display_name for one in members.members(db, actor)}
        if user_id not in everybody:
            raise AssigneeUnknown("They are not a member of this workspace.")
        name = everybody[user_id]
    alert.assignee_id, alert.assignee_name = user_id, name
    text = f"Assigned to {name}." if name else "Assigned to nobody."
    incidents.note(db, alert, "assigned", text, actor.name)
    record(db, actor, "alerts.assign", alert, after={"assignee": name})
    return alert


def snooze(db: Session, actor: Actor, alert_id: uuid.UUID, minutes: int) -> Alert:
    """Tell nobody for a while; if it still fires then, it is announced.

    Raises:
        AlertMissing, AlreadyResolved: there is no such open alert.
    """
    alert = open_one(db, alert_id)
    alert.snoozed_until = utcnow() + dt.timedelta(minutes=minutes)
    alert.muted_by = "Snoozed."
    text = f"Snoozed for {story.lasted(dt.timedelta(minutes=minutes))}."
    incidents.note(db, alert, "snoozed", text, actor.name)
    record(db, actor, "alerts.snooze", alert, after={"until": alert.snoozed_until})
    return alert


def wake(db: Session, actor: Actor, alert_id: uuid.UUID) -> Alert:
    """End a snooze.

    Raises:
        AlertMissing, AlreadyResolved: there is no such open alert.
    """
    alert = open_one(db, alert_id)
    alert.snoozed_until = None
    incidents.note(db, alert, "woken", "The snooze was ended.", actor.name)
    record(db, actor, "alerts.wake", alert)
    return alert


def comment(db: Session, actor: Actor, alert_id: uuid.UUID, text: str) -> Alert:
    """Note something on an alert, also on one that has ended.

    Raises:
        AlertMissing: there is none with this id.
    """
    alert = incidents.get(db, alert_id, lock=True)
    incidents.note(db, alert, "comment", text.strip(), actor.name)
    record(db, actor, "alerts.comment", alert)
    return alert


def resolve(db: Session, actor: Actor, alert_id: uuid.UUID, wanted: Resolve, base: str) -> Alert:
    """End an alert with its cause. Its rules stay quiet until they were clear once.

    Raises:
        AlertMissing, AlreadyResolved: there is no such open alert.
    """
    alert = open_one(db, alert_id)
    remark = (wanted.note or "").strip() or None
    incidents.end(db, alert, wanted.resolution, actor.name, remark)
    evaluating.tell_end(db, alert, base)
    record(db, actor, "alerts.resolve", alert, after={"resolution": wanted.resolution})
    return alert


def open_one(db: Session, alert_id: uuid.UUID) -> Alert:
    """Give an alert that has not ended, held against other changes.

    Raises:
        AlertMissing, AlreadyResolved: there is no such open alert.
    """
    alert = incidents.get(db, alert_id, lock=True)
    if alert.resolved_at is not None:
        raise AlreadyResolved(f"Alert #{alert.number} was resolved by {alert.resolved_by_name}.")
    return alert


def record(
    db: Session, actor: trail.Who, action: str, alert: Alert, after: dict[str, Any] | None = None
) -> None:
    """Write an act into the trail."""
    trail.record(
        db,
        actor,
        action,
        object_type="alert",
        object_id=alert.id,
        object_name=f"#{alert.number} {alert.title}",
        after=after,
    )
