"""What was sent to webhooks: the newest attempts of each, and how they went."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from sqlalchemy import delete, select, tuple_
from sqlalchemy.orm import Session

from modelyard_server.kernel.clock import utcnow

from .models import Webhook, WebhookDelivery

MOST_KEPT = 200


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt went. `failure`: nothing when it was heard."""

    status: int | None
    failure: str | None
    is_worth_repeating: bool
    is_signed: bool
    took_ms: int


@dataclass(frozen=True, slots=True)
class Facts:
    """Which attempt it was."""

    event: str
    delivery_id: str
    attempt: int = 1
    is_test: bool = False
    will_retry: bool = False


def note(db: Session, webhook_id: uuid.UUID, facts: Facts, went: Outcome) -> WebhookDelivery | None:
    """Keep an attempt, and forget the oldest; nothing when the webhook is gone meanwhile."""
    webhook = db.scalar(select(Webhook).where(Webhook.id == webhook_id))
    if webhook is None:
        return None
    now = utcnow()
    row = WebhookDelivery(
        id=uuid.uuid4(),
        webhook_id=webhook_id,
        delivery_id=facts.delivery_id,
        event=facts.event,
        attempt=facts.attempt,
        is_test=facts.is_test,
        is_signed=went.is_signed,
        status=went.status,
        failure=went.failure,
        will_retry=facts.will_retry,
        took_ms=went.took_ms,
        at=now,
    )
    db.add(row)
    if went.failure is None:
        webhook.last_delivered_at = now
    if not facts.will_retry and not facts.is_test:
        webhook.last_failure = went.failure
    db.flush()
    _forget_oldest(db, webhook_id)
    return row


def page(
    db: Session, webhook_id: uuid.UUID, after: tuple[dt.datetime, uuid.UUID] | None, limit: int
) -> list[WebhookDelivery]:
    """List attempts, newest first; gives one more than `limit` when there are more."""
    rows = select(WebhookDelivery).where(WebhookDelivery.webhook_id == webhook_id)
    if after is not None:
        rows = rows.where(tuple_(WebhookDelivery.at, WebhookDelivery.id) < tuple_(*after))
    newest = (WebhookDelivery.at.desc(), WebhookDelivery.id.desc())
    return list(db.scalars(rows.order_by(*newest).limit(limit + 1)))


def _forget_oldest(db: Session, webhook_id: uuid.UUID) -> None:
    old = (
        select(WebhookDelivery.id)
        .where(WebhookDelivery.webhook_id == webhook_id)
        .order_by(WebhookDelivery.at.desc(), WebhookDelivery.id.desc())
        .offset(MOST_KEPT)
    )
    db.execute(delete(WebhookDelivery).where(WebhookDelivery.id.in_(old)))
