"""How often a person may ask for something costly."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass

from .errors import TooOften


@dataclass(frozen=True, slots=True)
class Spent:
    """What is left of a limit after a call."""

    limit: int
    remaining: int
    reset_seconds: int
    window_seconds: int

    def headers(self) -> dict[str, str]:
        """Give it as the `RateLimit` header fields."""
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.reset_seconds),
            "RateLimit-Policy": f"{self.limit};w={self.window_seconds}",
        }


class MovingWindow:
    """At most `limit` calls of one key in any `seconds`, counted in this process."""

    def __init__(self, limit: int, seconds: float) -> None:
        self._limit = limit
        self._seconds = seconds
        self._calls: dict[Hashable, deque[float]] = {}
        self._lock = threading.Lock()

    def hit(self, key: Hashable, now: float | None = None, limit: int | None = None) -> Spent:
        """Count a call; give what is left.

        Raises:
            TooOften: it is one too many of `limit`, else of the usual number; says how long to
                wait in `retry_after_seconds`.
        """
        now = time.monotonic() if now is None else now
        allowed = self._limit if limit is None else limit
        with self._lock:
            if len(self._calls) > 10_000:
                self._forget(now)
            calls = self._calls.setdefault(key, deque())
            while calls and calls[0] <= now - self._seconds:
                calls.popleft()
            if len(calls) >= allowed:
                wait = int(calls[0] + self._seconds - now) + 1
                raise TooOften(
                    f"At most {allowed} times in {self._seconds:g} seconds. "
                    f"Try again in {wait} seconds.",
                    retry_after_seconds=wait,
                    limit_facts=self._spent(allowed, 0, wait).headers(),
                )
            calls.append(now)
            reset = int(calls[0] + self._seconds - now) + 1
            return self._spent(allowed, allowed - len(calls), reset)

    def _spent(self, limit: int, remaining: int, reset: int) -> Spent:
        return Spent(limit, remaining, reset, int(self._seconds))

    def _forget(self, now: float) -> None:
        old = [key for key, calls in self._calls.items() if calls[-1] <= now - self._seconds]
        for key in old:
            del self._calls[key]
