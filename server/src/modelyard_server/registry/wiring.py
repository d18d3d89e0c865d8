"""What the registry provides to capabilities below it, and its defaults for those above."""

from __future__ import annotations

import datetime as dt
import re
import shutil
import uuid
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from modelyard_server.artifacts.ports import Expired, Expiry
from modelyard_server.collaboration.ports import Commentable, Resource
from modelyard_server.kernel import tenancy
from modelyard_server.kernel.services import Services
from modelyard_server.settings import Settings
from modelyard_server.tracking.ports import ModelRef, VersionsOfRun
from modelyard_server.workspaces.access import System
from modelyard_server.workspaces.permissions import Permission
from modelyard_server.workspaces.ports import (
    WorkspaceContent,
    WorkspaceFiles,
    WorkspaceObserver,
)

from . import binned, protected
from .models import Model, ModelVersion
from .ports import NothingServed, ServedVersions


class RegisteredFromRun:
    """Names the versions that were registered from a run."""

    def versions_of_run(self, db: Session, run_id: str) -> list[ModelRef]:
        """List them, newest first."""
        rows = db.execute(
            select(Model.id, Model.name, ModelVersion.number)
            .join(ModelVersion, ModelVersion.model_id == Model.id)
            .where(ModelVersion.run_id == run_id)
            .order_by(ModelVersion.created_at.desc(), ModelVersion.number.desc())
        )
        return [ModelRef(model_id=row.id, name=row.name, version=row.number) for row in rows]


class FirstProtectedAliases:
    """Protects in new workspaces what should be from the start."""

    def workspace_created(self, db: Session, workspace_id: int) -> None:  # noqa: ARG002
        """Protect them in the creating transaction."""
        protected.ensure_first(db)


class ModelsHeld:
    """Counts models."""

    def counted(self, db: Session) -> dict[str, int]:
        """Count them in the bound workspace, with those in the bin."""
        return {"models": db.scalar(select(func.count()).select_from(Model)) or 0}

    def running(self, db: Session) -> list[str]:  # noqa: ARG002
        """Name nothing: deployments run, models do not."""
        return []


class UnpackedModels:
    """Removes the folders from which model servers loaded a workspace's versions."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def erase(self, workspace_id: int) -> None:
        """Remove them."""
        shutil.rmtree(self._folder / str(workspace_id), ignore_errors=True)


class DeletedModels:
    """Lets go of models and versions that have lain in the bin for their time."""

    def due(self, db: Session, now: dt.datetime) -> list[Expired]:
        """List them."""
        return [
            Expired(
                "model" if item.number is None else "version",
                item.name if item.number is None else f"{item.name} v{item.number}",
                item.size_bytes,
            )
            for item in binned.items(db)
            if item.purge_after <= now
        ]

    def remove(self, db: Session, now: dt.datetime) -> int:
        """Remove them with their files."""
        return binned.purge_due(db, System(tenancy.workspace_of(db)), now)


_VERSION_ID = re.compile(r"([0-9a-f\-]{36})/([1-9]\d{0,8})")


class Models:
    """Lets people talk about models."""

    kind = "model"
    parts = ("model_version",)
    permission = Permission.models_read

    def find(self, db: Session, resource_id: str) -> Resource | None:
        """Give a model by its id."""
        row = _model(db, resource_id)
        if row is None:
            return None
        return Resource(
            name=row.name, path=f"/models/{row.id}?tab=discussion", owner_id=row.created_by
        )


class Versions:
    """Lets people talk about versions; their id is `<model>/<number>`."""

    kind = "model_version"
    parts: tuple[str, ...] = ()
    permission = Permission.models_read

    def find(self, db: Session, resource_id: str) -> Resource | None:
        """Give a version by its model's id and its number."""
        match = _VERSION_ID.fullmatch(resource_id)
        model = _model(db, match[1]) if match else None
        if match is None or model is None:
            return None
        number = int(match[2])
        created_by = db.execute(
            select(ModelVersion.created_by).where(
                ModelVersion.model_id == model.id, ModelVersion.number == number
            )
        ).one_or_none()
        if created_by is None:
            return None
        path = f"/models/{model.id}/v/{number}?tab=discussion"
        return Resource(name=f"{model.name} v{number}", path=path, owner_id=created_by[0])


def _model(db: Session, model_id: str) -> Model | None:
    try:
        known = uuid.UUID(model_id)
    except ValueError:
        return None
    return db.scalar(select(Model).where(Model.id == known)) if str(known) == model_id else None


def provide(services: Services) -> None:
    """Register the port implementations."""
    services.add(WorkspaceObserver, FirstProtectedAliases())  # type: ignore[type-abstract]
    services.add(WorkspaceContent, ModelsHeld())  # type: ignore[type-abstract]
    unpacked = UnpackedModels(services.get(Settings).data_dir / "models")
    services.add(WorkspaceFiles, unpacked)  # type: ignore[type-abstract]
    services.add(Commentable, Models())  # type: ignore[type-abstract]
    services.add(Commentable, Versions())  # type: ignore[type-abstract]
    services.add(Expiry, DeletedModels())  # type: ignore[type-abstract]
    services.provide(VersionsOfRun, RegisteredFromRun())  # type: ignore[type-abstract]
    services.provide(ServedVersions, NothingServed())  # type: ignore[type-abstract]
