"""Signed webhooks in the form of Standard Webhooks: id, timestamp, HMAC-SHA256."""

from __future__ import annotations

import base64
import hashlib
import hmac
import uuid
from typing import Any

from modelyard_server.kernel.clock import utcnow
from modelyard_server.kernel.egress import Egress
from modelyard_server.kernel.services import Services
from modelyard_server.notifications.ports import Address, Kind, Notice

from .posting import as_json, post


class Webhook:
    """Posts JSON that the receiver can check."""

    kind: Kind = "webhook"

    def __init__(self, services: Services) -> None:
        self._services = services

    def send(self, address: Address, notice: Notice, message_id: uuid.UUID) -> None:
        """Post one event. Each attempt has a fresh timestamp, the id stays.

        Raises:
            NotDelivered: the receiver did not take it.
        """
        body = as_json(payload(notice))
        at = int(utcnow().timestamp())
        headers = {
            "webhook-id": f"msg_{message_id.hex}",
            "webhook-timestamp": str(at),
            "webhook-signature": signature(
                address.secrets["secret"], f"msg_{message_id.hex}", at, body
            ),
        }
        post(self._services.get(Egress), address.secrets["url"], body, headers)


def payload(notice: Notice) -> dict[str, Any]:
    """Give the body of an event."""
    return {
        "type": f"alert.{notice.event}",
        "timestamp": notice.at.isoformat(),
        "data": {
            "thread": notice.thread,
            "title": notice.title,
            "text": notice.text,
            "severity": notice.severity,
            "facts": {fact.name: fact.value for fact in notice.facts},
            "link": notice.link,
            **notice.details,
        },
    }


def signature(secret: str, message_id: str, at: int, body: bytes) -> str:
    """Sign `id.timestamp.body` with the bytes behind `whsec_`."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = hmac.new(key, f"{message_id}.{at}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(signed).decode()}"
