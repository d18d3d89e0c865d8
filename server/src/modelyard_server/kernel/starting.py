"""What makes a start quick: most of it is importing and building what then stays for good."""

from __future__ import annotations

import contextlib
import copy
import functools
import gc
import importlib
import sys
from collections.abc import Callable, Iterator
from typing import Any

from fastapi.dependencies import utils
from pydantic import BaseModel

routing: Any = importlib.import_module("fastapi.routing")  # what is changed here it does not export


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
    if not hasattr(routing.create_model_field, "forget"):
        routing.create_model_field = _remembering(routing.create_model_field)


def _remembering(make: Callable[..., Any]) -> Callable[..., Any]:
    """Let answers of the same class share their serializer.

    FastAPI makes one for each answer of each route, a thousand of which are the problem document.
    """
    known: dict[tuple[type, str], Any] = {}

    def field(name: str, type_: Any, *, mode: str = "validation", **more: Any) -> Any:
        if more or type(type_) is not type(BaseModel):
            return make(name, type_, mode=mode, **more)
        made = known.get((type_, mode))
        if made is None:
            made = known[type_, mode] = make(name, type_, mode=mode)
        made = copy.copy(made)
        made.name, made.field_info = name, copy.copy(made.field_info)
        return made

    field.forget = known.clear  # type: ignore[attr-defined]
    return field


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
    """Leave what was built out of all later looks for garbage, which go on from here.

    A batch of a thousand points makes thousands of objects that reference counts take away: looking
    after every 700 took a tenth of the processor time, and looks at everything up to 0.2 s.
    """
    gc.freeze()  # a look before it takes 0.3 s and finds nothing worth it
    gc.set_threshold(50_000, 20, 50)
    gc.enable()
    for holder in (utils.get_typed_signature, routing.create_model_field):
        forget = getattr(holder, "cache_clear", None) or getattr(holder, "forget", None)
        if forget is not None:
            forget()
