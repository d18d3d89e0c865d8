"""Threads that do the same work again and again."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

log = structlog.get_logger("modelyard.repeating")


def repeat(name: str, seconds: float, work: Callable[[], object]) -> Callable[[], None]:
    """Do the work every so many seconds until the given function is called; failures are logged."""
    stop = threading.Event()

    def loop() -> None:
        while not stop.wait(seconds):
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
