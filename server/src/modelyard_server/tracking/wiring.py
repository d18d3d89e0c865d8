"""What tracking provides to other capabilities."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from modelyard_server.artifacts.ports import Expiry
from modelyard_server.collaboration.ports import Commentable, Resource
from modelyard_server.kernel.services import Services
from modelyard_server.workspaces.permissions import Permission
from modelyard_server.workspaces.ports import WorkspaceContent, WorkspaceObserver

from . import experiments, runs
from .errors import RunMissing
from .expiry import DeletedRuns
from .models import Experiment, Run
from .ports import NoVersions, VersionsOfRun


class DefaultExperiment:
    """Puts the experiment "0" into every new workspace."""

    def workspace_created(self, db: Session, workspace_id: int) -> None:  # noqa: ARG002
        """Add it in the creating transaction."""
        experiments.ensure_default(db)


class ExperimentsHeld:
    """Counts experiments, but for the one that is in every workspace, and runs."""

    def counted(self, db: Session) -> dict[str, int]:
        """Count them in the bound workspace, deleted ones too."""
        made = select(func.count()).select_from(Experiment).where(Experiment.id != 0)
        return {
            "experiments": db.scalar(made) or 0,
            "runs": db.scalar(select(func.count()).select_from(Run)) or 0,
        }

    def running(self, db: Session) -> list[str]:  # noqa: ARG002
        """Name nothing: runs end by themselves."""
        return []


class Runs:
    """Lets people talk about runs."""

    kind = "run"
    parts: tuple[str, ...] = ()
    permission = Permission.experiments_read

    def find(self, db: Session, resource_id: str) -> Resource | None:
        """Give a run by its id, deleted or not."""
        try:
            row = runs.get(db, resource_id)
        except RunMissing:
            return None
        return Resource(name=row.name, path=f"/runs/{row.uid}", owner_id=None)


def provide(services: Services) -> None:
    """Register our ports' implementations."""
    services.add(WorkspaceObserver, DefaultExperiment())  # type: ignore[type-abstract]
    services.add(WorkspaceContent, ExperimentsHeld())  # type: ignore[type-abstract]
    services.add(Commentable, Runs())  # type: ignore[type-abstract]
    services.add(Expiry, DeletedRuns())  # type: ignore[type-abstract]
    services.provide(VersionsOfRun, NoVersions())  # type: ignore[type-abstract]
