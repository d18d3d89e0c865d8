"""How long a program is waited for: the time in which it had no processor does not count."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from .processes import children_of

MOST = 3.0  # times its own time, however busy the machine is
_LOOK_SECONDS = 0.5


class TooSlow(Exception):
    """It has not ended in its time."""

    def __init__(self, waited: float) -> None:
        super().__init__(waited)
        self.waited = waited
        """Seconds in which it waited for a processor."""


def output_of(
    child: subprocess.Popen[str], seconds: float, starved: Callable[[int], float] | None = None
) -> str:
    """Give what a program prints; end it when it had its time.

    Raises:
        TooSlow: it had, and has been ended.
    """
    look = starved or without_processor
    started, waited = time.monotonic(), 0.0
    while True:
        try:
            return child.communicate(timeout=min(_LOOK_SECONDS, seconds))[0]
        except subprocess.TimeoutExpired:
            waited = min(max(waited, look(child.pid)), MOST * seconds)
            if time.monotonic() - started > seconds + waited:
                child.kill()
                child.wait()
                raise TooSlow(waited) from None


def without_processor(pid: int) -> float:
    """Give the seconds in which a process, or the one innermost below it, was ready and waited."""
    try:
        below = children_of(pid)
        waited = int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        return 0.0
    return max([waited, *(without_processor(one) for one in below)])
