"""A request before and after it was let in, and its answer before it is bytes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from modelyard_protocol import media
from modelyard_protocol.records import Skin, Source
from modelyard_protocol.routing import Key, Route, Target
from modelyard_protocol.safeguards import Guard

from .forms import Rewrite, rewriting
from .recorder import Mark
from .refusals import Outgoing, Refusal
from .waking import seconds_of

CONSOLE = "console"
_OWN = {"console": Source.console, "batch": Source.batch}
_BINARY = frozenset({media.BINARY, media.NPY, media.ARROW})


@dataclass(slots=True)
class Incoming:
    """A request's head, and its body once it is complete."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes = b""
    complete_ns: int = 0
    request_id: str = ""


Respond = Callable[[Outgoing], None]


class Admitted:
    """A request that may come in: its head was checked, its body not yet read.

    It depends on the head and the table alone, so requests with the very same head share it.
    """

    __slots__ = (
        "expires",
        "guard",
        "is_image",
        "is_json",
        "is_limited",
        "key",
        "length",
        "marks",
        "media",
        "model",
        "request_id",
        "rewrite",
        "route",
        "skin",
        "source",
        "sticky",
        "version",
        "wake_seconds",
    )

    def __init__(
        self,
        route: Route,
        key: Key,
        skin: Skin,
        version: int | None,
        incoming: Incoming,
        guard: Guard | None = None,
    ) -> None:
        headers = incoming.headers
        self.guard = guard
        self.route, self.key, self.skin, self.version = route, key, skin, version
        # The protocol's answers name the model as its paths and metadata do.
        self.model = route.deployment if skin is Skin.v2 else route.model or route.deployment
        self.media = headers.get("content-type", media.JSON)
        kind = media.kind_of(self.media)
        self.is_image = kind in media.IMAGES
        size = headers.get(media.HEADER_LENGTH) if skin is Skin.v2 else None
        if self.is_image:
            self.media = media.NPY  # what it is made into
        elif size is not None:
            self.media = media.binary_media(int(size))
        self.is_json = media.is_json(kind) and size is None
        self.rewrite: Rewrite | None = rewriting(route, skin, headers)
        self.sticky = headers.get("x-modelyard-sticky")
        self.wake_seconds = seconds_of(headers.get("x-wake-timeout"))
        self.request_id = b""
        """Chosen by the caller; such a head is not shared."""
        self.source = _OWN.get(headers.get("x-modelyard-source", "")) if key.id == CONSOLE else None
        self.is_limited = key.is_limited
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
                "source": (self.source or Source.live).value,
                "content_type": self.media,
            }
            if not self.is_json and self.media.partition(";")[0] in _BINARY:
                entry["encoding"] = "base64"
            found = self.marks[revision] = Mark(whose, route.sample_rate, entry)
        return found


def refused(
    refusal: Refusal, request_id: str, *, is_v2: bool = False, is_openai: bool = False
) -> Outgoing:
    """Write a refusal as an answer; clients of the v2 protocol and of OpenAI read its `error`."""
    headers = {}
    if refusal.retry_after is not None:
        headers["Retry-After"] = str(refusal.retry_after)
    if refusal.allow is not None:
        headers["Allow"] = refusal.allow
    if refusal.status == 401 or refusal.challenge is not None:
        more = f", {refusal.challenge}" if refusal.challenge is not None else ""
        headers["WWW-Authenticate"] = f'Bearer realm="modelyard"{more}'
    body = refusal.document(request_id, is_v2=is_v2, is_openai=is_openai)
    return Outgoing(refusal.status, body, "application/problem+json", headers)
