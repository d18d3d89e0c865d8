"""Calls that wait for a busy language model: ended at once, or refused when they are too many."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import orjson

from modelyard_protocol.records import Skin
from modelyard_runtime import wire
from modelyard_runtime.language.answers import Answer
from modelyard_runtime.language.engine import GONE, MAX_WAITING, LanguageEngine
from modelyard_runtime.language.llama import Size

META = {"skin": "completions", "model": "m", "stream": False, "usage": False}


class Slow:
    """Writes one word once it may."""

    def __init__(self) -> None:
        self.may = threading.Event()

    def talk(self, skin: Skin, payload: dict[str, Any], heard: Callable[[bytes], bool]) -> None:
        assert self.may.wait(60)
        heard(orjson.dumps({"choices": [{"text": "word", "finish_reason": "length"}]}))


class Inbox:
    """Keeps the status of each answered call."""

    def __init__(self) -> None:
        self.statuses: dict[int, int] = {}
        self._reader = wire.Reader()

    def send(self, data: bytes) -> None:
        for number, kind, payload in self._reader.feed(data):
            if kind is wire.Kind.answer:
                self.statuses[number] = wire.read_answer(payload)[0]

    async def has(self, count: int) -> None:
        while len(self.statuses) < count:
            await asyncio.sleep(0.01)


def test_who_waits_and_leaves_is_let_go_at_once_and_too_many_are_refused() -> None:
    async def story() -> dict[int, int]:
        model, inbox = Slow(), Inbox()
        engine = LanguageEngine(model, Size(context=64, calls=1, threads=1))  # type: ignore[arg-type]
        for number in range(MAX_WAITING + 2):
            engine.begin(inbox, number, META, b"{}")
        engine.cancel(inbox, 5)
        assert inbox.statuses == {MAX_WAITING + 1: 429, 5: GONE}
        model.may.set()
        await asyncio.wait_for(inbox.has(MAX_WAITING + 2), 60)
        return inbox.statuses

    statuses = asyncio.run(story())
    assert statuses.pop(5) == GONE
    assert statuses.pop(MAX_WAITING + 1) == 429
    assert set(statuses.values()) == {200}


def test_reading_is_no_part_of_the_answer() -> None:
    answer = Answer(Skin.chat, "m", is_stream=True, tells_usage=False)
    event = {"choices": [{"delta": {"role": "assistant"}}], "prompt_progress": {"processed": 1}}
    assert answer.hear(orjson.dumps(event)) is None
    assert answer.hear(orjson.dumps({"choices": [{"delta": {"content": "a"}}]})) is not None
