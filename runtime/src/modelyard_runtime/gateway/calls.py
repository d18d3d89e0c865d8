"""What a request asks for, and how it is answered."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from typing import Any

import orjson

from modelyard_protocol import language
from modelyard_protocol.answers import decode_predictions
from modelyard_protocol.openapi import openapi, v2_metadata
from modelyard_protocol.records import Skin
from modelyard_protocol.routing import Route, Scope, Target
from modelyard_protocol.safeguards import Held as Withheld
from modelyard_protocol.v2 import EXTENSIONS
from modelyard_runtime.comparing import equal
from modelyard_runtime.fast.lane import Item, Sink

from .admission import Admitted, Incoming, refused
from .backends import Backend
from .forms import check_head
from .ids import new_id
from .images import to_array
from .metering import Metering
from .mirror import Copy, Mirror
from .polling import Polling
from .recorder import Recorder
from .refusals import NOT_READY, Outgoing, Refusal, closed_door, not_ready
from .safeguarding import HEADER, Safeguarding, answers_of, refusal, rewritten
from .servers import Served, Servers
from .table import Table
from .talking import Talk
from .waking import Held, Waking, sleeper, waking_up

VERSION = "0.1.0"
ABOUT = {"name": "modelyard", "version": VERSION, "extensions": list(EXTENSIONS)}
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:\-]{1,128}")

SwitchBack = Callable[[str, str], None]
"""(server id, reason): its graph answered otherwise than the original."""


class Calls:
    """Admits requests and answers them with the table of the moment."""

    def __init__(
        self,
        recorder: Recorder,
        servers: Servers,
        mirror: Mirror,
        safeguarding: Safeguarding,
        metering: Metering,
        switch_back: SwitchBack,
        wake: Callable[[str], None],
    ) -> None:
        self.mirror, self.safeguarding, self.metering = mirror, safeguarding, metering
        self.waking = Waking(wake, self._again, self._not_awake)
        servers.on_ready = self.waking.ready
        self.table: Table | None = None
        self.recorder = recorder
        self.polling = Polling(lambda look: asyncio.get_running_loop().call_soon(look))
        self.open = 0
        self.compared: dict[str, int] = {}
        self._servers, self._switch_back = servers, switch_back

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
            detail = "Send predictions with POST."
            raise Refusal(405, "inference.method_not_allowed", detail, allow="POST")
        self.table.allow(key, Scope.predict)
        check_head(route, skin, incoming.headers)
        length = incoming.headers.get("content-length", "")
        if length.isdigit() and int(length) > route.max_body_bytes:
            raise too_large(route.max_body_bytes)
        return Admitted(route, key, skin, version, incoming, self.table.guard(route))

    def answer_known(self, admitted: Admitted, body: bytes, sink: Sink) -> None:
        """Answer a request whose head was admitted before, under the same table.

        Raises:
            Refusal: its key has no calls left.
        """
        table = self.table
        if table is None:
            raise closed_door()
        if admitted.is_limited:
            table.allow(admitted.key, Scope.predict)
        self.answer(admitted, admitted.route, body, time.perf_counter_ns(), sink)

    def answer_late(self, incoming: Incoming, admitted: Admitted, sink: Sink) -> None:
        """Answer a request whose body came after its head; traffic may have moved meanwhile.

        Raises:
            Refusal: its address is gone.
        """
        if self.table is None:
            raise not_ready()
        route = self.table.latest(admitted.route)
        self.answer(admitted, route, incoming.body, incoming.complete_ns, sink)

    def answer(
        self, admitted: Admitted, route: Route, body: bytes, started_ns: int, sink: Sink
    ) -> None:
        """Predict; the sink is answered exactly once, now or later."""
        assert self.table is not None  # noqa: S101 - checked by the callers
        self.open += 1
        sent = body
        try:
            if admitted.is_image:
                body = to_array(body, route.signature)
            if admitted.version is not None:
                target, served = self.table.pinned(route, admitted.version)
            else:
                target, served = self.table.choose(route, admitted.sticky)
        except Refusal as refusal:
            asleep = sleeper(route, self.table.can_sleep)
            if refusal.code == NOT_READY and asleep is not None:
                if self.waking.hold(asleep, Held(admitted, sent, started_ns, sink)):
                    return
                refusal = waking_up()
            self._refuse_unsent(route, Held(admitted, body, started_ns, sink), refusal)
            return
        served.calls += 1
        item = Item(admitted, target, body, started_ns, sink)
        if served.lane is not None:
            served.lane.submit(item)
        elif served.backend is not None:
            self._way(item).send(served.backend)
        else:
            self.refuse(item, not_ready())

    def _refuse_unsent(self, route: Route, call: Held, refusal: Refusal) -> None:
        target = route.targets[0] if route.targets else _NOBODY
        item = Item(call.admitted, target, call.body, call.started_ns, call.sink)
        self.refuse(item, refusal)

    def _again(self, call: Held) -> None:
        """Answer a call whose version has woken up; traffic may have moved meanwhile."""
        self.open -= 1
        assert self.table is not None  # noqa: S101 - it was held under one
        try:
            route = self.table.latest(call.admitted.route)
        except Refusal as refusal:
            self.open += 1
            self._refuse_unsent(call.admitted.route, call, refusal)
            return
        self.answer(call.admitted, route, call.body, call.started_ns, call.sink)

    def _not_awake(self, call: Held) -> None:
        """Refuse a call that has waited as long as its caller wanted to."""
        self._refuse_unsent(call.admitted.route, call, waking_up())

    # -- what a lane asks of its worker

    def answered(
        self, item: Item, name: str, predictions: list[Any] | None, body: bytes, model_us: int
    ) -> None:
        """A call of a route that has a shadow was answered; a share of them is copied."""
        shadow = item.admitted.route.shadow
        if shadow is not None:
            self.mirror.offer(
                Copy(item.admitted, shadow, name, item.body, predictions, body, model_us)
            )

    def finished(self, count: int) -> None:
        """So many calls were answered."""
        self.open -= count

    def refuse(self, item: Item, refusal: Refusal) -> None:
        """Answer with a refusal, which is counted like any other answer."""
        self._way(item).refuse(refusal)

    def _way(self, item: Item) -> _Call | Talk:
        return (Talk if item.admitted.skin in language.LANGUAGE else _Call)(self, item)

    def note(
        self,
        item: Item,
        name: str,
        status: int,
        model_us: int | None,
        request: bytes,
        response: bytes,
    ) -> None:
        """Write down a call that was answered just now."""
        total_us = (time.perf_counter_ns() - item.started_ns) // 1000
        at_us = time.time_ns() // 1000 - total_us
        mark = item.admitted.mark(item.target)
        self.recorder.note((mark, status, name, at_us, total_us, model_us, request, response))

    def guarded(self, item: Item, name: str, predictions: list[Any]) -> Withheld | None:
        """Hold the route's safeguards against a call; one that is refused is answered here."""
        held = self.safeguarding.held(item.admitted, item.target, name, item.body, predictions)
        if held is not None and held.refused is not None:
            rule = held.refused
            _Call(self, item, name).refuse(refusal(rule, held.rows[rule.name]))
        return held

    def natively(self, server_id: str, item: Item) -> bool:
        """Have the original answer a call; False when it cannot now."""
        backend = self._backend(server_id)
        if backend is None or backend.is_full:
            return False
        _Call(self, item).send(backend)
        return True

    def compare(self, server_id: str, item: Item, predictions: list[Any]) -> bool:
        """Repeat a call on the original, off the request's path; False when it cannot now."""
        served, backend = self._servers.find(server_id), self._backend(server_id)
        if served is None or backend is None or backend.waiting > 8:
            return False
        _Comparison(self, served, item, predictions).send(backend)
        return True

    def compared_with(self, served: Served, reason: str | None) -> None:
        """A call was repeated; with a reason, the graph is not used any more."""
        if reason is None:
            self.compared[served.id] = self.compared.get(served.id, 0) + 1
        elif served.lane is not None:
            self._servers.drop_graph(served.id)
            self._switch_back(served.id, reason)

    def _backend(self, server_id: str) -> Backend | None:
        served = self._servers.find(server_id)
        return served.backend if served is not None else None

    def _described(self, incoming: Incoming, route: Route, rest: str) -> Outgoing:
        assert self.table is not None  # noqa: S101 - checked by the caller
        if incoming.method not in {"GET", "HEAD"}:
            raise Refusal(404, "inference.not_found", "This endpoint has no such call.")
        model = f"v2/models/{route.deployment}"
        found = re.match(rf"{re.escape(model)}/versions/(\d{{1,9}})(?=/|$)", rest)
        rest = model + rest[found.end() :] if found else rest
        is_ready = self.table.is_ready(route, int(found[1]) if found else None)
        match rest:
            case "ping" | "health":  # MLflow's scoring protocol
                if not is_ready:
                    raise not_ready()
                return Outgoing(200, b"\n")
            case "version":
                return Outgoing(200, VERSION.encode(), "text/plain; charset=utf-8")
            case "v1/models" if route.language is not None:
                return Outgoing(200, language.models([route.model or route.deployment], 0))
            case "openapi.json":
                return Outgoing(200, orjson.dumps(openapi(route)))
            case "v2" | "v2/":
                return Outgoing(200, orjson.dumps(ABOUT))
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
    """One prediction on its way through a model server, or refused before it got there."""

    def __init__(self, calls: Calls, item: Item, name: str | None = None) -> None:
        self._calls, self._item = calls, item
        self._timer: asyncio.TimerHandle | None = None
        self._model_us: int | None = None
        self._id = name or new_id()
        self._flags: str | None = None
        self._unguarded: bytes | None = None
        self._is_done = False
        self._is_sent = False

    def send(self, backend: Backend) -> None:
        self._is_sent = True
        seconds = self._item.admitted.route.timeout_seconds
        number = backend.predict(_meta(self._item, self._id), self._item.body, self._answered)
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(seconds, self._timed_out, backend, number)

    def refuse(self, refusal: Refusal) -> None:
        """Answer with a refusal, which is counted like any other answer."""
        chosen = self._item.admitted.request_id.decode() or self._id
        is_v2 = self._item.admitted.skin is Skin.v2
        self._finish(refused(refusal, chosen, is_v2=is_v2))

    def _answered(self, status: int, model_us: int, body: bytes) -> None:
        self._model_us = model_us
        if status == 200:
            self._guarded(body)
        elif status == 0:
            detail = "The model server died before it answered. Try again."
            self.refuse(Refusal(503, "inference.server_died", detail, retry_after=1))
        else:
            self.refuse(_told(status, body))

    def _guarded(self, document: bytes) -> None:
        """Hold the route's safeguards against the answer, where it has any."""
        admitted, target = self._item.admitted, self._item.target
        guard = admitted.guard
        if guard is None or self._is_done:
            self._rewritten(document)
            return
        parsed = orjson.loads(document)
        answers = answers_of(admitted.skin, parsed)
        held = self._calls.safeguarding.held(admitted, target, self._id, self._item.body, answers)
        if held is not None and held.refused is not None:
            self.refuse(refusal(held.refused, held.rows[held.refused.name]))
            return
        if held is not None:
            self._flags = held.header(guard.actions)
            self._unguarded = document
            if held.is_changed:
                document = rewritten(admitted, target, parsed, held.answers, self._id)
        self._rewritten(document)

    def _rewritten(self, document: bytes) -> None:
        rewrite = self._item.admitted.rewrite
        try:
            other = rewrite(self._item.body, document) if rewrite is not None else None
        except Refusal as refusal:
            self.refuse(refusal)
        else:
            self._finish(other or Outgoing(200, document), document)

    def _timed_out(self, backend: Backend, number: int) -> None:
        backend.abandon(number)
        seconds = self._item.admitted.route.timeout_seconds
        detail = f"The model did not answer within {seconds:g} seconds."
        self.refuse(Refusal(504, "inference.timeout", detail))

    def _finish(self, outgoing: Outgoing, document: bytes | None = None) -> None:
        """Answer; `document` is what is recorded where the caller gets another form of it."""
        if self._is_done:
            return
        self._is_done = True
        if self._timer is not None:
            self._timer.cancel()
        outgoing.of(self._id, self._item.target if self._is_sent else None)
        if self._flags is not None:
            outgoing.headers[HEADER] = self._flags
        self._calls.recorder.tally.add(1)
        self._item.sink.respond(outgoing)
        self._calls.open -= 1
        told = outgoing.body if document is None else document
        us, body = self._model_us, self._item.body
        self._calls.note(self._item, self._id, outgoing.status, us, body, told)
        if outgoing.status == 200:
            said = told if self._unguarded is None else self._unguarded  # shadows have no guard
            self._calls.answered(self._item, self._id, None, said, us or 0)


