"""What capabilities above may want to hear about workspaces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from sqlalchemy.orm import Session

from modelyard_server.kernel import trail


class WorkspaceObserver(Protocol):
    """Puts the first rows of its capability into every new workspace.

    Register in `wiring.provide(services)` with `services.add(WorkspaceObserver, …)`.
    """

    def workspace_created(self, db: Session, workspace_id: int) -> None:
        """Act in the creating transaction; `db` is bound to the new workspace."""


class WorkspaceContent(Protocol):
    """Says what a workspace holds of its capability, before the workspace is deleted.

    Register in `wiring.provide(services)` with `services.add(WorkspaceContent, …)`.
    """

    def counted(self, db: Session) -> Mapping[str, int]:
        """Count what people made in the bound workspace, by what it is called: `{"runs": 3}`."""

    def running(self, db: Session) -> Sequence[str]:
        """Name what still runs in the bound workspace and must be ended first."""


class WorkspaceFiles(Protocol):
    """Removes what its capability keeps of a deleted workspace outside the database.

    Register in `wiring.provide(services)` with `services.add(WorkspaceFiles, …)`.
    """

    def erase(self, workspace_id: int) -> None:
        """Remove it; nothing happens when there is none."""


class InstallationObserver(Protocol):
    """Acts once, when the first owner sets the installation up.

    Register in `wiring.provide(services)` with `services.add(InstallationObserver, …)`.
    """

    def installation_set_up(self, db: Session, who: trail.Who) -> None:
        """Act in the transaction of the setup; `who` is in the new workspace."""
