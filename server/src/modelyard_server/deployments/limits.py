"""How often a person may ask for something costly."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Hashable

from .errors import TooOften


class MovingWindow:
    """At most `limit` calls of one key in any `seconds`, counted in this process."""

    def __init__(self, limit: int, seconds: float) -> None:
        self._limit = limit
        self._seconds = seconds
        self._calls: dict[Hashable, deque[float]] = {}
        self._lock = threading.Lock()

    def hit(self, key: Hashable, now: float | None = None) -> None:
        """Count a call.

        Raises:
            TooOften: it is one too many; `retry_after_seconds` says when to come back.
        """
        now = time.monotonic() if now is None else now
        with self._lock:
            if len(self._calls) > 10_000:
                self._forget(now)
            calls = self._calls.setdefault(key, deque())
            while calls and calls[0] <= now - self._seconds:
                calls.popleft()
            if len(calls) >= self._limit:
                wait = int(calls[0] + self._seconds - now) + 1
                raise TooOften(
                    f"At most {self._limit} times in {self._seconds:g} seconds. "
                    f"Try again in {wait} seconds.",
                    retry_after_seconds=wait,
                )
            calls.append(now)

    def _forget(self, now: float) -> None:
        old = [key for key, calls in self._calls.items() if calls[-1] <= now - self._seconds]
        for key in old:
            del self._calls[key]
