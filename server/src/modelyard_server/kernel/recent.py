"""What was read a moment ago, shared by everybody who asks for the same."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Recent(Generic[T]):
    """Answers of a process by key, so that ten open pages cost as much as one.

    A key names the workspace: nothing else keeps tenants apart here.
    """

    def __init__(self, most: int = 10_000) -> None:
        self._held: dict[Hashable, tuple[float, T]] = {}
        self._most = most

    def get(self, key: Hashable, seconds: float, read: Callable[[], T]) -> T:
        """Give what was read less than so many seconds ago, or read it."""
        held = self._held.get(key)
        now = time.monotonic()
        if held is not None and now < held[0]:
            return held[1]
        found = read()
        if len(self._held) >= self._most:
            self._forget(now)
        self._held[key] = (time.monotonic() + seconds, found)
        return found

    def forget(self) -> None:
        """Drop everything that is held."""
        self._held.clear()

    def _forget(self, now: float) -> None:
        for key in [key for key, (until, _) in self._held.copy().items() if until <= now]:
            self._held.pop(key, None)
        if len(self._held) >= self._most:
            self._held.clear()


class Unchanged(Generic[T]):
    """Answers of a process by key, each true while what it rests on is named the same.

    A key names the workspace: nothing else keeps tenants apart here.
    """

    def __init__(self, most: int) -> None:
        self._held: dict[Hashable, tuple[object, T]] = {}
        self._most = most

    def get(self, key: Hashable, state: object) -> T | None:
        """Give what was kept of the same state."""
        held = self._held.get(key)
        return held[1] if held is not None and held[0] == state else None

    def keep(self, key: Hashable, state: object, answer: T) -> None:
        """Keep an answer in place of the one before."""
        if len(self._held) >= self._most:
            self._held.clear()
        self._held[key] = state, answer
