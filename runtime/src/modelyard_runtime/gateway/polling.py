"""Keeps a worker's loop awake for a moment after an answer, when its caller comes back at once.

Between two calls of a lone caller the core goes to sleep. Waking it up, and filling its caches
again, takes longer than the call. So the loop polls while a lone caller comes back within
`SILENCE_NS`, as a kernel does before it halts a core. The first longer silence ends that, and so
does anything else that wants the core.
"""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable

SILENCE_NS = 200_000
LOOKS = 16  # between two questions whether others want the core
CROWDED = 4  # times the core was taken away meanwhile
REST_NS = 100_000_000


def _evictions() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw


class Polling:
    """Decides after every answer whether the loop may sleep."""

    def __init__(
        self,
        soon: Callable[[Callable[[], None]], object],
        now_ns: Callable[[], int] = time.perf_counter_ns,
        evictions: Callable[[], int] = _evictions,
    ) -> None:
        self._soon, self._now_ns, self._evictions = soon, now_ns, evictions
        self._answered_ns = -SILENCE_NS
        self._rests_until_ns = 0
        self._looks = self._evicted = 0
        self._is_eager = self._is_polling = False

    def came(self, calls: int) -> None:
        """So many calls came in together."""
        self._is_eager = calls == 1 and self._now_ns() - self._answered_ns < SILENCE_NS

    def answered(self) -> None:
        """They have their answers."""
        now = self._answered_ns = self._now_ns()
        if self._is_eager and not self._is_polling and now >= self._rests_until_ns:
            self._is_polling = True
            self._looks, self._evicted = 0, self._evictions()
            self._soon(self._look)

    def _look(self) -> None:
        os.sched_yield()
        self._looks += 1
        now = self._now_ns()
        if self._looks % LOOKS == 0 and self._is_crowded():
            self._rests_until_ns = now + REST_NS
        silence = now - self._answered_ns
        if self._is_eager and silence < SILENCE_NS and now >= self._rests_until_ns:
            self._soon(self._look)
        else:
            self._is_polling = False

    def _is_crowded(self) -> bool:
        before, self._evicted = self._evicted, self._evictions()
        return self._evicted - before >= CROWDED
