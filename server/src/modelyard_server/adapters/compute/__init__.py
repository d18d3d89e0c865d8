"""Where model servers run: processes and containers under the node of this machine."""

from __future__ import annotations

from modelyard_server.deployments.ports import Capacity, ComputeDriver, Drivers, NodeState
from modelyard_server.kernel.services import Services
from modelyard_server.settings import Settings

from .images import DockerImages
from .local import LocalNode
from .machine import ThisMachine


def provide(services: Services) -> None:
    """Register the node of this machine."""
    node = LocalNode(services.get(Settings))
    services.provide(NodeState, node)  # type: ignore[type-abstract]
    services.provide(ComputeDriver, node)  # type: ignore[type-abstract]
    images = DockerImages(services.get(Settings))
    services.provide(Drivers, images)
    services.provide(Capacity, ThisMachine(drivers=images.names))  # type: ignore[type-abstract]
