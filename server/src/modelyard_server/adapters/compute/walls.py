"""Which walls stand around model code on this machine, as the runtime finds by trying."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from dataclasses import dataclass, field

from .keeper import import_path

LOOK_SECONDS = 120.0
_PROBE = (sys.executable, "-m", "modelyard_runtime.sandbox", "probe")
NONE = "none"


@dataclass(frozen=True, slots=True)
class Walls:
    """The strongest walls that work here."""

    name: str
    why: str
    missing: dict[str, str] = field(default_factory=dict)
    """Walls that do not stand, each with what a model could then do."""


class Host:
    """Tries the walls of this machine once: they change with its kernel and its packages."""

    def __init__(self) -> None:
        self._known: Walls | None = None
        self._lock = threading.Lock()

    def walls(self) -> Walls:
        """Tell which there are. A second, the first time."""
        with self._lock:
            if self._known is None or self._known.name == NONE:  # something may be installed yet
                self._known = _look()
            return self._known


def _look() -> Walls:
    environment = {**os.environ, "PYTHONPATH": import_path()}
    try:
        done = subprocess.run(
            _PROBE,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=LOOK_SECONDS,
            check=True,
        )
        told = json.loads(done.stdout)
        return Walls(str(told["chosen"]), str(told["why"]), dict(told["missing"]))
    except (OSError, subprocess.SubprocessError, ValueError, KeyError, TypeError) as error:
        return Walls(NONE, f"the walls could not be tried: {error}")
