"""Threads that do the same work again and again."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

log = structlog.get_logger("modelyard.repeating")


def repeat(
    name: str, seconds: float, work: Callable[[], object], *, at_once: bool = False
) -> Callable[[], None]:
    """Do the work every so many seconds until the given function is called; failures are logged.

    `at_once`: for the first time now, not after so many seconds.
    """
    stop = threading.Event()

    def loop() -> None:
        wait = 0.0 if at_once else seconds
        while not stop.wait(wait):
            wait = seconds
            try:
                work()
            except Exception:
                log.exception("repeated_work_failed", name=name)

    thread = threading.Thread(target=loop, name=name, daemon=True)
    thread.start()

    def finish() -> None:
        stop.set()
        thread.join(timeout=10)

    return finish
