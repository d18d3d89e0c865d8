"""Workspaces in addresses: `/w/<slug>` before any address of the API selects the workspace.

A client that can be given nothing but an address, such as MLflow's with `MLFLOW_TRACKING_URI`,
names its workspace so. What else lies below `/w/<slug>` are pages of the web application.
"""

from __future__ import annotations

import re

from starlette.types import ASGIApp, Receive, Scope, Send

SCOPE_KEY = "modelyard_workspace"
_ALIASES = {
    "/ajax-api/": "/api/",  # of MLflow's own pages
    "/api/2.0mlflow/": "/api/2.0/mlflow/",  # as one of MLflow's endpoints is published
    "//": "/",
}
_PREFIXED = re.compile(
    r"/w/([^/]+)(/(?:(?:api|ajax-api|v1|v2|gateway|model-versions)/.*|get-artifact|graphql|health|version))",
    re.DOTALL,
)


class WorkspaceInAddress:
    """Takes the workspace out of a request's path and notes it in the scope; unifies aliases."""

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
        if scope["type"] == "http" and scope["path"].startswith(tuple(_ALIASES)):
            scope = _unaliased(scope)
        await self.app(scope, receive, send)


def _unaliased(scope: Scope) -> Scope:
    alias = next(alias for alias in _ALIASES if scope["path"].startswith(alias))
    path, raw = scope["path"], scope.get("raw_path") or b""
    return {
        **scope,
        "path": _ALIASES[alias] + path[len(alias) :],
        "raw_path": _ALIASES[alias].encode() + raw[len(alias) :],
    }
