"""Signed links: one address of ours that works without a token for a while.

A link carries who made it, and each use checks again that this person, and the token it was made
with, still have the right: a revoked token's links end with it. A link is for one path only.
"""

from __future__ import annotations

import hashlib
import hmac
import time
import uuid
from typing import Any
from urllib.parse import urlencode

from fastapi import Depends, Request
from sqlalchemy.orm import Session

from modelyard_server.identity.errors import InvalidToken

from . import access
from .access import Actor
from .gate import Gate
from .permissions import Permission

_FIELDS = ("in", "by", "with", "until")


def signed(request: Request, actor: Actor, path: str, *, seconds: int) -> str:
    """Give the whole address of a path, signed for the actor."""
    values = {
        "in": str(actor.workspace_id),
        "by": str(actor.id),
        "with": str(actor.token_id or ""),
        "until": str(int(time.time()) + seconds),
    }
    query = urlencode({**values, "signature": _signature(request, path, values)})
    return f"{str(request.base_url).rstrip('/')}{path}?{query}"


class LinkGate(Gate):
    """Lets whoever has a signed link in, and everybody else as any gate does."""

    def actor(self, db: Session) -> Actor:
        """Find out who made the link.

        Raises:
            InvalidToken: it is altered, for another address, too old, or its maker's right ended.
        """
        given = self.request.query_params
        if "signature" not in given:
            return super().actor(db)
        values = {name: given.get(name, "") for name in _FIELDS}
        expected = _signature(self.request, self.request.url.path, values)
        if not hmac.compare_digest(given["signature"].encode(), expected.encode()):
            raise InvalidToken("The link is not one of ours, or was altered.")
        if int(values["until"]) < time.time():
            raise InvalidToken("The link has expired.")
        return access.lent_actor(
            self.request,
            db,
            user_id=uuid.UUID(values["by"]),
            token_id=uuid.UUID(values["with"]) if values["with"] else None,
            workspace_id=int(values["in"]),
        )


def link_gate(permission: Permission) -> Any:
    """Declare the permission of a route that signed links may call too; gives the `LinkGate`."""

    def check(request: Request) -> LinkGate:
        return LinkGate(request, permission)

    check.permission = permission  # type: ignore[attr-defined]
    return Depends(check)


def _signature(request: Request, path: str, values: dict[str, str]) -> str:
    key: bytes = request.app.state.root_key.derive("links")
    message = "\n".join((path, *(values[name] for name in _FIELDS)))
    return hmac.new(key, message.encode(), hashlib.sha256).hexdigest()
