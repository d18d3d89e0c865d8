"""What a request asks for, and how it is answered."""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import orjson

from modelyard_protocol.openapi import openapi, v2_metadata
from modelyard_protocol.records import MAX_BODY_BYTES, Skin, Source
from modelyard_protocol.routing import Key, Route, Scope, Target

from .backends import Backend
from .journal import Journal
from .refusals import Refusal, not_ready
from .table import Table

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:\-]{1,128}")
_CONSOLE = "console"


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


@dataclass(slots=True)
class Admitted:
    """A request that may come in: its head was checked, its body not yet read."""

    route: Route
    key: Key
    rest: str
    skin: Skin | None
    version: int | None


Respond = Callable[[Outgoing], None]


def refused(refusal: Refusal, request_id: str) -> Outgoing:
    """Write a refusal as an answer."""
    headers = {}
    if refusal.retry_after is not None:
        headers["Retry-After"] = str(refusal.retry_after)
    if refusal.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="modelyard"'
    body = refusal.document(request_id)
    return Outgoing(refusal.status, body, "application/problem+json", headers)


class Calls:
    """Admits requests and answers them with the table of the moment."""

    def __init__(self, journal: Journal) -> None:
        self.table: Table | None = None
        self.open = 0
        self._journal = journal

    def admit(self, incoming: Incoming) -> Admitted | Outgoing:
        """Check a request's head; an `Outgoing` is the answer of requests without a body.

        Raises:
            Refusal: it may not come in.
        """
        incoming.request_id = _request_id(incoming.headers.get("x-request-id"))
        if incoming.path == "/livez":
            return Outgoing(200, b'{"status":"ok"}')
        if self.table is None:
            raise not_ready()
        parts = incoming.path.split("/", 4)
        workspace, environment, deployment = [*parts[1:4], "", "", ""][:3]
        authorization = incoming.headers.get("authorization", "")
        route, key = self.table.enter((workspace, environment, deployment), authorization)
        rest = parts[4] if len(parts) > 4 else ""
        skin, version = _target_of(rest, route)
        if skin is None:
            return self._described(incoming, route, rest)
        if incoming.method != "POST":
            raise Refusal(405, "inference.method_not_allowed", "Send predictions with POST.")
        self.table.allow(key, Scope.predict)
        length = incoming.headers.get("content-length", "")
        if length.isdigit() and int(length) > route.max_body_bytes:
            raise too_large(route.max_body_bytes)
        return Admitted(route, key, rest, skin, version)

    def answer(self, incoming: Incoming, admitted: Admitted, respond: Respond) -> None:
        """Predict; `respond` is called exactly once, now or later.

        Raises:
            Refusal: it was refused before it reached a model server.
        """
        if self.table is None:
            raise not_ready()
        call = _Call(self, incoming, admitted, respond)
        try:
            call.route = route = self.table.latest(admitted.route)
            if admitted.version is not None:
                target, backend = self.table.pinned(route, admitted.version)
            else:
                sticky = incoming.headers.get("x-modelyard-sticky")
                target, backend = self.table.choose(route, sticky)
        except Refusal as refusal:
            call.refuse(refusal)
            return
        call.send(target, backend)

    def note(self, entry: dict[str, Any], revision: tuple[int, str, int, int]) -> None:
        """Count and record an answered call."""
        if entry["source"] != Source.console:
            self._journal.count(revision, entry["status"], entry["total_us"])
        size = len(entry["request"] or "") + len(entry["response"] or "") + 500
        self._journal.record(entry, size)

    def _described(self, incoming: Incoming, route: Route, rest: str) -> Outgoing:
        assert self.table is not None  # noqa: S101 - checked by the caller
        if incoming.method not in {"GET", "HEAD"}:
            raise Refusal(404, "inference.not_found", "This endpoint has no such call.")
        model = f"v2/models/{route.deployment}"
        rest = re.sub(rf"^{re.escape(model)}/versions/\d+", model, rest)
        is_ready = self.table.is_ready(route)
        match rest:
            case "openapi.json":
                return Outgoing(200, orjson.dumps(openapi(route)))
            case "v2" | "v2/":
                about = {"name": "modelyard", "version": "0.1.0", "extensions": []}
                return Outgoing(200, orjson.dumps(about))
            case "v2/health/live":
                return Outgoing(200, b'{"live":true}')
            case "v2/health/ready":
                return Outgoing(200 if is_ready else 503, orjson.dumps({"ready": is_ready}))
            case _ if rest == model:
                return Outgoing(200, orjson.dumps(v2_metadata(route)))
            case _ if rest == f"{model}/ready":
                facts = {"name": route.deployment, "ready": is_ready}
                return Outgoing(200 if is_ready else 503, orjson.dumps(facts))
            case _:
                raise Refusal(404, "inference.not_found", "This endpoint has no such call.")


