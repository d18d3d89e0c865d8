"""Answers before they are bytes; a refusal has the problem shape of the platform (RFC 9457)."""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Self

import orjson

from modelyard_protocol import language
from modelyard_protocol.routing import Target

NOT_READY = "inference.not_ready"
_TYPES = "https://modelyard.dev/problems/"


@dataclass(slots=True)
class Outgoing:
    """An answer before it is bytes."""

    status: int
    body: bytes
    media: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)

    def of(self, prediction_id: str, target: Target | None) -> Self:
        """Say which call it answers, and which version did where one was asked."""
        self.headers["X-Prediction-Id"] = prediction_id
        if target is not None:
            self.headers["X-Model-Version"] = str(target.version)
            self.headers["X-Modelyard-Revision"] = str(target.revision)
        return self


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
        allow: str | None = None,
        param: str | None = None,
    ) -> None:
        self.status, self.code, self.detail = status, code, detail
        self.fields, self.retry_after = fields, retry_after
        self.allow, self.param = allow, param
        self.challenge: str | None = None
        """What `WWW-Authenticate` says beside the realm (RFC 6750, section 3)."""
        super().__init__(detail)

    def document(self, request_id: str, *, is_v2: bool = False, is_openai: bool = False) -> bytes:
        """Write the problem document."""
        body: dict[str, Any] = {
            "type": _TYPES + self.code,
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
            "request_id": request_id,
        }
        if self.fields:
            body["fields"] = self.fields
        if is_v2:
            body["error"] = self.detail
        elif is_openai:
            body["error"] = language.error(self.detail, self.status, self.code, self.param)
        return orjson.dumps(body)


def closed_door() -> Refusal:
    """Answer an unknown address and a wrong key alike: a stranger learns nothing from it."""
    detail = "No endpoint opens at this address with this key."
    return Refusal(401, "inference.unauthorized", detail)


def not_ready() -> Refusal:
    """No model server of this endpoint answers at the moment."""
    detail = "No model server of this endpoint is ready. Try again shortly."
    return Refusal(503, NOT_READY, detail, retry_after=2)
