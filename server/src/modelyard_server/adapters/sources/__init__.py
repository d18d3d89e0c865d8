"""Readers of outcomes that are kept elsewhere: PostgreSQL, HTTPS, S3-compatible stores."""

from __future__ import annotations

from modelyard_server.kernel.services import Services
from modelyard_server.monitoring.ports import OutcomeReader

from .reading import Reading


def provide(services: Services) -> None:
    """Register the reader of every kind of place."""
    services.provide(OutcomeReader, Reading(services))  # type: ignore[type-abstract]