class _Call:
    """One prediction on its way through a model server."""

    def __init__(
        self, calls: Calls, incoming: Incoming, admitted: Admitted, respond: Respond
    ) -> None:
        self._calls, self._incoming = calls, incoming
        self.route, self._key = admitted.route, admitted.key
        assert admitted.skin is not None  # noqa: S101 - admitted only with a skin
        self._skin = admitted.skin
        self._respond: Respond | None = respond
        self._target: Target | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._model_us: int | None = None
        self._id = _new_id()
        calls.open += 1

    def send(self, target: Target, backend: Backend) -> None:
        route = self.route
        self._target = target
        meta = {
            "skin": self._skin.value,
            "type": self._incoming.headers.get("content-type", "application/json"),
            "id": self._id,
            "model": route.model or route.deployment,
            "version": target.version,
            "max_rows": route.max_rows,
        }
        number = backend.predict(meta, self._incoming.body, self._answered)
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(route.timeout_seconds, self._timed_out, backend, number)

    def refuse(self, refusal: Refusal) -> None:
        """Answer with a refusal, which is counted like any other answer."""
        self._finish(refused(refusal, self._incoming.request_id))

    def _answered(self, status: int, model_us: int, body: bytes) -> None:
        self._model_us = model_us
        if status == 200:
            self._finish(Outgoing(200, body))
        elif status == 0:
            detail = "The model server died before it answered. Try again."
            self.refuse(Refusal(503, "inference.server_died", detail, retry_after=1))
        else:
            told = orjson.loads(body)
            fields = told.get("fields")
            self.refuse(Refusal(status, told["code"], told["detail"], fields=fields))

    def _timed_out(self, backend: Backend, number: int) -> None:
        backend.abandon(number)
        seconds = self.route.timeout_seconds
        detail = f"The model did not answer within {seconds:g} seconds."
        self.refuse(Refusal(504, "inference.timeout", detail))

    def _finish(self, outgoing: Outgoing) -> None:
        respond, self._respond = self._respond, None
        if respond is None:
            return
        if self._timer is not None:
            self._timer.cancel()
        outgoing.headers["X-Prediction-Id"] = self._id
        if self._target is not None:
            outgoing.headers["X-Model-Version"] = str(self._target.version)
            outgoing.headers["X-Modelyard-Revision"] = str(self._target.revision)
        respond(outgoing)
        self._calls.open -= 1
        self._note(outgoing)

    def _note(self, outgoing: Outgoing) -> None:
        route, incoming = self.route, self._incoming
        target = self._target or (route.targets[0] if route.targets else None)
        revision, version = (target.revision, target.version) if target else (0, 0)
        rate = route.sample_rate
        is_sampled = rate >= 1 or random.random() < rate  # noqa: S311 - a sample, not a secret
        is_console = (
            self._key.id == _CONSOLE and incoming.headers.get("x-modelyard-source") == _CONSOLE
        )
        now_ns = time.perf_counter_ns()
        total_us = (now_ns - incoming.complete_ns) // 1000
        entry = {
            "kind": "prediction",
            "id": self._id,
            "at_us": time.time_ns() // 1000 - total_us,
            "workspace_id": route.workspace_id,
            "deployment_id": route.deployment_id,
            "revision": revision,
            "version": version,
            "key_id": self._key.id,
            "skin": self._skin.value,
            "source": (Source.console if is_console else Source.live).value,
            "status": outgoing.status,
            "total_us": total_us,
            "model_us": self._model_us,
            "content_type": incoming.headers.get("content-type", "application/json"),
            "request": _captured(incoming.body) if is_sampled else None,
            "response": _captured(outgoing.body) if is_sampled else None,
            "request_bytes": len(incoming.body),
            "response_bytes": len(outgoing.body),
            "weight": 1 / rate if is_sampled and rate > 0 else 1.0,
        }
        whose = (route.workspace_id, route.deployment_id, revision, version)
        self._calls.note(entry, whose)


def too_large(limit: int) -> Refusal:
    """Refuse a body over the endpoint's limit."""
    return Refusal(413, "inference.too_large", f"The body may have at most {limit} bytes.")


def _target_of(rest: str, route: Route) -> tuple[Skin | None, int | None]:
    if rest == "predict":
        return Skin.predict, None
    if rest == "invocations":
        return Skin.invocations, None
    model = f"v2/models/{route.deployment}"
    if rest == f"{model}/infer":
        return Skin.v2, None
    found = re.fullmatch(rf"{re.escape(model)}/versions/(\d{{1,9}})/infer", rest)
    return (Skin.v2, int(found[1])) if found else (None, None)


def _captured(body: bytes) -> str | None:
    if len(body) > MAX_BODY_BYTES:
        return None
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None


def _new_id() -> str:
    """Give an id that sorts by time."""
    return f"{time.time_ns() // 1_000_000:012x}{random.getrandbits(80):020x}"


def _request_id(given: str | None) -> str:
    return given if given and _REQUEST_ID.fullmatch(given) else _new_id()
