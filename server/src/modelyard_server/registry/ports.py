"""What the registry needs to know from capabilities above it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class ServedBy:
    """A deployment that has served a version."""

    id: uuid.UUID
    name: str
    """Reads `staging/churn`."""
    is_live: bool
    """It serves this version now."""
    keeps_version: bool
    """It serves the version, or would return to it on a rollback."""


class ServedVersions(Protocol):
    """Who serves a model; provided by `deployments.wiring`. Names read `staging/churn`."""

    def deployments_of_model(self, db: Session, model_id: uuid.UUID) -> list[str]:
        """Name the live deployments of a model."""
        ...

    def deployments_of_models(
        self, db: Session, model_ids: Sequence[uuid.UUID]
    ) -> dict[uuid.UUID, list[str]]:
        """Name the live deployments of many models in one query; a model may be absent."""
        ...

    def deployments_of_version(self, db: Session, model_id: uuid.UUID, version: int) -> list[str]:
        """Name the deployments that serve this version, or would return to it on a rollback."""
        ...

    def serving(self, db: Session, model_id: uuid.UUID, version: int) -> list[ServedBy]:
        """List the deployments that serve this version or have served it, by name."""
        ...


class NothingServed:
    """The answer while no capability deploys models."""

    def deployments_of_model(self, db: Session, model_id: uuid.UUID) -> list[str]:  # noqa: ARG002
        return []

    def deployments_of_models(
        self,
        db: Session,  # noqa: ARG002
        model_ids: Sequence[uuid.UUID],  # noqa: ARG002
    ) -> dict[uuid.UUID, list[str]]:
        return {}

    def deployments_of_version(
        self,
        db: Session,  # noqa: ARG002
        model_id: uuid.UUID,  # noqa: ARG002
        version: int,  # noqa: ARG002
    ) -> list[str]:
        return []

    def serving(
        self,
        db: Session,  # noqa: ARG002
        model_id: uuid.UUID,  # noqa: ARG002
        version: int,  # noqa: ARG002
    ) -> list[ServedBy]:
        return []
