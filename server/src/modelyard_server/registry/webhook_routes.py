"""Webhooks as MLflow's client manages them. No transaction is open while the network is asked."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from modelyard_server.kernel import http
from modelyard_server.kernel.crypto import RootKey
from modelyard_server.kernel.db import Db
from modelyard_server.kernel.egress import Egress
from modelyard_server.kernel.services import provided
from modelyard_server.workspaces.access import Actor, allowed
from modelyard_server.workspaces.gate import Gate, gate
from modelyard_server.workspaces.permissions import Permission

from . import webhook_trial, webhooks
from .errors import WebhookRefused
from .mlflow_shapes import milliseconds
from .models import Webhook

router = APIRouter(prefix="/webhooks", tags=["mlflow"], include_in_schema=False)
Manager = Annotated[Actor, allowed(Permission.webhooks_manage)]
Managing = Annotated[Gate, gate(Permission.webhooks_manage)]
Outside = Annotated[Egress, provided(Egress)]
Key = Annotated[RootKey, provided(RootKey)]
Codec = Annotated[http.Cursors, Depends(http.cursors)]
Answer = dict[str, Any]
_MOST = 1000


class Event(BaseModel):
    model_config = ConfigDict(extra="ignore")

    entity: str
    action: str

    @property
    def name(self) -> str:
        """`entity.action` in small letters."""
        return f"{self.entity}.{self.action}".lower()


class ChangeBody(BaseModel):
    model_config = ConfigDict(extra="ignore")

    name: str | None = None
    url: str | None = None
    events: list[Event] | None = Field(None, max_length=100)
    description: str | None = None
    secret: str | None = None
    status: str | None = None

    def wanted(self) -> webhooks.Wanted:
        """Give what is asked for in our words.

        Raises:
            WebhookRefused: the status is none.
        """
        if self.status not in (None, "ACTIVE", "DISABLED"):
            raise WebhookRefused("A webhook's status is ACTIVE or DISABLED.")
        return webhooks.Wanted(
            name=self.name or None,
            url=self.url or None,
            events=[event.name for event in self.events] if self.events else None,
            description=self.description,
            secret=self.secret,
            is_active=None if self.status is None else self.status == "ACTIVE",
        )


class CreateBody(ChangeBody):
    name: str
    url: str
    events: list[Event] = Field(max_length=100)


class TestBody(BaseModel):
    model_config = ConfigDict(extra="ignore")

    event: Event | None = None


@router.post("")
async def create_webhook(body: CreateBody, gate: Managing, egress: Outside, key: Key) -> Answer:
    await webhook_trial.judge(gate, egress, body.url)
    return await gate.run(
        lambda db, actor: _shown_alone(webhooks.create(db, actor, key, body.wanted())), write=True
    )


@router.get("")
def list_webhooks(
    db: Db, actor: Manager, codec: Codec, max_results: int = 100, page_token: str = ""
) -> Answer:
    if not 1 <= max_results <= _MOST:
        raise WebhookRefused(f"max_results must be between 1 and {_MOST}, but got {max_results}.")
    scope = f"{actor.workspace_id}/webhooks"
    offset = int(codec.open(scope, page_token)[0]) if page_token else 0
    found = webhooks.page(db, offset=offset, limit=max_results)
    answer: Answer = {"webhooks": [_shown(row) for row in found[:max_results]]} if found else {}
    if len(found) > max_results:
        answer["next_page_token"] = codec.seal(scope, [offset + max_results])
    return answer


@router.get("/{webhook_id}")
def get_webhook(webhook_id: str, db: Db, actor: Manager) -> Answer:  # noqa: ARG001
    return _shown_alone(webhooks.get(db, webhook_id))


@router.patch("/{webhook_id}")
async def update_webhook(
    webhook_id: str, body: ChangeBody, gate: Managing, egress: Outside, key: Key
) -> Answer:
    await webhook_trial.judge(gate, egress, body.url or None)
    return await gate.run(
        lambda db, actor: _shown_alone(webhooks.change(db, actor, key, webhook_id, body.wanted())),
        write=True,
    )


@router.delete("/{webhook_id}")
def delete_webhook(webhook_id: str, db: Db, actor: Manager) -> Answer:
    webhooks.remove(db, actor, webhook_id)
    return {}


@router.post("/{webhook_id}/test")
async def test_webhook(webhook_id: str, body: TestBody, gate: Managing, request: Request) -> Answer:
    """Deliver an example now and say how it went; what the other side wrote is not shown."""
    event = body.event.name if body.event is not None else None
    tried = await webhook_trial.try_out(gate, request.app.state.services, webhook_id, event)
    if tried.status is None:
        return {"result": {"success": False, "error_message": tried.failure}}
    return {"result": {"success": tried.failure is None, "response_status": tried.status}}


def _shown_alone(row: Webhook) -> Answer:
    return {"webhook": _shown(row)}


def _shown(row: Webhook) -> Answer:
    events = (event.upper().partition(".") for event in row.events)
    shown: Answer = {
        "webhook_id": str(row.id),
        "name": row.name,
        "url": row.url,
        "events": [{"entity": entity, "action": action} for entity, _, action in events],
        "status": "ACTIVE" if row.is_active else "DISABLED",
        "creation_timestamp": milliseconds(row.created_at),
        "last_updated_timestamp": milliseconds(row.updated_at),
    }
    return shown | ({"description": row.description} if row.description else {})
