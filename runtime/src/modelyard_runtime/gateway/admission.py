"""A request before and after it was let in, and its answer before it is bytes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from modelyard_protocol.records import Skin, Source
from modelyard_protocol.routing import Key, Route, Target

from .recorder import Mark
from .refusals import Refusal

CONSOLE = "console"
_JSON = frozenset({"application/json", "", "text/plain", "application/x-www-form-urlencoded"})


@dataclass(slots=True)
class Incoming:
    """A request's head, and its body once it is complete."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes = b""
    complete_ns: int = 0
    request_id: str = ""


@dataclass(slots=True)
class Outgoing:
    """An answer before it is bytes."""

    status: int
    body: bytes
    media: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


Respond = Callable[[Outgoing], None]


class Admitted:
    """A request that may come in: its head was checked, its body not yet read.

    It depends on the head and the table alone, so requests with the very same head share it.
    """

    __slots__ = (
        "expires",
        "is_console",
        "is_json",
        "is_limited",
        "key",
        "length",
        "marks",
        "media",
        "model",
        "request_id",
        "route",
        "skin",
        "sticky",
        "version",
    )

    def __init__(
        self, route: Route, key: Key, skin: Skin, version: int | None, incoming: Incoming
    ) -> None:
        headers = incoming.headers
        self.route, self.key, self.skin, self.version = route, key, skin, version
        self.model = route.model or route.deployment
        self.media = headers.get("content-type", "application/json")
        kind = self.media.split(";", 1)[0].strip().lower()
        self.is_json = kind in _JSON or kind.endswith("+json")
        self.sticky = headers.get("x-modelyard-sticky")
        self.request_id = b""
        """Chosen by the caller; such a head is not shared."""
        self.is_console = key.id == CONSOLE and headers.get("x-modelyard-source") == CONSOLE
        self.is_limited = key.requests_per_minute is not None
        self.expires = key.expires_at.timestamp() if key.expires_at is not None else None
        self.length = 0
        """Of the body, where the head is shared."""
        self.marks: dict[int, Mark] = {}

    def is_expired(self) -> bool:
        """Tell whether the key is no longer one."""
        return self.expires is not None and self.expires <= time.time()

    def mark(self, target: Target | None) -> Mark:
        """Give what the journal says of every call like this one to a target."""
        revision, version = (target.revision, target.version) if target else (0, 0)
        found = self.marks.get(revision)
        if found is None:
            route = self.route
            whose = (route.workspace_id, route.deployment_id, revision, version)
            entry = {
                "key_id": self.key.id,
                "skin": self.skin.value,
                "source": (Source.console if self.is_console else Source.live).value,
                "content_type": self.media,
            }
            found = self.marks[revision] = Mark(whose, route.sample_rate, entry)
        return found


def refused(refusal: Refusal, request_id: str) -> Outgoing:
    """Write a refusal as an answer."""
    headers = {}
    if refusal.retry_after is not None:
        headers["Retry-After"] = str(refusal.retry_after)
    if refusal.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="modelyard"'
    body = refusal.document(request_id)
    return Outgoing(refusal.status, body, "application/problem+json", headers)
