"""What traces provide to the capabilities below them."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from modelyard_server.kernel.services import Services
from modelyard_server.tracking import sources
from modelyard_server.workspaces.ports import WorkspaceContent

from . import received
from .models import EvaluationDataset, Trace


class TracesHeld:
    """Counts traces and what applications are evaluated on."""

    def counted(self, db: Session) -> dict[str, int]:
        """Count them in the bound workspace."""
        return {
            "traces": db.scalar(select(func.count()).select_from(Trace)) or 0,
            "evaluation datasets": db.scalar(select(func.count()).select_from(EvaluationDataset))
            or 0,
        }

    def running(self, db: Session) -> list[str]:  # noqa: ARG002
        """Name nothing: traces do not run."""
        return []


def provide(services: Services) -> None:
    """Register our ports' implementations, and whose files lie with traces."""
    sources.also_owned("traces", received.FOLDER)
    services.add(WorkspaceContent, TracesHeld())  # type: ignore[type-abstract]
