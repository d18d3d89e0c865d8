"""Microsoft Teams: a Workflows webhook that gets an Adaptive Card."""

from __future__ import annotations

import uuid
from typing import Any

from modelyard_server.kernel.egress import Egress
from modelyard_server.kernel.services import Services
from modelyard_server.notifications.ports import Address, Kind, Notice

from .posting import as_json, post

_COLOURS = {"critical": "Attention", "warning": "Warning", "info": "Accent"}
_MOST_BYTES = 28_000
_TEXT, _FACT = 4000, 500


class Teams:
    """Posts to the webhook of a workflow."""

    kind: Kind = "teams"

    def __init__(self, services: Services) -> None:
        self._services = services

    def send(self, address: Address, notice: Notice, message_id: uuid.UUID) -> None:  # noqa: ARG002
        """Post one card.

        Raises:
            NotDelivered: the workflow did not take it.
        """
        body = as_json(message(notice))
        if len(body) > _MOST_BYTES:
            body = as_json(message(notice.model_copy(update={"facts": [], "text": notice.title})))
        post(self._services.get(Egress), address.secrets["url"], body)


def message(notice: Notice) -> dict[str, Any]:
    """Give the message a workflow takes: one Adaptive Card as attachment."""
    card: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "body": [
            {
                "type": "TextBlock",
                "text": notice.title,
                "weight": "Bolder",
                "size": "Medium",
                "wrap": True,
                "color": "Good" if notice.is_end else _COLOURS[notice.severity],
            },
            {"type": "TextBlock", "text": notice.text[:_TEXT], "wrap": True},
            {
                "type": "FactSet",
                "facts": [{"title": f.name, "value": f.value[:_FACT]} for f in notice.facts],
            },
        ],
        "actions": [],
    }
    if notice.link:
        card["actions"] = [
            {"type": "Action.OpenUrl", "title": "Open in Modelyard", "url": notice.link}
        ]
    return {
        "type": "message",
        "attachments": [
            {
                "contentType": "application/vnd.microsoft.card.adaptive",
                "contentUrl": None,
                "content": card,
            }
        ],
    }
