"""An OAuth client, and its request for an access token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .seeds import Ids, World

CLIENTS = "/api/v1/oauth-clients"


def an_oauth_client(world: World) -> str:
    """A client that may do everything; its secret is kept for `a_token_request`."""
    body = {"name": f"{world.canary} shop", "scopes": ["predict", "feedback"]}
    made = world.post(CLIENTS, body)
    world.kept["oauth"] = {name: made[name] for name in ("client_id", "client_secret")}
    return str(made["id"])


def a_token_request(ids: Ids) -> dict[str, Any]:
    """Ask for a token with the client's secret."""
    ids["oauth_client_id"]
    return {"grant_type": "client_credentials", **ids.kept["oauth"]}
