"""Asks the parts of the installation; what they answer names no address and no secret."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum

from sqlalchemy import text

from modelyard_server.artifacts.ports import BlobStore
from modelyard_server.deployments.ports import NodeState
from modelyard_server.kernel.db import Database
from modelyard_server.kernel.services import Services
from modelyard_server.settings import Settings

PATIENCE_SECONDS = 5.0
_NOWHERE = "0" * 64

Probe = Callable[[], str | None]
"""Gives what is wrong, `None` when nothing is."""


class Component(StrEnum):
    """Parts of an installation, the one that callers of models depend on first."""

    predictions = "predictions"
    control_plane = "control_plane"
    database = "database"
    storage = "storage"
    redis = "redis"


def probes(services: Services) -> Mapping[Component, Probe]:
    """Give how each part of this installation is asked; the control plane is who asks."""
    settings = services.get(Settings)
    node = services.get(NodeState)  # type: ignore[type-abstract]
    database = services.get(Database)
    blobs = services.get(BlobStore)  # type: ignore[type-abstract]

    def ask_database() -> None:
        with database.platform_session(write=False) as db:
            db.execute(text("SELECT 1"))

    def ask_redis() -> None:
        import redis

        patience = {"socket_timeout": PATIENCE_SECONDS, "socket_connect_timeout": PATIENCE_SECONDS}
        with redis.Redis.from_url(settings.redis_url, **patience) as client:
            client.ping()

    found: dict[Component, Probe] = {
        Component.predictions: node.fault,
        Component.database: _quietly(ask_database),
        Component.storage: _quietly(lambda: blobs.exists(0, _NOWHERE)),
    }
    if settings.redis_url:
        found[Component.redis] = _quietly(ask_redis)
    return found


def _quietly(ask: Callable[[], object]) -> Probe:
    def probe() -> str | None:
        try:
            ask()
        except Exception as error:
            return f"It does not answer ({type(error).__name__})."
        return None

    return probe
