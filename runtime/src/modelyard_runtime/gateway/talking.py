"""One call to a language model: sent, handed on in pieces, ended early when its caller leaves."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import orjson

from modelyard_protocol import language
from modelyard_protocol.language import Asked, Unfit
from modelyard_protocol.records import Skin
from modelyard_runtime.fast.lane import Item
from modelyard_runtime.wire import GONE

from .admission import refused
from .backends import Backend
from .ids import new_id
from .refusals import Outgoing, Refusal

if TYPE_CHECKING:
    from .calls import Calls

EVENTS = "text/event-stream; charset=utf-8"
_DONE = b"data: [DONE]\n\n"
_REFUSED = {"not_found": (404, "inference.model_not_found"), "unsupported": (400, None)}


class Talk:
    """A call; its sink is answered exactly once."""

    def __init__(self, calls: Calls, item: Item) -> None:
        self._calls, self._item = calls, item
        self._id = new_id()
        self._asked: Asked | None = None
        self._backend: Backend | None = None
        self._number = 0
        self._timer: asyncio.TimerHandle | None = None
        self._heard_at = 0.0
        self._has_begun = self._is_over = False

    def send(self, backend: Backend) -> None:
        """Have a model server answer, unless the call asks for what is not done."""
        admitted = self._item.admitted
        names = {admitted.model, admitted.route.deployment}
        try:
            asked = language.read(admitted.skin, self._item.body, names)
        except Unfit as unfit:
            status, code = _REFUSED.get(unfit.reason, (400, None))
            code = code or f"inference.{unfit.reason}"
            self.refuse(Refusal(status, code, unfit.detail, param=unfit.param))
            return
        self._asked, self._backend = asked, backend
        meta = {
            "skin": admitted.skin.value,
            "model": admitted.model,
            "stream": asked.is_stream,
            "usage": asked.tells_usage,
        }
        self._heard_at = time.monotonic()
        payload = orjson.dumps(asked.payload)
        self._number = backend.talk(meta, payload, self._heard, self._answered)
        self._watch(admitted.route.timeout_seconds)
        self._item.sink.when_gone(self._left)

    def refuse(self, refusal: Refusal) -> None:
        """Answer with a refusal, which is counted like any other answer."""
        self._close()
        if self._has_begun:
            problem = language.error(refusal.detail, refusal.status, refusal.code, refusal.param)
            self._item.sink.part(b"data: " + orjson.dumps({"error": problem}) + b"\n\n")
            self._item.sink.end()
        else:
            chosen = self._item.admitted.request_id.decode() or self._id
            outgoing = refused(refusal, chosen, is_openai=True)
            self._item.sink.respond(self._headed(outgoing))
        self._note(refusal.status, orjson.dumps({"detail": refusal.code}))

    def _heard(self, piece: bytes) -> None:
        self._heard_at = time.monotonic()
        if self._is_over or not piece:
            return
        self._part(piece)

    def _answered(self, status: int, model_us: int, body: bytes) -> None:
        told: dict[str, Any] = orjson.loads(body) if body else {}
        self._meter(told.get("usage") or {})
        if self._is_over:
            return
        if status == 0:
            detail = "The model server died before it answered. Try again."
            self.refuse(Refusal(503, "inference.server_died", detail, retry_after=1))
        elif status != 200:
            wait = told.get("retry_after")
            param = "messages" if self._item.admitted.skin is Skin.chat else None
            blamed = param if status == 400 else None
            code, detail = told["code"], told["detail"]
            self.refuse(Refusal(status, code, detail, retry_after=wait, param=blamed))
        else:
            self._close()
            if self._asked is not None and self._asked.is_stream:
                self._part(_DONE)
                self._item.sink.end()
            else:
                self._item.sink.respond(self._headed(Outgoing(200, body)))
            self._note(200, self._kept(told), model_us)

    def _part(self, data: bytes) -> None:
        if not self._has_begun:
            self._has_begun = True
            self._item.sink.begin(self._headed(Outgoing(200, b"", EVENTS)))
        self._item.sink.part(data)

    def _left(self) -> None:
        """Have the model stop: its caller has hung up."""
        if self._is_over:
            return
        self._cancel()
        self._close()
        if self._has_begun:
            self._item.sink.end()
        else:
            self._item.sink.respond(Outgoing(GONE, b""))
        self._note(GONE, orjson.dumps({"detail": "inference.caller_gone"}))

    def _watch(self, seconds: float) -> None:
        self._timer = asyncio.get_running_loop().call_later(seconds, self._looked)

    def _looked(self) -> None:
        """Give up on a model that is silent; one that still writes may go on."""
        limit = self._item.admitted.route.timeout_seconds
        silent = time.monotonic() - self._heard_at
        if silent < limit:
            self._watch(limit - silent)
            return
        self._cancel()
        detail = f"The model was silent for {limit:g} seconds."
        self.refuse(Refusal(504, "inference.timeout", detail))

    def _cancel(self) -> None:
        if self._backend is not None:
            self._backend.cancel(self._number)

    def _headed(self, outgoing: Outgoing) -> Outgoing:
        key = self._item.admitted.key
        left = self._calls.metering.allowance.tokens_left(key)
        if left is not None:  # as OpenAI has them; before a stream its own tokens are not known
            outgoing.headers["x-ratelimit-limit-tokens"] = str(key.tokens_per_month)
            outgoing.headers["x-ratelimit-remaining-tokens"] = str(left)
        return outgoing.of(self._id, None if self._backend is None else self._item.target)

    def _meter(self, usage: dict[str, Any]) -> None:
        prompt, completion = usage.get("prompt_tokens", 0), usage.get("completion_tokens", 0)
        if prompt or completion:
            mark = self._item.admitted.mark(self._item.target)
            self._calls.metering.count(mark, self._item.admitted.key, prompt, completion)

    def _kept(self, told: dict[str, Any]) -> bytes:
        """Write of the answer what may be kept: nothing, unless somebody has asked for it."""
        rules = self._item.admitted.route.language
        if rules is None or not rules.keeps_response or self._item.admitted.skin is Skin.embeddings:
            return b""
        text = told.get("text")
        if text is None:
            choice = told["choices"][0]
            text = choice["message"]["content"] if "message" in choice else choice["text"]
        return orjson.dumps({language.RESPONSE: text})

    def _close(self) -> None:
        """Count the call, before its last bytes leave: its caller may have a kill follow them."""
        self._is_over = True
        self._item.sink.when_gone(None)
        if self._timer is not None:
            self._timer.cancel()
        self._calls.recorder.tally.add(1)

    def _note(self, status: int, told: bytes, model_us: int | None = None) -> None:
        """Note of the call what may be kept."""
        rules, asked = self._item.admitted.route.language, self._asked
        prompt = b""
        if rules is not None and rules.keeps_prompt and asked is not None:
            prompt = orjson.dumps({language.PROMPT: asked.prompt})
        self._calls.finished(1)
        self._calls.note(self._item, self._id, status, model_us, prompt, told)
