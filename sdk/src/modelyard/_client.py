"""Where the server is, who we are, and the nouns of the API."""

from __future__ import annotations

import os
from types import TracebackType
from typing import Any

from ._errors import ModelyardError
from ._transport import Transport
from .alerts import Alerts
from .artifacts import Artifacts
from .batches import Batches
from .bundles import Bundles
from .deployments import Deployments
from .oauth_clients import OAuthClients
from .registry import Models
from .storage import Storage


class Client:
    """A signed-in client of one workspace.

    Args:
        url: Address of Modelyard. Default: `MODELYARD_URL`, else `MLFLOW_TRACKING_URI`, else
            `http://localhost:8080`.
        token: API token. Default: `MODELYARD_TOKEN`, else `MLFLOW_TRACKING_TOKEN`.
    """

    def __init__(self, url: str | None = None, token: str | None = None) -> None:
        found = url or os.environ.get("MODELYARD_URL") or os.environ.get("MLFLOW_TRACKING_URI")
        secret = (
            token or os.environ.get("MODELYARD_TOKEN") or os.environ.get("MLFLOW_TRACKING_TOKEN")
        )
        if not secret:
            raise ModelyardError(
                "No API token. Create one under Settings, API tokens, and set MODELYARD_TOKEN."
            )
        self._transport = Transport(found or "http://localhost:8080", secret)
        self.artifacts = Artifacts(self._transport)
        self.models = Models(self._transport)
        self.bundles = Bundles(self._transport)
        self.deployments = Deployments(self._transport, self.models)
        self.batches = Batches(self._transport)
        self.alerts = Alerts(self._transport)
        self.storage = Storage(self._transport)
        self.oauth_clients = OAuthClients(self._transport)

    def whoami(self) -> dict[str, Any]:
        """Give the account, workspace and permissions of the token."""
        me: dict[str, Any] = self._transport.get("/api/v1/session")
        return me

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
