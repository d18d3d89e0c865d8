"""What throttling offers to the composed app."""

from __future__ import annotations

from modelyard_server.kernel.services import Services
from modelyard_server.settings import Settings

from .windows import Windows


def provide(services: Services) -> None:
    """Register the windows of strict limits."""
    services.provide(Windows, Windows(services.get(Settings).redis_url))
