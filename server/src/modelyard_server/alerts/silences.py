"""Silences, maintenance windows, and the workspace's patience."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from modelyard_server.deployments import service as deployments
from modelyard_server.kernel import trail
from modelyard_server.kernel.clock import utcnow
from modelyard_server.notifications import service as notifications

from . import noise
from .errors import ChannelUnknown, SilenceMissing, TimeRefused
from .models import Policy, Silence
from .schemas import PolicyValues, SilenceCreate

LONGEST = dt.timedelta(days=90)
KEPT = dt.timedelta(days=30)  # a silence that is over stays listed so long
_PERIODS = {"daily": dt.timedelta(days=1), "weekly": dt.timedelta(days=7)}


def listed(db: Session) -> list[Silence]:
    """Give silences that hold, will hold, or ended lately; the newest first."""
    rows = db.scalars(select(Silence).order_by(Silence.starts_at.desc(), Silence.id))
    since = utcnow() - KEPT
    return [row for row in rows if row.repeats != "never" or row.ends_at >= since]


def in_force(db: Session) -> list[noise.Quiet]:
    """Give every silence as the decision about noise wants it."""
    return [
        noise.Quiet(
            row.deployment_id,
            row.cause,
            row.severity,
            row.starts_at,
            row.ends_at,
            row.repeats,
            row.reason,
        )
        for row in db.scalars(select(Silence).order_by(Silence.created_at))
    ]


def create(db: Session, actor: trail.Who, wanted: SilenceCreate) -> Silence:
    """Silence what matches from a time to a time.

    Raises:
        DeploymentMissing: it names a deployment that is not there.
        TimeRefused: its times make no sense.
    """
    if wanted.deployment_id is not None:
        deployments.get(db, actor, wanted.deployment_id)
    now = utcnow()
    starts_at = wanted.starts_at or now
    span = wanted.ends_at - starts_at
    if span <= dt.timedelta() or (wanted.repeats == "never" and wanted.ends_at <= now):
        raise TimeRefused("A silence ends after it starts, and in the future.")
    period = _PERIODS.get(wanted.repeats)
    if span > (period or LONGEST):
        longest = "the time after which it comes again" if period else f"{LONGEST.days} days"
        raise TimeRefused(f"A silence lasts at most {longest}.")
    row = Silence(
        id=uuid.uuid4(),
        deployment_id=wanted.deployment_id,
        cause=wanted.cause,
        severity=wanted.severity,
        starts_at=starts_at,
        ends_at=wanted.ends_at,
        repeats=wanted.repeats,
        reason=wanted.reason.strip(),
        created_at=now,
        created_by_name=actor.name,
    )
    db.add(row)
    db.flush()
    _record(db, actor, "alerts.create_silence", row)
    return row


def end(db: Session, actor: trail.Who, silence_id: uuid.UUID) -> None:
    """End a silence now; what still fires is told at the next evaluation.

    Raises:
        SilenceMissing: there is none with this id.
    """
    row = db.scalar(select(Silence).where(Silence.id == silence_id).with_for_update())
    if row is None:
        raise SilenceMissing("There is no such silence.")
    _record(db, actor, "alerts.end_silence", row)
    db.delete(row)


def policy(db: Session) -> PolicyValues:
    """Give the workspace's policy, or the defaults."""
    row = db.scalar(select(Policy))
    return PolicyValues() if row is None else PolicyValues.model_validate(row)


def patience(values: PolicyValues) -> noise.Patience:
    """Give a policy as the decision about noise wants it."""
    escalate = dt.timedelta(minutes=values.escalate_minutes) if values.escalate_minutes else None
    return noise.Patience(
        group_wait=dt.timedelta(seconds=values.group_wait_seconds),
        repeat=dt.timedelta(minutes=values.repeat_minutes),
        escalate=escalate,
    )


def set_policy(db: Session, actor: trail.Who, wanted: PolicyValues) -> PolicyValues:
    """Change how patient the workspace is.

    Raises:
        ChannelUnknown: it names a channel that is not there.
    """
    ids = wanted.escalation_channel_ids
    if set(ids) - set(notifications.named(db, ids)):
        raise ChannelUnknown("A channel that is named does not exist.")
    row = db.scalar(select(Policy).with_for_update())
    before = policy(db).model_dump(mode="json")
    if row is None:
        row = Policy(id=uuid.uuid4())
        db.add(row)
    for name, value in wanted.model_dump(mode="json").items():
        setattr(row, name, value)
    trail.record(
        db,
        actor,
        "alerts.change_policy",
        object_type="alert_policy",
        before=before,
        after=wanted.model_dump(mode="json"),
    )
    db.flush()
    return wanted


def _record(db: Session, actor: trail.Who, action: str, row: Silence) -> None:
    facts: dict[str, Any] = {
        "deployment_id": row.deployment_id,
        "cause": row.cause,
        "severity": row.severity,
        "starts_at": row.starts_at,
        "ends_at": row.ends_at,
        "repeats": row.repeats,
        "reason": row.reason,
    }
    trail.record(
        db,
        actor,
        action,
        object_type="alert_silence",
        object_id=row.id,
        object_name=row.reason[:100],
        after=facts,
    )
