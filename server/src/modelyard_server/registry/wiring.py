"""What the registry provides to capabilities below it, and its defaults for those above."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from modelyard_server.kernel.services import Services
from modelyard_server.tracking.ports import ModelRef, VersionsOfRun

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


def provide(services: Services) -> None:
    """Register the port implementations."""
    services.provide(VersionsOfRun, RegisteredFromRun())  # type: ignore[type-abstract]
    services.provide(ServedVersions, NothingServed())  # type: ignore[type-abstract]
