"""The routing table: addresses, keys and targets of the desired state, ready to be looked up."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import random
import time
import zlib
from collections.abc import Callable

from modelyard_protocol.routing import DesiredState, Key, Route, Scope, Target

from .backends import Backend
from .refusals import Refusal, closed_door, not_ready

_PREFIX = "myk_"
_NOBODY = hashlib.sha256(b"nobody").hexdigest()

Address = tuple[str, str, str]
"""(workspace, environment, deployment)"""


class Allowance:
    """Counts a key's requests in the running minute; outlives changes of the table."""

    def __init__(self) -> None:
        self._counts: dict[str, tuple[int, int]] = {}

    def spend(self, key: Key) -> None:
        """Count one request.

        Raises:
            Refusal: 429, the key has none left this minute.
        """
        if key.requests_per_minute is None:
            return
        now = time.time()
        minute = int(now // 60)
        since, count = self._counts.get(key.id, (minute, 0))
        if since != minute:
            count = 0
        if count >= key.requests_per_minute:
            detail = f"This key may send {key.requests_per_minute} requests a minute."
            wait = max(1, int(60 - now % 60))
            raise Refusal(429, "inference.rate_limited", detail, retry_after=wait)
        self._counts[key.id] = (minute, count + 1)


class Table:
    """A desired state, indexed. Replaced as a whole, so a request sees one state only."""

    def __init__(
        self, state: DesiredState, find: Callable[[str], Backend | None], allowance: Allowance
    ) -> None:
        self._find = find
        self._allowance = allowance
        self._routes: dict[Address, Route] = {}
        self._keys: dict[Address, dict[str, Key]] = {}
        for route in state.routes:
            address = (route.workspace, route.environment, route.deployment)
            self._routes[address] = route
            self._keys[address] = {key.public_id: key for key in route.keys}

    def enter(self, address: Address, authorization: str) -> tuple[Route, Key]:
        """Give the route behind an address to whoever holds one of its keys.

        Raises:
            Refusal: 401 for an unknown address and for a wrong or expired key alike.
        """
        public_id, _, secret = authorization[7:].strip().removeprefix(_PREFIX).partition("_")
        key = self._keys.get(address, {}).get(public_id)
        digest = hashlib.sha256(secret.encode()).hexdigest()
        matches = hmac.compare_digest(digest, key.secret_sha256 if key else _NOBODY)
        is_key = authorization[:7].lower() == "bearer " and _PREFIX in authorization[7:]
        if key is None or not matches or not is_key:
            raise closed_door()
        if key.expires_at is not None and key.expires_at <= dt.datetime.now(dt.UTC):
            raise closed_door()
        return self._routes[address], key

    def latest(self, route: Route) -> Route:
        """Give the route as it is now; bodies arrive after the head, traffic may have moved on.

        Raises:
            Refusal: 503, its address is gone.
        """
        found = self._routes.get((route.workspace, route.environment, route.deployment))
        if found is None:
            raise not_ready()
        return found

    def allow(self, key: Key, scope: Scope) -> None:
        """Count a call against its key.

        Raises:
            Refusal: 403 or 429.
        """
        if scope not in key.scopes:
            detail = f"This key may not {scope.value}."
            raise Refusal(403, "inference.scope_missing", detail)
        self._allowance.spend(key)

    def choose(self, route: Route, sticky: str | None) -> tuple[Target, Backend]:
        """Pick a target by weight among those that are ready.

        A sticky value always falls on the same target while weights and targets stay.

        Raises:
            Refusal: 503, none is ready or the chosen one has too much to do.
        """
        ready: list[tuple[Target, Backend]] = []
        total = 0
        for target in route.targets:
            backend = self._find(target.server_id)
            if target.weight > 0 and backend is not None and backend.is_ready:
                ready.append((target, backend))
                total += target.weight
        if not ready:
            raise not_ready()
        if len(ready) == 1:
            return _free(ready[0])
        share = zlib.crc32(sticky.encode()) / 2**32 if sticky else random.random()  # noqa: S311
        point = share * total
        for target, backend in ready:
            point -= target.weight
            if point < 0:
                return _free((target, backend))
        return _free(ready[-1])

    def pinned(self, route: Route, version: int) -> tuple[Target, Backend]:
        """Pick the target that serves one model version.

        Raises:
            Refusal: 404 when none does, 503 when it is not ready.
        """
        for target in route.targets:
            if target.version == version:
                backend = self._find(target.server_id)
                if backend is None or not backend.is_ready:
                    raise not_ready()
                return _free((target, backend))
        detail = f"Version {version} is not served here."
        raise Refusal(404, "inference.version_not_served", detail)

    def is_ready(self, route: Route) -> bool:
        """Tell whether a call would find a server."""
        return any(
            target.weight > 0 and backend is not None and backend.is_ready
            for target in route.targets
            for backend in [self._find(target.server_id)]
        )


def _free(chosen: tuple[Target, Backend]) -> tuple[Target, Backend]:
    if chosen[1].is_full:
        detail = "Too many calls wait for this model already."
        raise Refusal(503, "inference.queue_full", detail, retry_after=1)
    return chosen
