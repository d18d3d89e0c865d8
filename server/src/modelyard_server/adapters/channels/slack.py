"""Slack: an incoming webhook that gets Block Kit."""

from __future__ import annotations

import uuid
from typing import Any

from modelyard_server.kernel.egress import Egress
from modelyard_server.kernel.services import Services
from modelyard_server.notifications.ports import Address, Kind, Notice

from .posting import as_json, post

_COLOURS = {"critical": "#d1242f", "warning": "#bf8700", "info": "#0969da"}
_DONE = "#1a7f37"
_TITLE, _TEXT, _FIELD, _FIELDS = 150, 3000, 2000, 10  # what Block Kit takes


class Slack:
    """Posts to an incoming webhook."""

    kind: Kind = "slack"

    def __init__(self, services: Services) -> None:
        self._services = services

    def send(self, address: Address, notice: Notice, message_id: uuid.UUID) -> None:  # noqa: ARG002
        """Post one message.

        Raises:
            NotDelivered: Slack did not take it.
        """
        post(self._services.get(Egress), address.secrets["url"], as_json(message(notice)))


def message(notice: Notice) -> dict[str, Any]:
    """Give the body: a fallback line, and blocks beside a coloured bar."""
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": _cut(notice.title, _TITLE)}},
        {"type": "section", "text": _marked(_cut(_escaped(notice.text), _TEXT))},
    ]
    if notice.facts:
        fields = [
            _marked(_cut(f"*{_escaped(fact.name)}*\n{_escaped(fact.value)}", _FIELD))
            for fact in notice.facts[:_FIELDS]
        ]
        blocks.append({"type": "section", "fields": fields})
    if notice.link:
        button = {
            "type": "button",
            "text": {"type": "plain_text", "text": "Open in Modelyard"},
            "url": notice.link,
        }
        blocks.append({"type": "actions", "elements": [button]})
    colour = _DONE if notice.is_end else _COLOURS[notice.severity]
    return {
        "text": _escaped(notice.title),
        "attachments": [{"color": colour, "blocks": blocks}],
    }


def _marked(text: str) -> dict[str, str]:
    return {"type": "mrkdwn", "text": text}


def _escaped(text: str) -> str:
    """Escape the three characters that Slack gives a meaning."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
