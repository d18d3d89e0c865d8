"""The routing table: addresses, keys and targets of the desired state, ready to be looked up."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import random
import zlib
from collections.abc import Callable
from contextlib import suppress

from modelyard_protocol.access_tokens import looks_like_one
from modelyard_protocol.routing import DesiredState, Key, Route, Scope, Target
from modelyard_protocol.safeguards import Guard

from .access_tokens import ReadTokens, TokenDoor
from .admission import Admitted
from .allowance import Allowance
from .refusals import Refusal, closed_door, not_ready
from .servers import Served

_PREFIX = "myk_"
_TURN = 0.6180339887498949  # golden ratio: its multiples fill [0, 1) evenly, however few they are
_NOBODY = hashlib.sha256(b"nobody").hexdigest()

Address = tuple[str, str, str]
"""(workspace, environment, deployment)"""


class Table:
    """A desired state, indexed. Replaced as a whole, so a request sees one state only.

    `heads` are request heads that were admitted under it: what a head may do is decided once.
    """

    def __init__(
        self,
        state: DesiredState,
        find: Callable[[str], Served | None],
        allowance: Allowance,
        tokens: ReadTokens | None = None,
    ) -> None:
        self._find = find
        self._allowance = allowance
        self._routes: dict[Address, Route] = {}
        self._keys: dict[Address, dict[str, Key]] = {}
        self._tokens = TokenDoor(state.oauth, tokens or ReadTokens())
        self._turns: dict[str, float] = {}
        self._guards: dict[str, Guard] = {}
        self.heads: dict[bytes, Admitted] = {}
        self.can_sleep = frozenset(
            spec.id
            for spec in state.servers
            if spec.scaling is not None
            and spec.scaling.min_replicas == 0
            and spec.scaling.idle_seconds is not None
        )
        for route in state.routes:
            address = (route.workspace, route.environment, route.deployment)
            self._routes[address] = route
            self._keys[address] = {key.public_id: key for key in route.keys}
            if route.safeguards:
                self._guards[route.deployment_id] = Guard(route.safeguards)

    def enter(self, address: Address, authorization: str) -> tuple[Route, Key]:
        """Give the route behind an address to whoever holds one of its keys, or a fit access token.

        Raises:
            Refusal: 401 for an unknown address and for a wrong or expired key alike; 403 and 404
                only for access tokens of the workspace.
        """
        given = key_in(authorization)
        if looks_like_one(given):
            return self._enter_by_token(address, given)
        public_id, _, secret = given.removeprefix(_PREFIX).partition("_")
        key = self._keys.get(address, {}).get(public_id)
        digest = hashlib.sha256(secret.encode()).hexdigest()
        matches = hmac.compare_digest(digest, key.secret_sha256 if key else _NOBODY)
        if key is None or not matches or not given.startswith(_PREFIX):
            raise closed_door()
        if key.expires_at is not None and key.expires_at <= dt.datetime.now(dt.UTC):
            raise closed_door()
        return self._routes[address], key

    def _enter_by_token(self, address: Address, token: str) -> tuple[Route, Key]:
        workspace, environment, deployment = address
        key = self._tokens.enter(workspace, environment, token)
        route = self._routes.get(address)
        if route is None:
            detail = f"No endpoint {deployment} is in the environment {environment}."
            raise Refusal(404, "inference.no_endpoint", detail)
        return route, key

    def latest(self, route: Route) -> Route:
        """Give the route as it is now; bodies arrive after the head, traffic may have moved on.

        Raises:
            Refusal: 503, its address is gone.
        """
        found = self._routes.get((route.workspace, route.environment, route.deployment))
        if found is None:
            raise not_ready()
        return found

    def guard(self, route: Route) -> Guard | None:
        """Give the safeguards of a route, if it has any."""
        return self._guards.get(route.deployment_id)

    def allow(self, key: Key, scope: Scope) -> None:
        """Count a call against its key.

        Raises:
            Refusal: 403 or 429.
        """
        if scope not in key.scopes:
            detail = f"This key may not {scope.value}."
            refusal = Refusal(403, "inference.scope_missing", detail)
            refusal.challenge = f'error="insufficient_scope", scope="{scope.value}"'
            raise refusal
        self._allowance.spend(key)

    def choose(self, route: Route, sticky: str | None) -> tuple[Target, Served]:
        """Pick a target by weight among those that are ready.

        A sticky value always falls on the same target while weights and targets stay. Other calls
        take turns, so that shares hold over hundreds of calls and not only on average.

        Raises:
            Refusal: 503, none is ready or the chosen one has too much to do.
        """
        targets = route.targets
        if len(targets) == 1:
            only = self._find(targets[0].server_id)
            if only is not None and only.is_ready and targets[0].weight > 0:
                return _free((targets[0], only))
            raise not_ready()
        ready: list[tuple[Target, Served]] = []
        total = 0
        for target in targets:
            served = self._find(target.server_id)
            if target.weight > 0 and served is not None and served.is_ready:
                ready.append((target, served))
                total += target.weight
        if not ready:
            raise not_ready()
        share = zlib.crc32(sticky.encode()) / 2**32 if sticky else self._turn(route)
        point = share * total
        for target, served in ready:
            point -= target.weight
            if point < 0:
                return _free((target, served))
        return _free(ready[-1])

    def _turn(self, route: Route) -> float:
        last = self._turns.get(route.deployment_id)
        share = random.random() if last is None else (last + _TURN) % 1.0  # noqa: S311
        self._turns[route.deployment_id] = share
        return share

    def pinned(self, route: Route, version: int) -> tuple[Target, Served]:
        """Pick the target that serves one model version.

        Raises:
            Refusal: 404 when none does, 503 when it is not ready.
        """
        for target in route.targets:
            if target.version == version:
                served = self._find(target.server_id)
                if served is None or not served.is_ready:
                    raise not_ready()
                return _free((target, served))
        raise _not_served(version)

    def is_ready(self, route: Route, version: int | None = None) -> bool:
        """Tell whether a call, of one version too, would be answered, also after waking its server.

        Raises:
            Refusal: 404, the version is not served.
        """
        asked = [
            target
            for target in route.targets
            if (target.weight > 0 if version is None else target.version == version)
        ]
        if version is not None and not asked:
            raise _not_served(version)
        return any(
            target.server_id in self.can_sleep or (served is not None and served.is_ready)
            for target in asked
            for served in [self._find(target.server_id)]
        )


def key_in(authorization: str) -> str:
    """Read a key from a bearer token, or from the password of clients that know only `Basic`."""
    scheme, _, given = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return given.strip()
    if scheme.lower() != "basic":
        return ""
    with suppress(ValueError):  # no base64, or no text in it
        return base64.b64decode(given.strip(), validate=True).decode().partition(":")[2]
    return ""


def _not_served(version: int) -> Refusal:
    return Refusal(404, "inference.version_not_served", f"Version {version} is not served here.")


def _free(chosen: tuple[Target, Served]) -> tuple[Target, Served]:
    if chosen[1].is_full:
        detail = "Too many calls wait for this model already."
        raise Refusal(503, "inference.queue_full", detail, retry_after=1)
    return chosen
