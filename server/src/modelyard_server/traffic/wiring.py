"""What traffic provides to the capabilities below it."""

from __future__ import annotations

from modelyard_server.deployments.ports import Publisher
from modelyard_server.kernel.services import Services

from .publishing import DesiredStatePublisher


def provide(services: Services) -> None:
    """Register the port implementations."""
    services.provide(Publisher, DesiredStatePublisher(services))  # type: ignore[type-abstract]
