"""The middle of a language model's server: so many calls at once, a few that wait, all can end."""

from __future__ import annotations

import asyncio
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

import orjson

from modelyard_protocol.language import ENGINE
from modelyard_protocol.records import Skin
from modelyard_runtime import wire
from modelyard_runtime.wire import GONE, Kind

from .answers import Answer
from .files import weights
from .llama import Llama, Size, size

MAX_WAITING = 16  # calls; past it an answer would come after most callers gave up
LIFE_SECONDS = 1.0  # between two signs that a call is being worked on
_NOTHING = orjson.dumps({})
_SAMPLE = {"prompt": "Hello", "max_tokens": 8, "temperature": 0}


class Caller(Protocol):
    """A gateway worker's connection."""

    def send(self, data: bytes) -> None:
        """Write to the worker, if it is still there."""
        ...


class LanguageEngine:
    """Answers calls with one loaded language model."""

    talks = True
    """It takes calls one by one and answers in pieces."""

    def __init__(self, model: Llama, wanted: Size) -> None:
        self._model, self._slots = model, wanted.calls
        self._pool = ThreadPoolExecutor(wanted.calls)
        self._open: dict[tuple[Caller, int], _Talk] = {}

    def begin(self, caller: Caller, number: int, meta: dict[str, Any], body: bytes) -> None:
        """Take a call; it is answered later, or at once when too many wait."""
        if len(self._open) >= self._slots + MAX_WAITING:
            detail = "Too many calls wait for this model already."
            told = {"code": "inference.queue_full", "detail": detail, "retry_after": 2}
            caller.send(wire.pack_answer(number, 429, 0, orjson.dumps(told)))
            return
        talk = _Talk(caller, number, meta, body)
        self._open[caller, number] = talk
        self._pool.submit(self._work, talk, asyncio.get_running_loop())

    def cancel(self, caller: Caller, number: int) -> None:
        """Stop working on a call."""
        talk = self._open.get((caller, number))
        if talk is None:
            return
        talk.cancel()
        if not talk.has_begun:  # it would be answered only when those before it are
            self._end(talk, wire.pack_answer(number, GONE, 0, _NOTHING))

    def forget(self, caller: Caller) -> None:
        """Stop working for a worker that is gone."""
        for (whose, number), talk in list(self._open.items()):
            if whose is caller:
                talk.cancel()
                del self._open[whose, number]

    def _work(self, talk: _Talk, loop: asyncio.AbstractEventLoop) -> None:
        if talk.has_ended():  # it was answered when it was ended
            return
        started = time.perf_counter_ns()
        try:
            status, body = talk.run(self._model, loop)
        except ValueError as error:
            status, body = 400, _told("inference.unfit_prompt", f"It cannot be read: {error}")
        except Exception as error:
            traceback.print_exc()
            status, body = 500, _told("inference.model_failed", f"The model failed: {error}")
        us = (time.perf_counter_ns() - started) // 1000
        loop.call_soon_threadsafe(self._end, talk, wire.pack_answer(talk.number, status, us, body))

    def _end(self, talk: _Talk, frame: bytes) -> None:
        self._open.pop((talk.caller, talk.number), None)
        talk.caller.send(frame)


class _Talk:
    """One call."""

    def __init__(self, caller: Caller, number: int, meta: dict[str, Any], body: bytes) -> None:
        self.caller, self.number = caller, number
        self._is_cancelled = self.has_begun = False
        self._payload = orjson.loads(body)
        self._told_at = 0.0
        self._answer = Answer(
            Skin(meta["skin"]), meta["model"], bool(meta["stream"]), bool(meta["usage"])
        )

    def has_ended(self) -> bool:
        """Tell whether nobody waits for its answer any more."""
        return self._is_cancelled

    def cancel(self) -> None:
        """Stop at the next token."""
        self._is_cancelled = True

    def run(self, model: Llama, loop: asyncio.AbstractEventLoop) -> tuple[int, bytes]:
        """Give status and body of the answer, after all its pieces."""
        answer, self.has_begun = self._answer, True
        if answer.skin is Skin.embeddings:
            return self._embedded(model.embed(self._payload))

        def heard(raw: bytes) -> bool:
            piece = answer.hear(raw)
            now = time.monotonic()
            if piece is not None or now - self._told_at > LIFE_SECONDS:
                self._told_at = now
                frame = wire.pack(self.number, Kind.piece, piece or b"")
                loop.call_soon_threadsafe(self.caller.send, frame)
            return self.has_ended()

        model.talk(answer.skin, self._payload, heard)
        if answer.error is not None:
            return _refused(answer.error)
        if self.has_ended():
            return GONE, answer.ended()
        return 200, answer.ended() if answer.is_stream else answer.whole()

    def _embedded(self, found: dict[str, Any]) -> tuple[int, bytes]:
        if "error" in found:
            return _refused(found["error"])
        return 200, orjson.dumps(found | {"model": self._answer.model})


def load(folder: Path) -> tuple[LanguageEngine, dict[str, Any]]:
    """Load a package's language model and have it continue a short text; give what was seen.

    Raises:
        ValueError: the package has no language model.
        RuntimeError: the engine cannot load it, or it does not write.
    """
    wanted = size()
    started = time.perf_counter()
    model = Llama(weights(folder), wanted)
    load_ms = (time.perf_counter() - started) * 1000
    started = time.perf_counter()
    answer = Answer(Skin.completions, "", is_stream=False, tells_usage=False)

    def heard(raw: bytes) -> bool:
        answer.hear(raw)
        return False

    model.talk(Skin.completions, _SAMPLE, heard)
    if answer.error is not None:
        raise RuntimeError(f"It does not continue a text: {answer.error.get('message')}")
    hello = {
        "engine": ENGINE,
        "load_ms": round(load_ms, 1),
        "predict_ms": round((time.perf_counter() - started) * 1000, 3),
        "example": False,
        "batches": False,
        "tokens": answer.completion_tokens,
    }
    return LanguageEngine(model, wanted), hello


def _refused(error: dict[str, Any]) -> tuple[int, bytes]:
    kind, detail = str(error.get("type")), str(error.get("message"))
    if kind == "exceed_context_size_error" or "too large to process" in detail:
        return 400, _told("inference.context_exceeded", detail)
    status = int(error.get("code") or 500)
    if 400 <= status < 500:
        return 400, _told("inference.unfit_prompt", detail)
    return 500, _told("inference.model_failed", detail)


def _told(code: str, detail: str) -> bytes:
    return orjson.dumps({"code": code, "detail": detail[:500]})
