"""What alerts offer to the capabilities below them."""

from __future__ import annotations

import uuid

from sqlalchemy import delete
from sqlalchemy.orm import Session

from modelyard_server.deployments import service as deployments
from modelyard_server.deployments.ports import (
    CreationObserver,
    DeploymentObserver,
    RollbackObserver,
)
from modelyard_server.kernel import tenancy
from modelyard_server.kernel.services import Services
from modelyard_server.workspaces.access import System

from . import incidents, rules
from .models import Alert, Rule, Silence


class Watches:
    """Gives a new deployment its default rules, and takes everything away with it."""

    def deployment_created(self, db: Session, deployment_id: uuid.UUID) -> None:
        """Add the default rules in the creating transaction."""
        rules.ensure_defaults(db, System(tenancy.workspace_of(db)), [deployment_id])

    def revision_taken_back(
        self, db: Session, deployment_id: uuid.UUID, revision: int, reason: str
    ) -> None:
        """Open an alert in the transaction that takes it back."""
        actor = System(tenancy.workspace_of(db))
        subject = deployments.monitored_one(db, actor, deployment_id)
        incidents.taken_back(db, subject, revision, reason)

    def deployment_deleted(self, db: Session, deployment_id: uuid.UUID) -> None:
        """Remove rows in the deleting transaction."""
        for table in (Alert, Rule, Silence):
            db.execute(delete(table).where(table.deployment_id == deployment_id))


def provide(services: Services) -> None:
    """Register the observers."""
    services.add(CreationObserver, Watches())  # type: ignore[type-abstract]
    services.add(DeploymentObserver, Watches())  # type: ignore[type-abstract]
    services.add(RollbackObserver, Watches())  # type: ignore[type-abstract]
