"""What tracking wants to know from capabilities above it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class ModelRef:
    """A version in the registry."""

    model_id: uuid.UUID
    name: str
    version: int


class VersionsOfRun(Protocol):
    """Names the registered versions that came out of a run. The registry provides it."""

    def versions_of_run(self, db: Session, run_id: str) -> list[ModelRef]:
        """List them, newest first."""


class NoVersions:
    """What is provided until the registry registers its own."""

    def versions_of_run(self, db: Session, run_id: str) -> list[ModelRef]:  # noqa: ARG002
        """No registry, no versions."""
        return []
