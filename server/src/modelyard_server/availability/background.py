"""The thread that asks."""

from __future__ import annotations

from collections.abc import Callable

from modelyard_server.deployments.ports import NodeState
from modelyard_server.kernel.db import Database
from modelyard_server.kernel.repeating import repeat
from modelyard_server.kernel.services import Services

from .probes import probes
from .watch import ASK_SECONDS, Watch


def start(services: Services) -> Callable[[], None]:
    """Ask every part again and again; gives what stops that."""
    node = services.get(NodeState)  # type: ignore[type-abstract]
    watch = Watch(services.get(Database), node, probes(services))
    return repeat("availability", ASK_SECONDS, watch, at_once=True)
