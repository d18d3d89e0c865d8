"""Where model servers run: local processes under the node of this machine."""

from __future__ import annotations

from modelyard_server.deployments.ports import Capacity, ComputeDriver, NodeState
from modelyard_server.kernel.services import Services
from modelyard_server.settings import Settings

from .local import LocalNode
from .machine import ThisMachine


def provide(services: Services) -> None:
    """Register the node of this machine."""
    node = LocalNode(services.get(Settings))
    services.provide(NodeState, node)  # type: ignore[type-abstract]
    services.provide(ComputeDriver, node)  # type: ignore[type-abstract]
    services.provide(Capacity, ThisMachine())  # type: ignore[type-abstract]
