"""What capabilities above may want to hear about workspaces."""

from __future__ import annotations

from typing import Protocol

from sqlalchemy.orm import Session

from modelyard_server.kernel import trail


class WorkspaceObserver(Protocol):
    """Puts the first rows of its capability into every new workspace.

    Register in `wiring.provide(services)` with `services.add(WorkspaceObserver, …)`.
    """

    def workspace_created(self, db: Session, workspace_id: int) -> None:
        """Act in the creating transaction; `db` is bound to the new workspace."""


class InstallationObserver(Protocol):
    """Acts once, when the first owner sets the installation up.

    Register in `wiring.provide(services)` with `services.add(InstallationObserver, …)`.
    """

    def installation_set_up(self, db: Session, who: trail.Who) -> None:
        """Act in the transaction of the setup; `who` is in the new workspace."""
