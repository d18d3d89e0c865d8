"""Counts requests before they reach a route: no transaction is open while Redis is asked.

Whose a credential is becomes known with its first answered request, which is counted afterwards.
"""

from __future__ import annotations

import hashlib
import time
import uuid
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from modelyard_server.kernel import http
from modelyard_server.kernel.db import Database
from modelyard_server.workspaces import service as workspaces

from . import service
from .buckets import Ask, Buckets, Taken
from .classes import STRICT, RouteClass, Subject, class_of
from .service import Own

MOST_KNOWN = 20_000
FRESH_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Known:
    """Whose a credential is."""

    user_id: uuid.UUID | None
    key_id: uuid.UUID | None
    workspace_id: int
    organisation_id: int


class Throttle:
    """ASGI middleware over the whole API."""

    def __init__(self, app: ASGIApp, whole: FastAPI, buckets: Buckets) -> None:
        self._app, self._whole, self._buckets = app, whole, buckets
        self._known: dict[bytes, Known] = {}
        self._own: dict[int, tuple[float, Own]] = {}
        whole.state.throttle = self

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count, and answer 429 or go on."""
        kind = class_of(scope["method"], scope["path"]) if scope["type"] == "http" else None
        credential = _credential(scope) if kind is not None else None
        if kind is None or credential is None:
            await self._app(scope, receive, send)
            return
        if kind in STRICT:
            await self._app(scope, receive, _telling_late(scope, send))
            return
        known = self._known.get(credential)
        taken = await self._take(kind, credential, known)
        if taken is not None and not taken.allowed:
            await _refuse(scope, receive, send, taken)
            return
        await self._app(scope, receive, _telling(send, taken) if taken else send)
        actor = scope.get("state", {}).get("actor") if known is None else None
        if actor is not None:
            await self._learn(credential, actor)
            await self._take(kind, credential, self._known[credential])

    def forget(self, workspace_id: int) -> None:
        """Read a workspace's limits again."""
        self._own.pop(workspace_id, None)

    @property
    def is_shared(self) -> bool:
        """Whether other processes count in the same buckets at the moment."""
        return self._buckets.is_shared

    async def _take(self, kind: RouteClass, credential: bytes, known: Known | None) -> Taken | None:
        if known is None:
            return None
        own = await self._limits(known.workspace_id)
        named = (
            (Subject.user, str(known.user_id or "")),
            (Subject.key, str(known.key_id) if known.key_id else credential.hex()),
            (Subject.organisation, str(known.organisation_id)),
        )
        asks = [
            Ask(f"{kind}:{subject}:{name}", limit)
            for subject, name in named
            if name and (limit := service.limit_of(own, kind, subject, name)) is not None
        ]
        return await self._buckets.take(asks) if asks else None

    async def _limits(self, workspace_id: int) -> Own:
        held = self._own.get(workspace_id)
        if held is not None and time.monotonic() - held[0] < FRESH_SECONDS:
            return held[1]
        own = await run_in_threadpool(self._read, workspace_id)
        self._own[workspace_id] = (time.monotonic(), own)
        return own

    def _read(self, workspace_id: int) -> Own:
        database: Database = self._whole.state.database
        with database.session(workspace_id, write=False) as db:
            return service.own_limits(db)

    async def _learn(self, credential: bytes, actor: Any) -> None:
        def organisation() -> int:
            database: Database = self._whole.state.database
            with database.platform_session(write=False) as db:
                return workspaces.organisation_of(db, actor.workspace_id)

        if len(self._known) >= MOST_KNOWN:
            self._known.clear()
        found = await run_in_threadpool(organisation)
        self._known[credential] = Known(actor.id, actor.token_id, actor.workspace_id, found)


def _credential(scope: Scope) -> bytes | None:
    """Give a digest of what a request identifies itself with, and the workspace it names."""
    found = [b"", b"", b""]
    for name, value in scope["headers"]:
        if name == b"authorization":
            found[0] = value
        elif name == b"cookie":
            found[1] = value
        elif name in (b"x-modelyard-workspace", b"x-mlflow-workspace"):
            found[2] = value
    if not found[0] and not found[1]:
        return None
    return hashlib.blake2b(b"\0".join(found), digest_size=16).digest()


def _facts(taken: Taken) -> dict[str, str]:
    reset = max(1, round((taken.limit.burst - taken.remaining) / taken.limit.rate))
    return {
        "RateLimit-Limit": str(taken.limit.burst),
        "RateLimit-Remaining": str(taken.remaining),
        "RateLimit-Reset": str(reset),
        "RateLimit-Policy": f"{taken.limit.per_minute};w=60;burst={taken.limit.burst}",
    }


def tell(request: Request, facts: dict[str, str]) -> None:
    """Have every answer to a request say what is left of a strict limit."""
    request.state.limit_facts = facts


def _telling(send: Send, taken: Taken) -> Send:
    facts = _facts(taken)

    async def told(message: Message) -> None:
        await send(_with_facts(message, facts))

    return told


def _telling_late(scope: Scope, send: Send) -> Send:
    async def told(message: Message) -> None:
        await send(_with_facts(message, scope.get("state", {}).get("limit_facts", {})))

    return told


def _with_facts(message: Message, facts: dict[str, str]) -> Message:
    if message["type"] != "http.response.start":
        return message
    headers = list(message.get("headers", []))
    if any(name == b"ratelimit-limit" for name, _ in headers):
        return message
    more = [(name.lower().encode(), value.encode()) for name, value in facts.items()]
    return {**message, "headers": [*headers, *more]}


async def _refuse(scope: Scope, receive: Receive, send: Send, taken: Taken) -> None:
    answer = http.problem(
        Request(scope, receive),
        429,
        "throttling.too_many_requests",
        f"More than {taken.limit.per_minute} requests a minute. Try again in "
        f"{taken.retry_after_seconds} seconds.",
        retry_after_seconds=taken.retry_after_seconds,
        limit_facts=_facts(taken),
    )
    await answer(scope, receive, send)
