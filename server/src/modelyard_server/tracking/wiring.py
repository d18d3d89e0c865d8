"""What tracking provides to other capabilities."""

from __future__ import annotations

from sqlalchemy.orm import Session

from modelyard_server.kernel.services import Services
from modelyard_server.workspaces.ports import WorkspaceObserver

from . import experiments
from .ports import NoVersions, VersionsOfRun


class DefaultExperiment:
    """Puts the experiment "0" into every new workspace."""

    def workspace_created(self, db: Session, workspace_id: int) -> None:  # noqa: ARG002
        """Add it in the creating transaction."""
        experiments.ensure_default(db)


def provide(services: Services) -> None:
    """Register our ports' implementations."""
    services.add(WorkspaceObserver, DefaultExperiment())  # type: ignore[type-abstract]
    services.provide(VersionsOfRun, NoVersions())  # type: ignore[type-abstract]
