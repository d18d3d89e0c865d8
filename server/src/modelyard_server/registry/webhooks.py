"""Webhooks: addresses that are told what happens in the registry.

An event is written as a job in the transaction that causes it and delivered after the commit, so
it is told if and only if it happened.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from modelyard_server.kernel import jobs, tenancy, trail
from modelyard_server.kernel.clock import utcnow
from modelyard_server.kernel.crypto import RootKey

from .errors import WebhookMissing, WebhookRefused
from .models import Webhook

PURPOSE = "webhook"
DELIVER = "registry.deliver_webhook"
MOST = 50
ACTIONS: dict[str, tuple[str, ...]] = {
    "registered_model": ("created",),
    "model_version": ("created",),
    "model_version_tag": ("deleted", "set"),
    "model_version_alias": ("created", "deleted"),
    "prompt": ("created",),
    "prompt_version": ("created",),
    "prompt_tag": ("deleted", "set"),
    "prompt_version_tag": ("deleted", "set"),
    "prompt_alias": ("created", "deleted"),
}
EVENTS = tuple(f"{entity}.{action}" for entity, does in ACTIONS.items() for action in does)
TEMPLATE_TAG = "mlflow.prompt.text"
_INTERNAL_TAGS = frozenset({"mlflow.prompt.is_prompt", "_mlflow_prompt_type", TEMPLATE_TAG})
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
_LONGEST_DESCRIPTION = 1000
_LONGEST_SECRET = 1000


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a webhook is to be; `None` keeps what is there."""

    name: str | None = None
    url: str | None = None
    events: Sequence[str] | None = None
    description: str | None = None
    secret: str | None = None
    is_active: bool | None = None


def create(db: Session, actor: trail.Who, key: RootKey, wanted: Wanted) -> Webhook:
    """Make a webhook. The caller has judged its address.

    Raises:
        WebhookRefused: name, events or description are not acceptable, or there are too many.
    """
    if len(db.scalars(select(Webhook.id).limit(MOST)).all()) >= MOST:
        raise WebhookRefused(f"A workspace has at most {MOST} webhooks.")
    now = utcnow()
    row = Webhook(
        id=uuid.uuid4(),
        name="",
        url="",
        description="",
        events=[],
        is_active=True,
        created_at=now,
        updated_at=now,
    )
    _fill(
        row, key, Wanted(wanted.name or "", wanted.url or "", wanted.events or (), *_rest(wanted))
    )
    db.add(row)
    db.flush()
    _record(db, actor, "create", row, after=_facts(row))
    return row


def change(db: Session, actor: trail.Who, key: RootKey, webhook_id: str, wanted: Wanted) -> Webhook:
    """Change a webhook. The caller has judged a new address.

    Raises:
        WebhookMissing: there is none.
        WebhookRefused: name, events or description are not acceptable.
    """
    row = get(db, webhook_id)
    before = _facts(row)
    _fill(row, key, wanted)
    row.updated_at = utcnow()
    _record(db, actor, "update", row, before=before, after=_facts(row))
    return row


def remove(db: Session, actor: trail.Who, webhook_id: str) -> None:
    """Delete a webhook; what is still to be delivered to it is dropped.

    Raises:
        WebhookMissing: there is none.
    """
    row = get(db, webhook_id)
    _record(db, actor, "delete", row, before=_facts(row))
    db.delete(row)


def get(db: Session, webhook_id: str) -> Webhook:
    """Give a webhook.

    Raises:
        WebhookMissing: there is none.
    """
    try:
        row = db.scalar(select(Webhook).where(Webhook.id == uuid.UUID(webhook_id)))
    except ValueError:
        row = None
    if row is None:
        raise WebhookMissing(f"Webhook with ID {webhook_id[:80]} not found.")
    return row


def page(db: Session, *, offset: int, limit: int) -> list[Webhook]:
    """List webhooks, newest first; gives one more than `limit` when there are more."""
    rows = select(Webhook).order_by(Webhook.created_at.desc(), Webhook.id)
    return list(db.scalars(rows.offset(offset).limit(limit + 1)))


def announce(db: Session, event: str, told: dict[str, Any]) -> None:
    """Tell every active webhook that asked for an event, after the commit."""
    rows = db.scalars(select(Webhook).where(Webhook.is_active)).all()
    for row in rows:
        if event in row.events:
            payload = {
                "webhook_id": str(row.id),
                "event": event,
                "data": told,
                "delivery_id": str(uuid.uuid4()),
                "at": utcnow().isoformat(),
            }
            jobs.enqueue(db, DELIVER, payload, workspace_id=tenancy.workspace_of(db))


def told_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """Give the tags that a receiver is told: without those that make a model a prompt."""
    return {key: value for key, value in tags.items() if key not in _INTERNAL_TAGS}


def _rest(wanted: Wanted) -> tuple[str | None, str | None, bool | None]:
    return wanted.description, wanted.secret, wanted.is_active


def _fill(row: Webhook, key: RootKey, wanted: Wanted) -> None:
    if wanted.name is not None:
        if _NAME.fullmatch(wanted.name) is None:
            raise WebhookRefused(
                f"Webhook name {wanted.name[:80]!r} is invalid. It must start and end with a "
                "letter or digit, be less than 63 characters long, and contain only letters, "
                "digits, dots (.), underscores (_), and hyphens (-)."
            )
        row.name = wanted.name
    if wanted.url is not None:
        row.url = wanted.url
    if wanted.events is not None:
        row.events = _checked_events(wanted.events)
    if wanted.description is not None:
        if len(wanted.description) > _LONGEST_DESCRIPTION:
            raise WebhookRefused(f"A description has at most {_LONGEST_DESCRIPTION} characters.")
        row.description = wanted.description
    if wanted.secret is not None:
        if len(wanted.secret) > _LONGEST_SECRET:
            raise WebhookRefused(f"A secret has at most {_LONGEST_SECRET} characters.")
        row.sealed_secret = key.seal(PURPOSE, wanted.secret) if wanted.secret else None
    if wanted.is_active is not None:
        row.is_active = wanted.is_active


def _checked_events(events: Sequence[str]) -> list[str]:
    if not events:
        raise WebhookRefused("Webhook events cannot be empty.")
    for event in events:
        entity, _, action = event.partition(".")
        actions = ACTIONS.get(entity)
        if actions is None:
            raise WebhookRefused(f"This server has no events of {entity[:40]!r}.")
        if action not in actions:
            raise WebhookRefused(
                f"Invalid action {action[:40]!r} for entity {entity!r}. "
                f"Valid actions are: {list(actions)}"
            )
    return sorted(set(events))


def _facts(row: Webhook) -> dict[str, Any]:
    """What the trail keeps: never the query of the address, which may hold a key."""
    return {
        "name": row.name,
        "url": row.url.partition("?")[0],
        "events": row.events,
        "is_active": row.is_active,
        "is_signed": row.is_signed,
    }


def _record(
    db: Session,
    actor: trail.Who,
    verb: str,
    row: Webhook,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    trail.record(
        db,
        actor,
        f"webhooks.{verb}",
        object_type="webhook",
        object_id=row.id,
        object_name=row.name,
        before=before,
        after=after,
    )
