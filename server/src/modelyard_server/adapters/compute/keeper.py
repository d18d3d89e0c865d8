"""Keeps the node process of this machine alive."""

from __future__ import annotations

import fcntl
import importlib.util
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import structlog

log = structlog.get_logger("modelyard.node")
CHECK_SECONDS = 0.25
STOP_SECONDS = 27.0  # the node gives calls in flight up to 25
_NODE = (sys.executable, "-m", "modelyard_runtime.node")
_BACK_OFF = (0.0, 0.5, 1.0, 2.0, 5.0)
_STABLE_SECONDS = 20.0
_ENDS = {
    75: "another node runs on the same data folder",
    78: "this host has no walls to put model code behind",
    98: "the gateway's port is taken by another program",
}


def import_path() -> str:
    """Give the path under which a child finds protocol and runtime, without importing them."""
    folders = []
    for name in ("modelyard_protocol", "modelyard_runtime"):
        spec = importlib.util.find_spec(name)
        if spec is None or not spec.submodule_search_locations:
            raise RuntimeError(f"{name} is not installed beside the control plane.")
        folders.append(str(Path(next(iter(spec.submodule_search_locations))).absolute().parent))
    return os.pathsep.join(dict.fromkeys(folders))


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds the node's lock; `pid` is 0 while it has not written its facts yet."""

    pid: int
    code_version: str
    port: int


def holder(lock_file: Path) -> Holder | None:
    """Give who holds the node's lock, or `None` when nobody does."""
    try:
        descriptor = os.open(lock_file, os.O_RDWR)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        try:
            facts = json.loads(os.pread(descriptor, 4096, 0))
            return Holder(int(facts["pid"]), str(facts["code_version"]), int(facts["port"]))
        except (ValueError, KeyError, TypeError):
            return Holder(0, "", 0)
    else:
        return None
    finally:
        os.close(descriptor)


def _environment() -> dict[str, str]:
    kept = {"PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR"}
    kept |= {"KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"}
    passed = {key: value for key, value in os.environ.items() if key in kept}
    return {**passed, "PYTHONPATH": import_path(), "PYTHONUNBUFFERED": "1"}


class NodeKeeper:
    """Starts the node when nobody holds its lock; a running one is adopted."""

    def __init__(self, folder: Path, *, host: str, port: int, options: Sequence[str] = ()) -> None:
        self._folder = folder
        self._port = port
        self._options = list(options)
        self._arguments = ["--port", str(port), "--host", host, *options]
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
        found = holder(self._lock_file)
        return found.pid or None if found else None

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
            code = self._child.returncode
            log.warning("node_ended", code=code, why=_ENDS.get(code), lived_seconds=round(lived, 1))
            self._child = None
        if self._child is not None or holder(self._lock_file) is not None:
            return
        pause = _BACK_OFF[min(self._failures, len(_BACK_OFF) - 1)]
        if time.monotonic() - self._started_at >= pause:
            self._spawn()

    def _spawn(self) -> None:
        self._started_at = time.monotonic()
        with (self._folder / "node.log").open("ab") as output:
            self._child = subprocess.Popen(
                [*_NODE, "--state-dir", str(self._folder), *self._arguments],
                cwd=self._folder,
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # a Ctrl-C for the control plane is not one for the node
            )
        log.info("node_started", pid=self._child.pid)

    def _replace_other_version(self) -> None:
        """End a node that runs other code or listens elsewhere; one like ours is adopted."""
        found = holder(self._lock_file)
        if found is None:
            return
        asked = subprocess.run(
            [*_NODE, "--version", *self._options],
            env=_environment(),
            capture_output=True,
            text=True,
            check=True,
        )
        if (found.code_version, found.port) == (asked.stdout.strip(), self._port):
            log.info("node_adopted", pid=found.pid)
            return
        log.info("node_replaced", pid=found.pid)
        self._end_node()

    def _end_node(self) -> None:
        found = holder(self._lock_file)
        pid = found.pid if found else 0
        if not pid and self._child is not None and self._child.poll() is None:
            pid = self._child.pid  # it has only just been started and holds no lock yet
        if not pid:
            return
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while time.monotonic() < deadline:
            is_ours = self._child is not None and self._child.poll() is None
            if not is_ours and holder(self._lock_file) is None:
                return
            time.sleep(0.05)
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        self._reap()

    def _reap(self) -> None:
        if self._child is not None:
            self._child.poll()
