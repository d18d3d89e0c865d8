"""Rollbacks that were decided on this node: they hold over the desired state until it agrees.

The control plane may be down. An override names a revision with everything its server needs; the
server is started beside the others, traffic moves once it answers, and the decision outlives
restarts of the node. The control plane reads it in `observed.json`, takes it over, and then wants
the same; only then it is dropped.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from modelyard_protocol.language import ENGINE
from modelyard_protocol.routing import (
    OVERRIDES_FILE,
    DesiredState,
    Good,
    Language,
    Override,
    Overrides,
    Route,
    Target,
)

IsReady = Callable[[str], bool]
"""Whether a call to a model server would be answered, in every gateway worker."""


class OverridesFile:
    """Follows and rewrites `overrides.json`."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / OVERRIDES_FILE
        self._seen: tuple[int, int, int] | None = None

    def changed(self) -> Overrides | None:
        """Give what is in force when the file is not the one seen last; unreadable ones are not."""
        try:
            mark = self._mark()
            if mark == (self._seen or (0, 0, 0)):
                return None
            self._seen = mark
            return Overrides.model_validate_json(self._path.read_bytes())
        except FileNotFoundError:
            self._seen = None
            return Overrides()
        except (OSError, ValueError):
            return None

    def write(self, overrides: Overrides) -> None:
        """Replace the file, unless somebody else has meanwhile; it is not seen as a change."""
        if self._seen is None or self._mark() != self._seen:
            return
        write_overrides(self._path, overrides)
        self._seen = self._mark()

    def _mark(self) -> tuple[int, int, int]:
        try:
            found = self._path.stat()
        except OSError:
            return (0, 0, 0)
        return (found.st_mtime_ns, found.st_ino, found.st_size)


def write_overrides(path: Path, overrides: Overrides) -> None:
    """Replace the file atomically and durably."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(overrides.model_dump_json(indent=1).encode())
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def settled(desired: DesiredState, overrides: Overrides) -> Overrides:
    """Drop what the desired state agrees with, and what is not served any more."""
    routes = {route.deployment_id: route for route in desired.routes}
    kept = [
        one
        for one in overrides.overrides
        if (route := routes.get(one.deployment_id)) is not None
        and route.targets
        and not _agrees(route, one)
    ]
    return Overrides(overrides=tuple(kept))


def applied(
    desired: DesiredState, overrides: Overrides, is_ready: IsReady
) -> tuple[DesiredState, Overrides]:
    """Give the state to serve by, and the overrides with those marked that now have the traffic."""
    if not overrides.overrides:
        return desired, overrides
    servers = {spec.id: spec for spec in desired.servers}
    by_deployment = {}
    for one in overrides.overrides:
        servers.setdefault(one.good.server.id, one.good.server)
        is_serving = one.is_serving or is_ready(one.good.server.id)
        by_deployment[one.deployment_id] = one.model_copy(update={"is_serving": is_serving})
    routes = tuple(
        _moved(route, by_deployment[route.deployment_id].good)
        if route.deployment_id in by_deployment and by_deployment[route.deployment_id].is_serving
        else route
        for route in desired.routes
    )
    state = desired.model_copy(update={"servers": tuple(servers.values()), "routes": routes})
    return state, Overrides(overrides=tuple(by_deployment.values()))


def _agrees(route: Route, one: Override) -> bool:
    servers = {target.server_id for target in route.targets if target.weight > 0}
    return servers == {one.good.server.id}


def _moved(route: Route, good: Good) -> Route:
    target = Target(
        server_id=good.server.id, revision=good.revision, version=good.version, weight=100
    )
    is_language = good.server.engine == ENGINE
    return route.model_copy(
        update={
            "language": (route.language or Language()) if is_language else None,
            "targets": (target,),
            "shadow": None,
            "model": good.model,
            "signature": good.signature,
            "example": good.example,
        }
    )
