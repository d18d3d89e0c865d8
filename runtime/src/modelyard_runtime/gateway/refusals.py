"""What the gateway refuses, in the problem shape of the whole platform (RFC 9457)."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import orjson

_TYPES = "https://modelyard.dev/problems/"


class Refusal(Exception):
    """An answer other than the one asked for."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        fields: list[dict[str, Any]] | None = None,
        retry_after: int | None = None,
    ) -> None:
        self.status, self.code, self.detail = status, code, detail
        self.fields, self.retry_after = fields, retry_after
        super().__init__(detail)

    def document(self, request_id: str) -> bytes:
        """Write the problem document."""
        body = {
            "type": _TYPES + self.code,
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
            "request_id": request_id,
        }
        return orjson.dumps(body | ({"fields": self.fields} if self.fields else {}))


def closed_door() -> Refusal:
    """Answer an unknown address and a wrong key alike: a stranger learns nothing from it."""
    detail = "No endpoint opens at this address with this key."
    return Refusal(401, "inference.unauthorized", detail)


def not_ready() -> Refusal:
    """No model server of this endpoint answers at the moment."""
    detail = "No model server of this endpoint is ready. Try again shortly."
    return Refusal(503, "inference.not_ready", detail, retry_after=2)
