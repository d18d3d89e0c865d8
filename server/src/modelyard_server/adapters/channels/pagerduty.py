"""PagerDuty: Events API v2; one incident per alert, resolved with it."""

from __future__ import annotations

import uuid
from typing import Any

from modelyard_server.kernel.egress import Egress
from modelyard_server.kernel.services import Services
from modelyard_server.notifications.ports import Address, Kind, Notice
from modelyard_server.settings import Settings

from .posting import as_json, post

_SUMMARY = 1024  # characters that PagerDuty keeps


class PagerDuty:
    """Sends events to the address of the settings."""

    kind: Kind = "pagerduty"

    def __init__(self, services: Services) -> None:
        self._services = services

    def send(self, address: Address, notice: Notice, message_id: uuid.UUID) -> None:  # noqa: ARG002
        """Trigger or resolve an incident; the same thread is the same incident.

        Raises:
            NotDelivered: PagerDuty did not take it.
        """
        url = self._services.get(Settings).pagerduty_url
        body = as_json(event(address.secrets["routing_key"], notice))
        post(self._services.get(Egress), url, body)


def event(routing_key: str, notice: Notice) -> dict[str, Any]:
    """Give the body of an event."""
    made: dict[str, Any] = {
        "routing_key": routing_key,
        "event_action": "resolve" if notice.is_end else "trigger",
        "dedup_key": notice.thread,
        "payload": {
            "summary": notice.title[:_SUMMARY],
            "source": "Modelyard",
            "severity": notice.severity,
            "timestamp": notice.at.isoformat(),
            "custom_details": {
                "text": notice.text,
                **{fact.name: fact.value for fact in notice.facts},
            },
        },
        "client": "Modelyard",
    }
    if notice.link:
        made["client_url"] = notice.link
        made["links"] = [{"href": notice.link, "text": "Open in Modelyard"}]
    return made
