"""The node's files: desired state in, observed state out, and the lock."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import time
from pathlib import Path

from modelyard_protocol.routing import DESIRED_FILE, OBSERVED_FILE, DesiredState, ObservedState

from .gateway.allowance import Spent, month_of

LOCK_FILE = "node.lock"


class NodeAlreadyRuns(RuntimeError):
    """Another node holds the lock of this state folder."""


def code_version() -> str:
    """Give a digest of the code a node runs; a node with another one is to be restarted."""
    import modelyard_protocol

    digest = hashlib.sha256()
    for package in (Path(__file__).parent, Path(modelyard_protocol.__file__).parent):
        for path in sorted(package.rglob("*.py")):
            digest.update(path.relative_to(package).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def take_lock(folder: Path, port: int, version: str) -> int:
    """Lock the state folder for this process; the lock ends with the process.

    Raises:
        NodeAlreadyRuns: another node holds it.
    """
    handle = os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    if not _locked(handle):
        holder = os.read(handle, 4096).decode(errors="replace")
        os.close(handle)
        raise NodeAlreadyRuns(f"Another node runs here: {holder}")
    facts = {"pid": os.getpid(), "code_version": version, "port": port}
    os.ftruncate(handle, 0)
    os.pwrite(handle, json.dumps(facts).encode(), 0)
    return handle


def _locked(handle: int) -> bool:
    for _ in range(20):  # someone who only asks whether a node runs holds it for a moment
        with contextlib.suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        time.sleep(0.05)
    return False


class DesiredFile:
    """Follows `desired.json`."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / DESIRED_FILE
        self._seen: tuple[int, int, int] | None = None
        self.error: str | None = None

    def changed(self) -> DesiredState | None:
        """Give the desired state when the file is not the one seen last; None otherwise.

        A file that cannot be read is kept out: `error` says why, the last state stays in force.
        """
        try:
            found = self._path.stat()
            mark = (found.st_mtime_ns, found.st_ino, found.st_size)
            if mark == self._seen:
                return None
            self._seen = mark
            state = DesiredState.model_validate_json(self._path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            self.error = f"desired.json cannot be used: {error}"[:500]
            return None
        self.error = None
        return state


def write_observed(folder: Path, state: ObservedState) -> None:
    """Replace `observed.json` atomically, or in place where there is no room for a second one."""
    beside = folder / f".{OBSERVED_FILE}.{os.getpid()}"
    content = state.model_dump_json().encode()
    try:
        beside.write_bytes(content)
    except OSError:
        beside.unlink(missing_ok=True)
        _overwrite(folder / OBSERVED_FILE, content)
    else:
        beside.replace(folder / OBSERVED_FILE)


def month_spent(folder: Path) -> Spent:
    """Give what keys with limits used this month, as the node before has written it."""
    with contextlib.suppress(OSError, ValueError):
        state = ObservedState.model_validate_json((folder / OBSERVED_FILE).read_bytes())
        if state.month == month_of(time.time()):
            return Spent(state.month_calls, state.month_tokens)
    return Spent({}, {})


def _overwrite(path: Path, content: bytes) -> None:
    """Write over a file in place, on a full disk; JSON may end in blanks."""
    handle = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.pwrite(handle, content.ljust(os.fstat(handle).st_size), 0)
    finally:
        os.close(handle)
