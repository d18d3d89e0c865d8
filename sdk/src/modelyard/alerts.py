"""Alerts: what is wrong with deployments, and handling it; checking our signed webhooks."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ._errors import ModelyardError
from ._transport import Transport

_PATH = "/api/v1/alerts"
Tab = Literal["open", "snoozed", "resolved"]
Resolution = Literal["fixed", "rolled_back", "bad_data", "expected", "false_alarm", "other"]


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that is wrong with a deployment, as it was when read."""

    id: str
    number: int
    title: str
    severity: str
    cause: str
    deployment_id: str
    deployment: str
    """As `environment/name`."""
    opened_at: str
    acknowledged_by: str | None
    resolved_at: str | None
    signals: tuple[str, ...]
    """What each of its rules says."""
    summary: str | None


class Alerts:
    """Reads and handles alerts."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, tab: Tab = "open") -> Iterator[Alert]:
        """Give alerts, newest first."""
        for item in self._transport.pages(_PATH, tab=tab):
            yield _read(item)

    def get(self, alert_id: str) -> Alert:
        """Give one alert by id, with its summary once it has ended."""
        return _read(self._transport.get(f"{_PATH}/{alert_id}"))

    def find(self, number: int) -> Alert:
        """Give the alert with a number.

        Raises:
            ModelyardError: there is none.
        """
        tabs: tuple[Tab, ...] = ("open", "snoozed", "resolved")
        for tab in tabs:
            for found in self.list(tab):
                if found.number == number:
                    return self.get(found.id)
        raise ModelyardError(f"There is no alert #{number}.")

    def acknowledge(self, alert_id: str) -> Alert:
        """Say that somebody looks at it: no repeats, no escalation."""
        return _read(self._transport.post(f"{_PATH}/{alert_id}/acknowledge"))

    def snooze(self, alert_id: str, minutes: int) -> Alert:
        """Tell nobody for a while."""
        return _read(self._transport.post(f"{_PATH}/{alert_id}/snooze", {"minutes": minutes}))

    def comment(self, alert_id: str, text: str) -> Alert:
        """Note something on it."""
        return _read(self._transport.post(f"{_PATH}/{alert_id}/comments", {"text": text}))

    def resolve(self, alert_id: str, resolution: Resolution, note: str | None = None) -> Alert:
        """End it with its cause."""
        body = {"resolution": resolution, "note": note}
        return _read(self._transport.post(f"{_PATH}/{alert_id}/resolve", body))

    def roll_back(self, alert_id: str, *, reason: str | None = None) -> Alert:
        """Roll its deployment back to the previous good revision, and watch the recovery."""
        return _read(self._transport.post(f"{_PATH}/{alert_id}/roll-back", {"reason": reason}))

    def shift(self, alert_id: str, percent: int, *, reason: str | None = None) -> Alert:
        """Give the other revision of its deployment 1 to 99 % of the traffic.

        Raises:
            Conflict: no other version can take traffic.
        """
        path = f"{_PATH}/{alert_id}/shift"
        sides = self._transport.get(path)["sides"]
        revision = sides[1]["revision"] if sides else 0
        body = {"revision": revision, "percent": percent, "reason": reason}
        return _read(self._transport.post(path, body))


def webhook_is_ours(
    headers: Mapping[str, str], body: bytes, secret: str, *, tolerance_seconds: float = 300
) -> bool:
    """Tell whether a webhook was signed with our secret, and lately.

    Args:
        headers: Of the request; names in any case.
        body: Of the request, as it arrived.
        secret: The signing secret of the channel, `whsec_…`.
        tolerance_seconds: How far the clocks may differ. Refuse ids you have seen, too.
    """
    found = {name.lower(): value for name, value in headers.items()}
    message_id, at = found.get("webhook-id", ""), found.get("webhook-timestamp", "")
    if not at.isdigit() or abs(time.time() - int(at)) > tolerance_seconds:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = hmac.new(key, f"{message_id}.{at}.".encode() + body, hashlib.sha256).digest()
    expected = f"v1,{base64.b64encode(signed).decode()}"
    sent = found.get("webhook-signature", "").split(" ")
    return any(hmac.compare_digest(expected.encode(), one.encode()) for one in sent)


def _read(item: dict[str, Any]) -> Alert:
    return Alert(
        id=item["id"],
        number=item["number"],
        title=item["title"],
        severity=item["severity"],
        cause=item["cause"],
        deployment_id=item["deployment_id"],
        deployment=f"{item['environment']}/{item['deployment_name']}",
        opened_at=item["opened_at"],
        acknowledged_by=item["acknowledged_by_name"],
        resolved_at=item["resolved_at"],
        signals=tuple(one["text"] for one in item["signals"]),
        summary=item.get("summary"),
    )
