"""Gives each model version an environment that satisfies its requirements exactly."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from modelyard_server.kernel.clock import utcnow

from . import bytecode, requirements, uv
from .errors import RequirementsUnresolvable
from .locking import exclusive
from .requirements import Wanted

REUSED = "Reused the platform's environment: it satisfies the lock exactly."
Outlook = Literal["platform", "cached", "new"]
_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


@dataclass(frozen=True, slots=True)
class PreparedEnvironment:
    """Where to run a model's code."""

    python: Path
    environment_dir: Path
    lock_hash: str
    reused_platform: bool
    cached: bool
    note: str
    seconds: float


class Environments:
    """The environments below one data folder; safe to use from many threads and processes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()
        self._cache = self._folder / "cache"

    def get(
        self, wanted: Wanted, *, on_line: Callable[[str], None], is_isolated: bool = False
    ) -> PreparedEnvironment:
        """Give the environment for these requirements, built when there is none yet.

        An isolated one is a folder of its own even where the platform's would do. It is copied to
        where it runs, so all of it has bytecode; the others get that of what models import.

        Raises:
            RequirementsUnresolvable: there can be none; nothing is left behind.
        """
        started = time.monotonic()
        exact = requirements.satisfied_exactly(wanted)
        if exact is True and not is_isolated:
            on_line("Every requirement is pinned to what the platform has installed.")
            return _platform("\n".join(requirements.requirement_names(wanted)), started)
        lock, was_known = self._lock(wanted, on_line)
        if exact is None and not is_isolated and requirements.lock_satisfied(lock):
            return _platform(lock, started)
        name = lock_hash(lock)
        target = self._folder / name
        built = self._build(target, lock, on_line)
        if is_isolated:
            self._compile(target, on_line)
        seconds = time.monotonic() - started
        cached = was_known and not built
        how = "from the cache" if not built else f"built in {seconds:.1f} s"
        return PreparedEnvironment(
            python=target / "venv" / "bin" / "python",
            environment_dir=target,
            lock_hash=name,
            reused_platform=False,
            cached=cached,
            note=f"Isolated environment {name[:8]}, {how}.",
            seconds=seconds,
        )

    def outlook(self, wanted: Wanted) -> Outlook:
        """Tell what `get` would find; "new" when it would have to resolve or build."""
        exact = requirements.satisfied_exactly(wanted)
        if exact is True:
            return "platform"
        known = self._lock_file(wanted)
        if not known.is_file():
            return "new"
        lock = known.read_text()
        if exact is None and requirements.lock_satisfied(lock):
            return "platform"
        built = (self._folder / lock_hash(lock) / "meta.json").is_file()
        return "cached" if built else "new"

    def known_lock(self, wanted: Wanted) -> str | None:
        """Give the lock these requirements were resolved to here, if they were."""
        if requirements.satisfied_exactly(wanted) is True:
            return "\n".join(requirements.requirement_names(wanted)) + "\n"
        known = self._lock_file(wanted)
        return known.read_text() if known.is_file() else None

    def _lock_file(self, wanted: Wanted) -> Path:
        return self._folder / "locks" / f"{wanted.key(_PYTHON)}.txt"

    def _lock(self, wanted: Wanted, on_line: Callable[[str], None]) -> tuple[str, bool]:
        """Resolve once per set of requirements: a version keeps the lock it was checked with."""
        known = self._lock_file(wanted)
        with exclusive(known.with_suffix(".lock")):
            if known.is_file():
                return known.read_text(), True
            on_line(f"Resolving {len(wanted.lines)} requirements.")
            part = self._folder / f"resolve.part-{uuid.uuid4().hex}"
            part.mkdir(parents=True)
            try:
                lock = uv.compile_lock(
                    wanted.lines,
                    wanted.constraint_lines,
                    folder=part,
                    cache=self._cache,
                    on_line=on_line,
                )
                (part / "lock.txt").replace(known)
            finally:
                shutil.rmtree(part, ignore_errors=True)
            return lock, False

    def _build(self, target: Path, lock: str, on_line: Callable[[str], None]) -> bool:
        """Build beside the target and rename: a crash leaves no half environment."""
        with exclusive(target.with_suffix(".lock")):
            if (target / "meta.json").is_file():
                return False
            for left_over in self._folder.glob(f"{target.name}.part-*"):
                shutil.rmtree(left_over, ignore_errors=True)
            part = self._folder / f"{target.name}.part-{uuid.uuid4().hex}"
            part.mkdir(parents=True)
            started = time.monotonic()
            try:
                (part / "lock.txt").write_text(lock)
                on_line(f"Building environment {target.name[:8]}.")
                uv.build(part, cache=self._cache, on_line=on_line)
                meta = {
                    "lock_hash": target.name,
                    "python": _PYTHON,
                    "packages": len(requirements.pins_of_lock(lock)),
                    "created_at": utcnow().isoformat(),
                    "seconds": round(time.monotonic() - started, 2),
                }
                (part / "meta.json").write_text(json.dumps(meta, indent=2))
                shutil.rmtree(target, ignore_errors=True)  # without meta.json: half removed
                part.rename(target)
            finally:
                shutil.rmtree(part, ignore_errors=True)
            return True

    def _compile(self, target: Path, on_line: Callable[[str], None]) -> None:
        """Write all bytecode of an environment, once."""
        done = target / "bytecode.done"
        with exclusive(target.with_suffix(".lock")):
            if not done.exists():
                on_line(f"Writing the bytecode of environment {target.name[:8]}.")
                bytecode.write_all(target / "venv" / "lib")
                done.touch()


def lock_hash(lock: str) -> str:
    """Name an environment by what is in it, for this Python and machine."""
    whole = "\n".join([_PYTHON, sys.platform, *sorted(lock.splitlines())])
    return hashlib.sha256(whole.encode()).hexdigest()


def require_python(asked: str | None) -> None:
    """Refuse a model that was logged with another Python than the platform runs.

    Raises:
        RequirementsUnresolvable: pickles and wheels of another minor version do not load here.
    """
    if not requirements.same_python(asked, sys.version_info[:2]):
        raise RequirementsUnresolvable(
            f"The model was logged with Python {asked}; this platform runs Python {_PYTHON}. "
            f"Log the model again with Python {_PYTHON}."
        )


def _platform(lock: str, started: float) -> PreparedEnvironment:
    return PreparedEnvironment(
        python=Path(sys.executable),
        environment_dir=Path(sys.prefix),
        lock_hash=lock_hash(lock),
        reused_platform=True,
        cached=True,
        note=REUSED,
        seconds=time.monotonic() - started,
    )
