"""Work that is done again and again, failures or not."""

import threading

from modelyard_server.kernel.repeating import repeat


def test_it_goes_on_after_a_failure_and_ends_when_told() -> None:
    done: list[int] = []
    twice = threading.Event()

    def work() -> None:
        done.append(1)
        if len(done) == 1:
            raise ValueError("once")
        twice.set()

    finish = repeat("work", 0.001, work)
    assert twice.wait(10)
    finish()
    count = len(done)
    assert not any(thread.name == "work" for thread in threading.enumerate())
    assert len(done) == count
