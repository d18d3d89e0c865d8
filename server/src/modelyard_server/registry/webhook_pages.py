"""Webhooks as the web manages them, with what was sent to each."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from modelyard_server.kernel import http
from modelyard_server.kernel.crypto import RootKey
from modelyard_server.kernel.db import Db
from modelyard_server.kernel.egress import Egress
from modelyard_server.kernel.http import Page
from modelyard_server.kernel.services import provided
from modelyard_server.workspaces.access import Actor, allowed
from modelyard_server.workspaces.gate import Gate, gate
from modelyard_server.workspaces.permissions import Permission

from . import webhook_log, webhook_trial, webhooks
from .models import Webhook, WebhookDelivery

router = APIRouter(prefix="/api/v1/webhooks", tags=["registry"])
Manager = Annotated[Actor, allowed(Permission.webhooks_manage)]
Managing = Annotated[Gate, gate(Permission.webhooks_manage)]
Outside = Annotated[Egress, provided(Egress)]
Key = Annotated[RootKey, provided(RootKey)]
Codec = Annotated[http.Cursors, Depends(http.cursors)]
RegistryEvent = Literal[
    "registered_model.created",
    "model_version.created",
    "model_version_tag.set",
    "model_version_tag.deleted",
    "model_version_alias.created",
    "model_version_alias.deleted",
    "prompt.created",
    "prompt_version.created",
    "prompt_tag.set",
    "prompt_tag.deleted",
    "prompt_version_tag.set",
    "prompt_version_tag.deleted",
    "prompt_alias.created",
    "prompt_alias.deleted",
]
Events = Annotated[list[RegistryEvent], Field(min_length=1, max_length=len(webhooks.EVENTS))]


class WebhookCreate(BaseModel):
    """With a `secret`, deliveries are signed; it is never shown again."""

    model_config = ConfigDict(extra="forbid")

    name: str
    url: str
    events: Events
    description: str = ""
    secret: str | None = Field(None, min_length=8)


class WebhookPatch(BaseModel):
    """What is left out stays. An empty `secret` ends signing."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = None
    url: str | None = None
    events: Events | None = None
    description: str | None = None
    secret: str | None = None
    is_active: bool | None = None


class WebhookTry(BaseModel):
    """The event to give an example of; the webhook's first when left out."""

    model_config = ConfigDict(extra="forbid")

    event: RegistryEvent | None = None


class WebhookOut(BaseModel):
    """A webhook. `last_failure`: why the newest delivery that was given up failed."""

    id: uuid.UUID
    name: str
    url: str
    description: str
    events: list[RegistryEvent]
    is_active: bool
    is_signed: bool
    last_delivered_at: dt.datetime | None
    last_failure: str | None
    created_at: dt.datetime
    updated_at: dt.datetime


class WebhookDeliveryOut(BaseModel):
    """One attempt. `delivery_id` is the receiver's `X-MLflow-Delivery-Id`."""

    id: uuid.UUID
    delivery_id: str
    event: RegistryEvent
    attempt: int
    is_test: bool
    is_signed: bool
    status: int | None
    failure: str | None
    will_retry: bool
    took_ms: int
    at: dt.datetime


@router.get("")
def list_webhooks(db: Db, actor: Manager) -> list[WebhookOut]:  # noqa: ARG001
    """List the workspace's webhooks, newest first."""
    return [_shown(row) for row in webhooks.page(db, offset=0, limit=webhooks.MOST)]


@router.post("", status_code=201)
async def create_webhook(
    body: WebhookCreate, gate: Managing, egress: Outside, key: Key
) -> WebhookOut:
    """Make a webhook. Only addresses that the server may call are taken."""
    await webhook_trial.judge(gate, egress, body.url)
    wanted = webhooks.Wanted(**body.model_dump())
    return await gate.run(
        lambda db, actor: _shown(webhooks.create(db, actor, key, wanted)), write=True
    )


@router.patch("/{webhook_id}")
async def update_webhook(
    webhook_id: uuid.UUID, body: WebhookPatch, gate: Managing, egress: Outside, key: Key
) -> WebhookOut:
    """Change a webhook, or switch it off and on."""
    await webhook_trial.judge(gate, egress, body.url)
    wanted = webhooks.Wanted(**body.model_dump())
    return await gate.run(
        lambda db, actor: _shown(webhooks.change(db, actor, key, str(webhook_id), wanted)),
        write=True,
    )


@router.delete("/{webhook_id}", status_code=204)
def delete_webhook(webhook_id: uuid.UUID, db: Db, actor: Manager) -> None:
    """Delete a webhook with its log; what waits to be delivered to it is dropped."""
    webhooks.remove(db, actor, str(webhook_id))


@router.post("/{webhook_id}/test")
async def test_webhook(
    webhook_id: uuid.UUID, body: WebhookTry, gate: Managing, request: Request
) -> WebhookDeliveryOut:
    """Deliver an example now and say how it went."""
    services = request.app.state.services
    return _told(await webhook_trial.try_out(gate, services, str(webhook_id), body.event))


@router.get("/{webhook_id}/deliveries")
def list_webhook_deliveries(
    webhook_id: uuid.UUID,
    db: Db,
    actor: Manager,
    codec: Codec,
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=webhook_log.MOST_KEPT)] = 25,
) -> Page[WebhookDeliveryOut]:
    """List the newest attempts to tell a webhook, newest first."""
    webhook = webhooks.get(db, str(webhook_id))
    scope = f"{actor.workspace_id}/webhooks/{webhook.id}/deliveries"
    place = codec.open(scope, cursor) if cursor else None
    after = (dt.datetime.fromisoformat(place[0]), uuid.UUID(place[1])) if place else None
    found = webhook_log.page(db, webhook.id, after, limit)
    last = found[limit - 1] if len(found) > limit else None
    sealed = codec.seal(scope, [last.at.isoformat(), last.id]) if last else None
    return Page(items=[_told(row) for row in found[:limit]], next_cursor=sealed, total=None)


def _shown(row: Webhook) -> WebhookOut:
    return WebhookOut.model_validate(row, from_attributes=True)


def _told(row: WebhookDelivery) -> WebhookDeliveryOut:
    return WebhookDeliveryOut.model_validate(row, from_attributes=True)
