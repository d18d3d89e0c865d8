"""Where model servers run: processes, containers and pods under the node of this machine."""

from __future__ import annotations

from modelyard_server.deployments.ports import Capacity, ComputeDriver, Drivers, NodeState
from modelyard_server.kernel.services import Services
from modelyard_server.settings import Settings

from .drivers import InstalledDrivers
from .local import LocalNode
from .machine import ThisMachine


def provide(services: Services) -> None:
    """Register the node of this machine."""
    node = LocalNode(services.get(Settings))
    services.provide(NodeState, node)  # type: ignore[type-abstract]
    services.provide(ComputeDriver, node)  # type: ignore[type-abstract]
    drivers = InstalledDrivers(services.get(Settings))
    services.provide(Drivers, drivers)
    services.provide(Capacity, ThisMachine(drivers=drivers.names))  # type: ignore[type-abstract]