class _Comparison:
    """A call that was answered by a graph, asked of the original once more."""

    def __init__(self, calls: Calls, served: Served, item: Item, predictions: list[Any]) -> None:
        self._calls, self._served, self._item = calls, served, item
        self._predictions = predictions
        self._tolerance = served.lane.tolerance if served.lane is not None else 0.0

    def send(self, backend: Backend) -> None:
        meta = _meta(self._item, "compare")
        backend.predict(meta, self._item.body, self._answered)

    def _answered(self, status: int, model_us: int, body: bytes) -> None:
        del model_us
        if status == 0:
            return  # the original died: nothing is known
        if status != 200:
            told = _told(status, body).detail
            self._calls.compared_with(self._served, f"The original refused a live call: {told}")
            return
        expected = decode_predictions(self._item.admitted.skin, body)
        if equal(self._predictions, expected, self._tolerance):
            self._calls.compared_with(self._served, None)
            return
        pairs = zip(self._predictions, expected, strict=False)
        one, other = next(
            (pair for pair in pairs if not equal(*pair, self._tolerance)), (None, None)
        )
        reason = f"A live call got {one!r} from the graph and {other!r} from the original."
        self._calls.compared_with(self._served, reason[:500])


_NOBODY = Target(server_id="", revision=0, version=0, weight=0)


