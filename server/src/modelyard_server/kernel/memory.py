"""Memory that was freed goes back to the system: the C library keeps holes between used pages."""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable


def trim() -> None:
    """Give free pages of the heap back; for after work that needed much."""
    _trim()(0)


@functools.cache
def _trim() -> Callable[[int], object]:
    found = getattr(ctypes.CDLL(None), "malloc_trim", None)
    return (lambda _: None) if found is None else found  # only the GNU C library has it
