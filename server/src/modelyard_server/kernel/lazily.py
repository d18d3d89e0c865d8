"""Modules that load when they are first used: what a start must not wait for.

A module of ours that needs a heavy library says so twice, for the type checker and for the run:

    if TYPE_CHECKING:
        import numpy as np
    else:
        np = lazily("numpy")
"""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any


class _Later(ModuleType):
    """Stands for a module until something of it is asked for."""

    def __getattr__(self, name: str) -> Any:
        value = getattr(importlib.import_module(self.__name__), name)
        setattr(self, name, value)  # the next look finds it without this call
        return value


def lazily(name: str) -> ModuleType:
    """Give a stand-in for the module of this name."""
    return _Later(name)
