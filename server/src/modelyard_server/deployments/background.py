"""Threads of deployments: the node's keeper and the reconciler."""

from __future__ import annotations

from collections.abc import Callable

from modelyard_server.kernel.services import Services
from modelyard_server.settings import Settings

from .ports import ComputeDriver, Publisher
from .reconcile import Reconciler


def start(services: Services) -> Callable[[], None]:
    """Publish what is committed, start or adopt the node, and follow it; gives what stops both."""
    compute: ComputeDriver = services.get(ComputeDriver)  # type: ignore[type-abstract]
    reconciler = Reconciler(services)
    services.get(Publisher).now()  # type: ignore[type-abstract]
    if services.get(Settings).manage_node:
        compute.start()
    reconciler.start()

    def stop() -> None:
        reconciler.stop()
        if services.get(Settings).manage_node:
            compute.stop()

    return stop
