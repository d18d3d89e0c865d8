"""What capabilities above may want to hear about workspaces."""

from __future__ import annotations

from typing import Protocol

from sqlalchemy.orm import Session


class WorkspaceObserver(Protocol):
    """Puts the first rows of its capability into every new workspace.

    Register in `wiring.provide(services)` with `services.add(WorkspaceObserver, …)`.
    """

    def workspace_created(self, db: Session, workspace_id: int) -> None:
        """Act in the creating transaction; `db` is bound to the new workspace."""
