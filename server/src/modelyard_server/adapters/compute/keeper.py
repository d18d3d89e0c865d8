"""Keeps the node process of this machine alive."""

from __future__ import annotations

import fcntl
import importlib.util
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import structlog

log = structlog.get_logger("modelyard.node")
CHECK_SECONDS = 0.25
STOP_SECONDS = 10.0
_BACK_OFF = (0.0, 0.5, 1.0, 2.0, 5.0)
_STABLE_SECONDS = 20.0


def import_path() -> str:
    """Give the path under which a child finds protocol and runtime, without importing them."""
    folders = []
    for name in ("modelyard_protocol", "modelyard_runtime"):
        spec = importlib.util.find_spec(name)
        if spec is None or not spec.submodule_search_locations:
            raise RuntimeError(f"{name} is not installed beside the control plane.")
        folders.append(str(Path(next(iter(spec.submodule_search_locations))).absolute().parent))
    return os.pathsep.join(dict.fromkeys(folders))


def holder(lock_file: Path) -> int | None:
    """Give the process that holds the node's lock, or `None` when nobody does.

    A holder that has not written its number yet is given as 0.
    """
    try:
        descriptor = os.open(lock_file, os.O_RDWR)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        found = re.search(rb"\d+", os.pread(descriptor, 4096, 0))
        return int(found.group()) if found else 0
    else:
        return None
    finally:
        os.close(descriptor)


class NodeKeeper:
    """Starts the node when nobody holds its lock; a running one is adopted."""

    def __init__(self, folder: Path, arguments: Sequence[str], version: str) -> None:
        self._folder = folder
        self._arguments = list(arguments)
        self._version = version
        self._lock_file = folder / "node.lock"
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="node-keeper", daemon=True)
        self._child: subprocess.Popen[bytes] | None = None
        self._failures = 0
        self._started_at = 0.0

    def start(self) -> None:
        """Start or adopt the node and keep it running."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._replace_other_version()
        self._look()
        self._thread.start()

    def stop(self) -> None:
        """Stop keeping and ask the node to end; it gives calls in flight time to finish."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5)
        self._end_node()

    def pid(self) -> int | None:
        """Give the node's process id while one runs."""
        return holder(self._lock_file) or None

    def _loop(self) -> None:
        while not self._stop.wait(CHECK_SECONDS):
            try:
                self._look()
            except Exception:
                log.exception("node_keeper_failed")

    def _look(self) -> None:
        if self._child is not None and self._child.poll() is not None:
            lived = time.monotonic() - self._started_at
            self._failures = 0 if lived > _STABLE_SECONDS else self._failures + 1
            log.warning("node_ended", code=self._child.returncode, lived_seconds=round(lived, 1))
            self._child = None
        if self._child is not None or holder(self._lock_file) is not None:
            return
        pause = _BACK_OFF[min(self._failures, len(_BACK_OFF) - 1)]
        if time.monotonic() - self._started_at >= pause:
            self._spawn()

    def _spawn(self) -> None:
        environment = {
            key: value
            for key, value in os.environ.items()
            if key in {"PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR"}
        }
        environment["PYTHONPATH"] = import_path()
        environment["PYTHONUNBUFFERED"] = "1"
        argv = [sys.executable, "-m", "modelyard_runtime.node", "--state-dir", str(self._folder)]
        self._started_at = time.monotonic()
        with (self._folder / "node.log").open("ab") as output:
            self._child = subprocess.Popen(
                [*argv, *self._arguments],
                cwd=self._folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # a Ctrl-C for the control plane is not one for the node
            )
        log.info("node_started", pid=self._child.pid)

    def _replace_other_version(self) -> None:
        """End a node left by other code; one of this version is adopted."""
        pid = holder(self._lock_file)
        if pid is None:
            return
        with suppress(OSError):
            if self._version in self._lock_file.read_text():
                log.info("node_adopted", pid=pid)
                return
        log.info("node_replaced", pid=pid)
        self._end_node()

    def _end_node(self) -> None:
        pid = holder(self._lock_file)
        if not pid:
            self._reap()
            return
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while time.monotonic() < deadline:
            self._reap()
            if holder(self._lock_file) is None:
                return
            time.sleep(0.05)
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        self._reap()

    def _reap(self) -> None:
        if self._child is not None:
            self._child.poll()
