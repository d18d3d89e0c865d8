"""Speakers of the channels: mail, Slack, Microsoft Teams, PagerDuty, signed webhooks."""

from __future__ import annotations

from modelyard_server.kernel.services import Services
from modelyard_server.notifications.ports import ChannelAdapter

from .email import Email
from .pagerduty import PagerDuty
from .slack import Slack
from .teams import Teams
from .webhook import Webhook


def provide(services: Services) -> None:
    """Register a speaker for every kind of channel."""
    for adapter in (Email(services), Slack(services), Teams(services), PagerDuty(services)):
        services.add(ChannelAdapter, adapter)  # type: ignore[type-abstract]
    services.add(ChannelAdapter, Webhook(services))  # type: ignore[type-abstract]
