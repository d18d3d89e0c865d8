"""When a gateway worker's loop polls for a lone caller's next call."""

from __future__ import annotations

from collections.abc import Callable

from modelyard_runtime.gateway.polling import CROWDED, LOOKS, REST_NS, SILENCE_NS, Polling


class Loop:
    """A clock and a loop whose turns are told."""

    def __init__(self) -> None:
        self.now_ns = 10 * SILENCE_NS
        self.evictions = 7
        self.due: list[Callable[[], None]] = []
        self.polling = Polling(self.due.append, lambda: self.now_ns, lambda: self.evictions)

    def call(self, calls: int = 1) -> None:
        self.polling.came(calls)
        self.polling.answered()

    def turn(self, after_ns: int = 2_000) -> bool:
        """Let time pass and run what is due; whether something was."""
        self.now_ns += after_ns
        due, self.due[:] = list(self.due), []
        for one in due:
            one()
        return bool(due)


def test_a_first_call_is_followed_by_sleep() -> None:
    loop = Loop()
    loop.call()
    assert not loop.turn()


def test_a_caller_who_comes_back_at_once_is_waited_for_until_it_is_silent() -> None:
    loop = Loop()
    loop.call()
    loop.now_ns += SILENCE_NS // 2
    loop.call()
    turns = 0
    while loop.turn():
        turns += 1
    assert turns * 2_000 >= SILENCE_NS
    loop.now_ns += SILENCE_NS
    loop.call()
    assert not loop.turn(), "it came late: the next one may come late too"


def test_many_callers_need_no_polling() -> None:
    loop = Loop()
    loop.call()
    loop.call(calls=40)
    assert not loop.turn()
    loop.call()
    assert loop.turn()
    loop.call(calls=40)
    assert loop.turn()
    assert not loop.turn(), "it ends when more than one caller is there"


def test_it_rests_when_others_want_the_core() -> None:
    loop = Loop()
    loop.call()
    loop.call()
    for _ in range(LOOKS):
        assert loop.turn()
        loop.evictions += 1
        loop.call()
    assert LOOKS >= CROWDED
    assert not loop.turn()
    loop.call()
    assert not loop.turn(), "still resting"
    loop.now_ns += REST_NS
    loop.call()
    loop.call()
    assert loop.turn()


def test_one_poll_at_a_time() -> None:
    loop = Loop()
    for _ in range(5):
        loop.call()
    assert len(loop.due) == 1
