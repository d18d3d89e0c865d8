"""Workspaces in addresses: `/w/<slug>` before any address of the API selects the workspace.

A client that can be given nothing but an address, such as MLflow's with `MLFLOW_TRACKING_URI`,
names its workspace so. What else lies below `/w/<slug>` are pages of the web application.
"""

from __future__ import annotations

import re

from starlette.types import ASGIApp, Receive, Scope, Send

SCOPE_KEY = "modelyard_workspace"
_PREFIXED = re.compile(
    r"/w/([^/]+)(/(?:(?:api|ajax-api|v1|v2)/.*|health|version|graphql))", re.DOTALL
)


class WorkspaceInAddress:
    """Takes the workspace out of a request's path and notes it in the scope."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, without the prefix."""
        if scope["type"] == "http" and scope["path"].startswith("/w/"):
            match = _PREFIXED.fullmatch(scope["path"])
            if match is not None:
                raw = scope.get("raw_path") or b""
                below = b"/" + raw.split(b"/", 3)[3] if raw.count(b"/") > 2 else raw
                scope = {**scope, "path": match[2], "raw_path": below, SCOPE_KEY: match[1]}
        await self.app(scope, receive, send)
