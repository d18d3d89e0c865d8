"""What makes a start quick: most of it is importing and building what then stays for good."""

from __future__ import annotations

import contextlib
import functools
import gc
import importlib
import sys
from collections.abc import Iterator

from fastapi.dependencies import utils


def hurry() -> None:
    """Do not look for garbage while everything is being built, and read each signature once.

    FastAPI reads the signature of a dependency anew for every route that uses it: some ten
    thousand times, of one thousand functions.
    """
    gc.disable()
    with _without("rich"):  # a hundred modules for tracebacks in colour, which we do not print
        importlib.import_module("structlog")
    if not hasattr(utils.get_typed_signature, "cache_info"):
        utils.get_typed_signature = functools.cache(utils.get_typed_signature)


@contextlib.contextmanager
def _without(name: str) -> Iterator[None]:
    """Let an optional module be missing, unless it is there already."""
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[name]


def done() -> None:
    """Leave what was built out of all later looks for garbage, which go on from here."""
    gc.collect()
    gc.freeze()
    gc.enable()
    forget = getattr(utils.get_typed_signature, "cache_clear", None)
    if forget is not None:
        forget()
