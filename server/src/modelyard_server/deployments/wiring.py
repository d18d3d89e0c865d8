"""What deployments provide to the capabilities below them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from modelyard_server.collaboration.ports import Commentable, Resource
from modelyard_server.kernel.services import Services
from modelyard_server.registry.ports import ServedBy, ServedVersions
from modelyard_server.workspaces.permissions import Permission
from modelyard_server.workspaces.ports import WorkspaceContent, WorkspaceObserver

from . import environments
from .models import Deployment, Revision
from .ports import Preparation
from .preparing import RegistryPreparation
from .states import ENDED


class WhoServes:
    """Names the deployments that keep a model or a version from being deleted."""

    def deployments_of_model(self, db: Session, model_id: uuid.UUID) -> list[str]:
        """Name the live deployments of a model."""
        return self.deployments_of_models(db, [model_id]).get(model_id, [])

    def deployments_of_models(
        self, db: Session, model_ids: Sequence[uuid.UUID]
    ) -> dict[uuid.UUID, list[str]]:
        """Name the live deployments of many models in one query."""
        rows = db.scalars(
            select(Deployment)
            .where(
                Deployment.model_id.in_(model_ids),
                Deployment.live_number.is_not(None) | Deployment.status.not_in(list(ENDED)),
            )
            .order_by(Deployment.environment, Deployment.name)
        )
        found: dict[uuid.UUID, list[str]] = {}
        for row in rows:
            found.setdefault(row.model_id, []).append(f"{row.environment}/{row.name}")
        return found

    def deployments_of_version(self, db: Session, model_id: uuid.UUID, version: int) -> list[str]:
        """Name the deployments that serve this version, or would return to it on a rollback."""
        of_version = select(Revision.deployment_id).where(
            Revision.model_id == model_id,
            Revision.version == version,
            Revision.live_from.is_not(None) | Revision.status.not_in(list(ENDED)),
        )
        rows = db.scalars(
            select(Deployment).where(
                Deployment.id.in_(of_version),
                Deployment.live_number.is_not(None) | Deployment.status.not_in(list(ENDED)),
            )
        )
        return sorted(f"{row.environment}/{row.name}" for row in rows)

    def serving(self, db: Session, model_id: uuid.UUID, version: int) -> list[ServedBy]:
        """List the deployments that serve this version or have served it, by name."""
        kept = set(self.deployments_of_version(db, model_id, version))
        rows = db.execute(
            select(Deployment, Revision.number)
            .join(
                Revision,
                (Revision.workspace_id == Deployment.workspace_id)
                & (Revision.deployment_id == Deployment.id),
            )
            .where(Revision.model_id == model_id, Revision.version == version)
            .order_by(Deployment.environment, Deployment.name)
        )
        found: dict[uuid.UUID, ServedBy] = {}
        for row, number in rows:
            name = f"{row.environment}/{row.name}"
            is_live = number == row.live_number or (row.id in found and found[row.id].is_live)
            found[row.id] = ServedBy(row.id, name, is_live, name in kept)
        return list(found.values())


class DeploymentsHeld:
    """Counts deployments, and names those that run."""

    def counted(self, db: Session) -> dict[str, int]:
        """Count them in the bound workspace, ended ones too."""
        return {"deployments": db.scalar(select(func.count()).select_from(Deployment)) or 0}

    def running(self, db: Session) -> list[str]:
        """Name those that serve, are about to, or have a server still."""
        has_server = select(Revision.deployment_id).where(Revision.has_server)
        rows = db.scalars(
            select(Deployment)
            .where(
                Deployment.live_number.is_not(None)
                | Deployment.status.not_in(list(ENDED))
                | Deployment.id.in_(has_server)
            )
            .order_by(Deployment.environment, Deployment.name)
        )
        return [f"{row.environment}/{row.name}" for row in rows]


class StandardEnvironments:
    """Gives new workspaces their environments."""

    def workspace_created(self, db: Session, workspace_id: int) -> None:  # noqa: ARG002
        """Put the standard environments into it."""
        environments.ensure(db)


class Deployments:
    """Lets people talk about deployments."""

    kind = "deployment"
    parts: tuple[str, ...] = ()
    permission = Permission.deployments_read

    def find(self, db: Session, resource_id: str) -> Resource | None:
        """Give a deployment by its id."""
        try:
            known = uuid.UUID(resource_id)
        except ValueError:
            return None
        row = db.scalar(select(Deployment).where(Deployment.id == known))
        if row is None or str(row.id) != resource_id:
            return None
        path = f"/deployments/{row.id}?tab=discussion"
        return Resource(name=f"{row.environment}/{row.name}", path=path, owner_id=row.created_by)


def provide(services: Services) -> None:
    """Register the port implementations."""
    services.provide(ServedVersions, WhoServes())  # type: ignore[type-abstract]
    services.provide(Preparation, RegistryPreparation(services))  # type: ignore[type-abstract]
    services.add(Commentable, Deployments())  # type: ignore[type-abstract]
    services.add(WorkspaceObserver, StandardEnvironments())  # type: ignore[type-abstract]
    services.add(WorkspaceContent, DeploymentsHeld())  # type: ignore[type-abstract]
