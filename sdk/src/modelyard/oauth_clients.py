"""OAuth clients: programs that get access tokens for the endpoints of a workspace."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ._transport import Transport

_PATH = "/api/v1/oauth-clients"


@dataclass(frozen=True, slots=True)
class OAuthClient:
    """A client. `client_secret` is there only when it was made or rotated just now."""

    id: str
    client_id: str
    name: str
    scopes: Sequence[str]
    environments: Sequence[str] | None
    """Those it may call; `None`: all of them."""
    requests_per_minute: int | None
    last_used_at: str | None
    client_secret: str | None = None


class OAuthClients:
    """Clients of the workspace."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(
        self,
        name: str,
        *,
        scopes: Sequence[str] = ("predict",),
        environments: Sequence[str] | None = None,
        requests_per_minute: int | None = None,
    ) -> OAuthClient:
        """Make a client; its secret is never shown again.

        `scopes`: `predict`, and `feedback` to send outcomes. Tokens: see the guide "Call an
        endpoint".
        """
        body = {
            "name": name,
            "scopes": list(scopes),
            "environments": list(environments) if environments is not None else None,
            "requests_per_minute": requests_per_minute,
        }
        return _read(self._transport.post(_PATH, body))

    def list(self) -> Iterator[OAuthClient]:
        """Give every client that was not revoked, newest first."""
        return map(_read, self._transport.pages(_PATH))

    def rotate(self, row_id: str, *, overlap_hours: float = 24) -> OAuthClient:
        """Give a client another secret; the old one and its tokens work on for the overlap."""
        path = f"{_PATH}/{row_id}/rotate"
        return _read(self._transport.post(path, {"overlap_hours": overlap_hours}))

    def revoke(self, row_id: str) -> None:
        """End a client and its access tokens."""
        self._transport.delete(f"{_PATH}/{row_id}")


def _read(told: dict[str, Any]) -> OAuthClient:
    names = OAuthClient.__slots__
    return OAuthClient(**{name: told[name] for name in names if name in told})
