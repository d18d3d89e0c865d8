"""One call of a language model, with a model server and a caller that only note what they get."""

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import orjson
import pytest
from tests.make.nodes import a_key, a_route

from modelyard_protocol.records import Skin
from modelyard_protocol.routing import Language
from modelyard_runtime.fast.lane import Item
from modelyard_runtime.gateway.admission import Admitted, Incoming
from modelyard_runtime.gateway.allowance import Allowance
from modelyard_runtime.gateway.backends import Backend, OnAnswer, OnPiece
from modelyard_runtime.gateway.calls import Calls
from modelyard_runtime.gateway.metering import Metering
from modelyard_runtime.gateway.mirror import Mirror
from modelyard_runtime.gateway.recorder import Recorder
from modelyard_runtime.gateway.refusals import Outgoing
from modelyard_runtime.gateway.safeguarding import Safeguarding
from modelyard_runtime.gateway.servers import Servers
from modelyard_runtime.gateway.talking import Talk
from modelyard_runtime.ledger import Tally

MESSAGES = [{"role": "user", "content": "hello"}]


class Model:
    """A model server that has been asked and says nothing by itself."""

    piece: OnPiece
    answer: OnAnswer

    def talk(self, meta: Any, payload: bytes, piece: OnPiece, answer: OnAnswer) -> int:
        del meta, payload
        self.piece, self.answer = piece, answer
        return 1

    def cancel(self, number: int) -> None:
        del number


class Caller:
    """Notes what it gets, and how many calls were counted when it got it."""

    is_plain = False

    def __init__(self, counted: Callable[[], int]) -> None:
        self._counted = counted
        self.got: list[tuple[str, int]] = []
        self.leave: Callable[[], None] | None = None

    def when_gone(self, leave: Callable[[], None] | None) -> None:
        self.leave = leave

    def respond(self, outgoing: Outgoing) -> None:
        self.got.append((str(outgoing.status), self._counted()))
        self.headers = outgoing.headers

    reply = begin = respond  # type: ignore[assignment]

    def part(self, data: bytes) -> None:
        self.got.append((data.decode(), self._counted()))

    def end(self) -> None:
        self.got.append(("end", self._counted()))


class Spoken:
    """A call on its way, of a worker whose tally is a file."""

    def __init__(self, folder: Path, *, is_stream: bool, timeout: float = 60.0) -> None:
        self._file = os.open(folder / "tally", os.O_RDWR | os.O_CREAT)
        tally = Tally(self._file)
        recorder = Recorder(lambda *_: None, lambda _: None, lambda: 0, lambda *_: None, tally)
        servers = Servers()
        mirror = Mirror(servers, lambda _: None, lambda _: None, lambda *_: None)
        guarding = Safeguarding(lambda _: None, lambda *_: None)
        self.allowance = Allowance()
        metering = Metering(lambda _: None, lambda *_: None, self.allowance)
        calls = Calls(
            recorder, servers, mirror, guarding, metering, lambda *_: None, lambda _: None
        )
        calls.open = 1
        self.calls, self.model, self.caller = calls, Model(), Caller(self.counted)
        route = a_route(folder, {"a": 100}, language=Language(), timeout_seconds=timeout)
        self.key = a_key(tokens_per_month=100)
        admitted = Admitted(route, self.key, Skin.chat, None, Incoming("POST", "/", {}))
        body = orjson.dumps({"messages": MESSAGES, "stream": is_stream})
        self._is_stream = is_stream
        self.item = Item(admitted, route.targets[0], body, time.perf_counter_ns(), self.caller)

    def counted(self) -> int:
        return int.from_bytes(os.pread(self._file, 8, 0), "little")

    def send(self) -> None:
        Talk(self.calls, self.item).send(cast("Backend", self.model))

    def wrote(self) -> None:
        """Hear from the model: of an answer that is wanted whole, only that it is at work."""
        self.model.piece(b"data: {}\n\n" if self._is_stream else b"")

    def answered(self) -> None:
        usage = {"prompt_tokens": 3, "completion_tokens": 4}
        self.model.answer(200, 5, orjson.dumps({"usage": usage, "text": "a"}))


async def _whole(spoken: Spoken) -> None:
    spoken.answered()


async def _refused(spoken: Spoken) -> None:
    spoken.model.answer(400, 0, b'{"code":"inference.context_exceeded","detail":"Too long."}')


async def _died(spoken: Spoken) -> None:
    spoken.wrote()
    spoken.model.answer(0, 0, b"")


async def _left(spoken: Spoken) -> None:
    spoken.wrote()
    assert spoken.caller.leave is not None
    spoken.caller.leave()
    spoken.answered()  # the model tells how far it got


async def _silent(spoken: Spoken) -> None:
    while not spoken.caller.got:
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("is_stream", [True, False])
@pytest.mark.parametrize("then", [_whole, _refused, _died, _left, _silent])
def test_a_call_is_counted_once_and_before_its_caller_has_the_last_of_it(
    tmp_path: Path, is_stream: bool, then: Callable[[Spoken], Any]
) -> None:
    async def call() -> Spoken:
        spoken = Spoken(tmp_path, is_stream=is_stream, timeout=0.05 if then is _silent else 60.0)
        spoken.send()
        assert spoken.counted() == 0
        await then(spoken)
        return spoken

    spoken = asyncio.run(call())
    assert spoken.caller.got[-1][1] == 1
    last = [count for text, count in spoken.caller.got if "DONE" in text or "error" in text]
    assert set(last) <= {1}
    assert (spoken.counted(), spoken.calls.open, spoken.caller.leave) == (1, 0, None)


@pytest.mark.parametrize("then", [_whole, _left])
def test_tokens_are_taken_off_the_key_also_when_its_caller_has_left(
    tmp_path: Path, then: Callable[[Spoken], Any]
) -> None:
    async def call() -> Spoken:
        spoken = Spoken(tmp_path, is_stream=False)
        spoken.send()
        await then(spoken)
        return spoken

    spoken = asyncio.run(call())
    assert spoken.allowance.tokens_left(spoken.key) == 93
    if then is _whole:
        assert spoken.caller.headers["x-ratelimit-limit-tokens"] == "100"
        assert spoken.caller.headers["x-ratelimit-remaining-tokens"] == "93"
