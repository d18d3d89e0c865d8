"""What dashboards keep in the process."""

from __future__ import annotations

from modelyard_server.kernel.services import Services

from .live import Readings


def provide(services: Services) -> None:
    """Register the series that open pages share."""
    services.provide(Readings, Readings())
