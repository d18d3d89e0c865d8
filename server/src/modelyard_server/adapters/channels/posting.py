"""One JSON request through the guarded way out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from modelyard_server.kernel.egress import AddressRefused, Egress, NotReached
from modelyard_server.notifications.ports import NotDelivered

_WORTH_ANOTHER_TRY = frozenset({408, 425, 429})


def as_json(body: Any) -> bytes:
    """Encode a body; what is signed is what is sent."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def post(egress: Egress, url: str, body: bytes, headers: Mapping[str, str] | None = None) -> None:
    """Send, and take any 2xx for an answer.

    Raises:
        NotDelivered: the address is refused, not reached, or answers something else.
    """
    told = {"Content-Type": "application/json", "User-Agent": "Modelyard", **(headers or {})}
    try:
        reply = egress.send(url, body, headers=told)
    except AddressRefused as refused:
        raise NotDelivered(refused.detail, is_final=True) from None
    except NotReached as missed:
        raise NotDelivered(missed.detail) from None
    if reply.is_success:
        return
    final = 300 <= reply.status < 500 and reply.status not in _WORTH_ANOTHER_TRY
    raise NotDelivered(f"The receiver answered {reply.status}.", is_final=final)
