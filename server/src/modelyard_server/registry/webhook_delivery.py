"""Sending of webhooks: the body, its signature, and the job that tries again."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any

from modelyard_server.kernel.clock import utcnow
from modelyard_server.kernel.crypto import RootKey
from modelyard_server.kernel.egress import AddressRefused, Egress, Reply
from modelyard_server.kernel.errors import DomainError
from modelyard_server.kernel.jobs import JobContext
from modelyard_server.kernel.services import Services
from modelyard_server.workspaces import service as workspaces

from . import webhook_log, webhooks
from .errors import DeliveryFailed, WebhookMissing
from .models import Webhook
from .webhook_log import Outcome

SIGNATURE, TIMESTAMP = "X-MLflow-Signature", "X-MLflow-Timestamp"
DELIVERY_ID = "X-MLflow-Delivery-Id"
_AGAIN = frozenset({408, 425, 429})
_TAG: dict[str, Any] = {"key": "example_key", "value": "example_value"}
_MODEL: dict[str, Any] = {"name": "example_model"}
_PROMPT: dict[str, Any] = {"name": "example_prompt"}


def _labels(kind: str) -> dict[str, Any]:
    return {"tags": {"example_key": "example_value"}, "description": f"An example {kind}"}


EXAMPLES: dict[str, dict[str, Any]] = {
    "registered_model.created": _MODEL | _labels("registered model"),
    "model_version.created": _MODEL
    | {"version": "1", "source": "models:/123", "run_id": "abcd1234abcd5678"}
    | _labels("model version"),
    "model_version_tag.set": _MODEL | {"version": "1"} | _TAG,
    "model_version_tag.deleted": _MODEL | {"version": "1", "key": "example_key"},
    "model_version_alias.created": _MODEL | {"alias": "example_alias", "version": "1"},
    "model_version_alias.deleted": _MODEL | {"alias": "example_alias"},
    "prompt.created": _PROMPT | _labels("prompt"),
    "prompt_version.created": _PROMPT
    | {"version": "1", "template": "Hello {{name}}!"}
    | _labels("prompt version"),
    "prompt_tag.set": _PROMPT | _TAG,
    "prompt_tag.deleted": _PROMPT | {"key": "example_key"},
    "prompt_version_tag.set": _PROMPT | {"version": "1"} | _TAG,
    "prompt_version_tag.deleted": _PROMPT | {"version": "1", "key": "example_key"},
    "prompt_alias.created": _PROMPT | {"alias": "example_alias", "version": "1"},
    "prompt_alias.deleted": _PROMPT | {"alias": "example_alias"},
}
"""What a test delivery tells, for each event: the values that MLflow's own server sends."""


def signature(secret: str, delivery_id: str, timestamp: str, body: bytes) -> str:
    """Sign a delivery: HMAC-SHA256 over `id.timestamp.body`, as MLflow's receivers check it."""
    message = f"{delivery_id}.{timestamp}.".encode() + body
    digest = hmac.new(secret.encode(), message, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def deliver(
    egress: Egress,
    url: str,
    secret: str | None,
    *,
    event: str,
    told: Mapping[str, Any],
    workspace: str,
    delivery_id: str,
    at: str,
) -> Reply:
    """Tell an address of an event.

    Raises:
        AddressRefused: the server may not call it (any more).
        NotReached: it does not answer.
    """
    entity, _, action = event.partition(".")
    body = json.dumps(
        {
            "entity": entity,
            "action": action,
            "timestamp": at,
            "data": dict(told),
            "workspace": workspace,
        }
    ).encode()
    timestamp = str(int(utcnow().timestamp()))
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Modelyard",
        DELIVERY_ID: delivery_id,
        TIMESTAMP: timestamp,
    }
    if secret is not None:
        headers[SIGNATURE] = signature(secret, delivery_id, timestamp, body)
    return egress.send(url, body, headers=headers)


def secret_of(key: RootKey, row: Webhook) -> str | None:
    """Open the secret that signs a webhook's deliveries."""
    return key.open(webhooks.PURPOSE, row.sealed_secret) if row.sealed_secret else None


def tell(
    services: Services,
    row: Webhook,
    *,
    event: str,
    told: Mapping[str, Any],
    workspace: str,
    delivery_id: str,
    at: str,
) -> Outcome:
    """Tell a webhook of an event once, and say how it went."""
    began = time.monotonic()
    secret = secret_of(services.get(RootKey), row)
    status: int | None = None
    failure: str | None = None
    again = False
    try:
        status = deliver(
            services.get(Egress),
            row.url,
            secret,
            event=event,
            told=told,
            workspace=workspace,
            delivery_id=delivery_id,
            at=at,
        ).status
    except DomainError as error:
        failure, again = error.detail, not isinstance(error, AddressRefused)
    if status is not None and not 200 <= status < 300:
        failure, again = f"It answered {status}.", status in _AGAIN or status >= 500
    took_ms = round((time.monotonic() - began) * 1000)
    return Outcome(status, failure, again, secret is not None, took_ms)


def run(job: JobContext) -> None:
    """Deliver one event to one webhook.

    Raises:
        DeliveryFailed: it is worth trying again.
    """
    assert job.workspace_id is not None  # noqa: S101 - enqueued with one
    with job.database.session(job.workspace_id, write=False) as db:
        try:
            row = webhooks.get(db, job.payload["webhook_id"])
        except WebhookMissing:
            return
        slug = workspaces.slug_of(db, job.workspace_id)
    if not row.is_active:
        return
    outcome = tell(
        job.services,
        row,
        event=job.payload["event"],
        told=job.payload["data"],
        workspace=slug,
        delivery_id=job.payload["delivery_id"],
        at=job.payload["at"],
    )
    again = outcome.is_worth_repeating and not job.is_last_attempt
    with job.database.session(job.workspace_id) as db:
        facts = webhook_log.Facts(
            event=job.payload["event"],
            delivery_id=job.payload["delivery_id"],
            attempt=job.attempt,
            will_retry=again,
        )
        webhook_log.note(db, row.id, facts, outcome)
    if again:
        raise DeliveryFailed(outcome.failure or "")
