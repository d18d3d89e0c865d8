"""What identity offers to the composed app."""

from __future__ import annotations

from modelyard_server.kernel.crypto import RootKey
from modelyard_server.kernel.services import Services
from modelyard_server.settings import Settings

from .attempts import AttemptLimits
from .mail import Mailer


def provide(services: Services) -> None:
    """Register the counters against guessing and the mailer."""
    services.provide(AttemptLimits, AttemptLimits(services.get(Settings).redis_url))
    services.provide(Mailer, Mailer(services.get(Settings), services.get(RootKey)))