def too_large(limit: int) -> Refusal:
    """Refuse a body over the endpoint's limit."""
    return Refusal(413, "inference.too_large", f"The body may have at most {limit} bytes.")


def _meta(item: Item, name: str) -> dict[str, Any]:
    admitted = item.admitted
    return {
        "skin": admitted.skin.value,
        "type": admitted.media,
        "id": name,
        "model": admitted.model,
        "version": item.target.version,
        "max_rows": admitted.route.max_rows,
    }


def _told(status: int, body: bytes) -> Refusal:
    told = orjson.loads(body)
    return Refusal(status, told["code"], told["detail"], fields=told.get("fields"))


def _target_of(rest: str, route: Route) -> tuple[Skin | None, int | None]:
    if route.language is not None:
        return language.PATHS.get(rest), None
    if rest == "predict":
        return Skin.predict, None
    if rest == "invocations":
        return Skin.invocations, None
    model = f"v2/models/{route.deployment}"
    if rest == f"{model}/infer":
        return Skin.v2, None
    found = re.fullmatch(rf"{re.escape(model)}/versions/(\d{{1,9}})/infer", rest)
    if found is not None:
        return Skin.v2, int(found[1])
    found = re.fullmatch(r"versions/(\d{1,9})/predict", rest)
    return (Skin.predict, int(found[1])) if found else (None, None)


def _request_id(given: str | None) -> str:
    return given if given and _REQUEST_ID.fullmatch(given) else ""
