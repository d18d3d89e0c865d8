"""Memory that a process has freed and still holds: given back now and then.

Bodies of a thousand rows and their records are allocated between small things that stay, and leave
holes in the heap when they go. The C library gives back the heap's end by itself, not its holes.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

HELD_MB = 12.0  # free and not given back: too much while calls come
HELD_IDLE_MB = 4.0  # too much while none come
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class Allocator(Protocol):
    """The C library's memory."""

    def used_mb(self) -> float:
        """Give what is allocated."""
        ...

    def trim(self) -> None:
        """Give free pages back, those between used ones as well."""
        ...


def resident_mb() -> float:
    """Give what the process has in memory; 0 where the system does not tell."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return round(pages * _PAGE_BYTES / 2**20, 1)
    return 0.0


class Heap:
    """Looks at the memory of its process; `sweep` is to be called every now and then."""

    def __init__(
        self,
        allocator: Allocator | None = None,
        resident: Callable[[], float] = resident_mb,
    ) -> None:
        self._allocator, self._resident = allocator or _glibc(), resident
        self._calls = 0
        self._beside = float("inf")
        """What was in memory beside what was allocated, after pages were given back."""

    def sweep(self, calls: int) -> float:
        """Give back what is held for nothing; `calls`: answered so far. Gives MB in memory."""
        is_idle, self._calls = calls == self._calls, calls
        held = self._resident()
        if self._allocator is None:
            return held
        beside = held - self._allocator.used_mb()
        if beside - self._beside > (HELD_IDLE_MB if is_idle else HELD_MB):
            self._allocator.trim()
            held = self._resident()
            self._beside = held - self._allocator.used_mb()
        self._beside = min(self._beside, beside)
        return held


class _Counts(ctypes.Structure):
    """`struct mallinfo2`."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in (
            "arena", "ordblks", "smblks", "hblks", "hblkhd",
            "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost",
        )
    ]  # fmt: skip


class _Glibc:
    def __init__(self, library: ctypes.CDLL) -> None:
        self._trim, self._counts = library.malloc_trim, library.mallinfo2
        self._counts.restype = _Counts

    def used_mb(self) -> float:
        found = self._counts()
        return float(found.uordblks + found.hblkhd) / 2**20

    def trim(self) -> None:
        self._trim(0)


def _glibc() -> Allocator | None:
    with contextlib.suppress(AttributeError):  # another C library, or one before 2.33
        return _Glibc(ctypes.CDLL(None))
    return None
