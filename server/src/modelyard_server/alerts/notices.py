"""What channels are told about an alert."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from modelyard_server.kernel.clock import utcnow
from modelyard_server.notifications import service as notifications
from modelyard_server.notifications.ports import Event, Fact, Notice

from . import story
from .models import Alert, AlertSignal, Rule

SHOWN = 5
_LEADS = {
    "fired": "",
    "repeated": "Still firing: ",
    "escalated": "Nobody has acknowledged: ",
    "announced": "Firing, now told: ",
    "resolved": "Resolved: ",
}


def tell(
    db: Session,
    alert: Alert,
    signals: Sequence[AlertSignal],
    event: Event,
    base_url: str,
    also: Sequence[uuid.UUID] = (),
) -> None:
    """Put a notice about an alert into the outbox of its rules' channels."""
    ids = [signal.rule_id for signal in signals]
    rules = db.scalars(select(Rule).where(Rule.id.in_(ids))).all()
    named = {uuid.UUID(one) for rule in rules for one in rule.channel_ids} | set(also)
    defaults = not rules or any(not rule.channel_ids for rule in rules)
    runbook = next((rule.runbook_url for rule in rules if rule.runbook_url), None)
    made = notice(alert, signals, event, f"{base_url}/alerts/{alert.id}", runbook)
    notifications.send(db, made, sorted(named, key=str), with_defaults=defaults)
    if event != "resolved":
        alert.last_told_at = utcnow()
        alert.first_told_at = alert.first_told_at or alert.last_told_at
        alert.told_signals = len(signals)


def notice(
    alert: Alert,
    signals: Sequence[AlertSignal],
    event: Event,
    link: str,
    runbook: str | None,
) -> Notice:
    """Write the notice: the gravest signals first, five at most, the rest counted."""
    place = f"{alert.environment}/{alert.deployment_name}"
    lines = [f"{one.rule_name}: {one.text}" for one in signals[:SHOWN]]
    if len(signals) > SHOWN:
        lines.append(f"… and {len(signals) - SHOWN} more.")
    if event == "resolved" and alert.resolved_at is not None:
        took = story.lasted(alert.resolved_at - alert.opened_at)
        words = story.WORDS[alert.resolution or "other"]
        lines = [f"After {took}: {words}.", *lines]
    facts = [
        Fact(name="Deployment", value=place),
        Fact(name="Model", value=f"{alert.model_name} version {alert.version or '–'}"),  # noqa: RUF001
        Fact(name="Since", value=f"{alert.opened_at:%Y-%m-%d %H:%M} UTC"),
        Fact(name="Alert", value=f"#{alert.number}"),
    ]
    if alert.assignee_name:
        facts.append(Fact(name="Assigned to", value=alert.assignee_name))
    if runbook:
        facts.append(Fact(name="Runbook", value=runbook))
    return Notice(
        event=event,
        thread=f"alert-{alert.id}",
        subject=f"{alert.title} · {place} #{alert.number}",
        title=f"{_LEADS[event]}{alert.title} · {place}",
        text="\n".join(lines),
        severity=alert.severity,
        facts=facts,
        link=link,
        at=utcnow(),
        details={
            "alert_id": str(alert.id),
            "number": alert.number,
            "deployment_id": str(alert.deployment_id),
            "cause": alert.cause,
            "opened_at": alert.opened_at.isoformat(),
            "signals": [
                {"rule": one.rule_name, "value": one.value, "limit": one.limit}
                for one in signals[:50]
            ],
        },
    )
