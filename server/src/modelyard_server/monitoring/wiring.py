"""Hands monitoring what it needs from below, and offers what others below declared."""

from __future__ import annotations

import uuid
from pathlib import Path

from sqlalchemy.orm import Session

from modelyard_server.artifacts.ports import BlobStore
from modelyard_server.deployments.ports import (
    ComputeDriver,
    DeploymentObserver,
    GuardMeasurements,
    NodeState,
)
from modelyard_server.kernel.services import Services
from modelyard_server.settings import Settings
from modelyard_server.traffic.ports import TextRules

from . import measuring, retention, upkeep
from .fleet_live import Snapshots
from .guarding import TrafficGuards
from .policies import ChosenTexts
from .ports import Catalogue, Lost, NodeFacts, Unread
from .subjects import Deployed


class Forgets:
    """Deletes a deployment's monitoring with the deployment."""

    def deployment_deleted(self, db: Session, deployment_id: uuid.UUID) -> None:
        """Remove rows in the deleting transaction."""
        retention.remove(db, deployment_id)


class Node:
    """Reads what the node of this machine observed."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def lost(self) -> Lost:
        """Give what was lost on this machine; nothing while no node has ever run."""
        seen = self._services.get(NodeState).observed()  # type: ignore[type-abstract]
        return Lost(seen.dropped_records, seen.dropped_at, seen.journal_error) if seen else Lost()

    def reported_folder(self) -> Path:
        """Give where journals of reported rows go."""
        return upkeep.reported_folder(self._services)

    def is_up(self) -> bool:
        """Tell whether the node wrote its state a moment ago."""
        return self._services.get(ComputeDriver).is_up()  # type: ignore[type-abstract]

    def unread(self, db: Session) -> Unread:
        """Compare the journals with how far they have been read."""
        return upkeep.unread(db, upkeep.journal_folder(self._services))


def provide(services: Services) -> None:
    """Register implementations."""
    if services.get(Settings).api_processes > 1:
        measuring.share()
    blobs = services.get(BlobStore)  # type: ignore[type-abstract]
    services.provide(Catalogue, Deployed(blobs))  # type: ignore[type-abstract]
    services.provide(NodeFacts, Node(services))  # type: ignore[type-abstract]
    services.provide(Snapshots, Snapshots())
    services.provide(GuardMeasurements, TrafficGuards())  # type: ignore[type-abstract]
    services.provide(TextRules, ChosenTexts())  # type: ignore[type-abstract]
    services.add(DeploymentObserver, Forgets())  # type: ignore[type-abstract]
