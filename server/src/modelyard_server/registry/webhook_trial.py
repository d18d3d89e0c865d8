"""What both ways to manage webhooks do outside of a transaction: judge an address, try one out."""

from __future__ import annotations

import re
import uuid

from fastapi.concurrency import run_in_threadpool
from sqlalchemy.orm import Session

from modelyard_server.kernel import trail
from modelyard_server.kernel.clock import utcnow
from modelyard_server.kernel.egress import AddressRefused, Egress
from modelyard_server.kernel.services import Services
from modelyard_server.workspaces.access import Actor
from modelyard_server.workspaces.gate import Gate

from . import webhook_delivery, webhook_log, webhooks
from .errors import WebhookMissing, WebhookRefused
from .models import Webhook, WebhookDelivery

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")


async def judge(gate: Gate, egress: Egress, url: str | None) -> None:
    """Look an address up, but only for somebody who may manage webhooks.

    Raises:
        WebhookRefused: the server may not call it.
    """
    await gate.run(lambda _db, _actor: None, write=False)
    if url is None:
        return
    if not url.strip():
        raise WebhookRefused("Webhook URL cannot be empty or just whitespace.")
    scheme = _SCHEME.match(url)
    what = "" if scheme is None or scheme[1].lower() in {"http", "https"} else " scheme"
    try:
        await run_in_threadpool(egress.check, url)
    except AddressRefused as refusal:
        raise WebhookRefused(f"Invalid webhook URL{what}: {refusal.detail}") from None


async def try_out(
    gate: Gate, services: Services, webhook_id: str, event: str | None
) -> WebhookDelivery:
    """Deliver an example now; what the other side wrote is not kept.

    Raises:
        WebhookMissing: there is none, or it is gone before the answer came.
        WebhookRefused: there is no such event.
    """

    def find(db: Session, actor: Actor) -> tuple[Webhook, str]:
        return webhooks.get(db, webhook_id), actor.workspace_slug

    row, slug = await gate.run(find, write=False)
    event = event or row.events[0]
    if event not in webhook_delivery.EXAMPLES:
        raise WebhookRefused(f"There is no event {event[:80]}.")
    facts = webhook_log.Facts(event=event, delivery_id=str(uuid.uuid4()), is_test=True)
    outcome = await run_in_threadpool(
        webhook_delivery.tell,
        services,
        row,
        event=event,
        told=webhook_delivery.EXAMPLES[event],
        workspace=slug,
        delivery_id=facts.delivery_id,
        at=utcnow().isoformat(),
    )

    def keep(db: Session, actor: Actor) -> WebhookDelivery:
        kept = webhook_log.note(db, row.id, facts, outcome)
        if kept is None:
            raise WebhookMissing(f"Webhook with ID {row.id} not found.")
        trail.record(
            db,
            actor,
            "webhooks.test",
            object_type="webhook",
            object_id=row.id,
            object_name=row.name,
            after={"event": event, "status": outcome.status, "heard": outcome.failure is None},
        )
        return kept

    return await gate.run(keep, write=True)
