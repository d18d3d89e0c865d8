"""Starts uv: resolves requirements into a lock with hashes, builds environments from it.

Wheels only. A source distribution would run its author's code here, outside the sandbox.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from uv import find_uv_bin

from .errors import PackagesUnreachable, RequirementsUnresolvable

RESOLVE_SECONDS = 120
INSTALL_SECONDS = 1200  # a GPU build of a deep-learning framework is gigabytes
_KEPT = ("PATH", "HOME", "TMPDIR", "LANG", "SSL_CERT_FILE", "SSL_CERT_DIR", "NETRC")
_NETWORK = re.compile(
    r"error sending request|Failed to fetch|dns error|Could not connect|timed out|"
    r"network connectivity is disabled",
    re.IGNORECASE,
)
OnLine = Callable[[str], None]


def compile_lock(
    lines: Sequence[str],
    constraints: Sequence[str],
    *,
    folder: Path,
    cache: Path,
    on_line: OnLine,
) -> str:
    """Resolve requirements for this platform's Python.

    Raises:
        RequirementsUnresolvable: with uv's reason.
    """
    (folder / "requirements.in").write_text("\n".join([*lines, ""]))
    argv = ["pip", "compile", "--generate-hashes", "--no-header", "--no-annotate"]
    argv += ["--only-binary", ":all:", "--python", sys.executable]
    argv += ["--output-file", "lock.txt", "--quiet", "requirements.in"]
    if constraints:
        (folder / "constraints.in").write_text("\n".join([*constraints, ""]))
        argv += ["--constraint", "constraints.in"]
    _run(argv, folder=folder, cache=cache, seconds=RESOLVE_SECONDS, on_line=on_line)
    return (folder / "lock.txt").read_text()


def build(folder: Path, *, cache: Path, on_line: OnLine) -> None:
    """Make `folder/venv` from `folder/lock.txt`, without bytecode.

    Raises:
        RequirementsUnresolvable: with uv's reason.
    """
    venv = ["venv", "--relocatable", "--no-project", "--quiet", "--python", sys.executable, "venv"]
    _run(venv, folder=folder, cache=cache, seconds=60, on_line=on_line)
    argv = ["pip", "sync", "--require-hashes", "--only-binary", ":all:"]
    argv += ["--python", str(folder / "venv" / "bin" / "python"), "lock.txt"]
    _run(argv, folder=folder, cache=cache, seconds=INSTALL_SECONDS, on_line=on_line)


def _run(
    argv: Sequence[str], *, folder: Path, cache: Path, seconds: float, on_line: OnLine
) -> None:
    said: list[str] = []
    process = subprocess.Popen(
        [find_uv_bin(), "--color", "never", "--no-progress", *argv],
        cwd=folder,  # no project of ours is around it
        env=_environment(cache),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    over = threading.Event()

    def stop() -> None:
        over.set()
        process.kill()

    timer = threading.Timer(seconds, stop)
    timer.start()
    try:
        assert process.stdout is not None  # noqa: S101 - asked for above
        for line in process.stdout:
            said.append(line.rstrip())
            on_line(line.rstrip())
        code = process.wait()
    finally:
        timer.cancel()
        if process.poll() is None:
            process.kill()
            process.wait()
    if over.is_set():
        raise PackagesUnreachable(
            f"Installing the model's requirements took longer than {seconds:.0f} s."
        )
    if code != 0:
        raise _refusal("\n".join(said))


def _environment(cache: Path) -> dict[str, str]:
    """Keep what reaches the package registry and nothing of ours."""
    kept = {
        key: value
        for key, value in os.environ.items()
        if key in _KEPT or key.startswith("UV_") or key.lower().endswith("_proxy")
    }
    kept["UV_NO_PROGRESS"] = "1"
    kept.setdefault("UV_LINK_MODE", "hardlink")
    users = Path(kept.get("HOME") or "/nonexistent") / ".cache" / "uv"
    if "UV_CACHE_DIR" not in kept and not (users.is_dir() and os.access(users, os.W_OK)):
        kept["UV_CACHE_DIR"] = str(cache)
    return kept


def _refusal(said: str) -> RequirementsUnresolvable:
    reason = readable(said)
    if _NETWORK.search(said):
        return PackagesUnreachable(f"The package registry could not be reached: {reason}")
    return RequirementsUnresolvable(f"The model's requirements cannot be installed: {reason}")


def readable(said: str) -> str:
    """Turn uv's report into sentences: without frames, colours and repeated words."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", said)
    parts: list[str] = []
    for line in text.splitlines():
        bare = re.sub(r"^[\s\u00d7\u2500-\u257f\u25b6]+", "", line).strip()
        bare = re.sub(r"^(error|cause|warning|hint):\s*", "", bare)
        if bare and not bare.startswith(("Using ", "Resolved ", "Downloading ", "Prepared ")):
            parts.append(bare)
    kept = [part for part in parts if not part.startswith("No solution found when resolving")]
    return " ".join(kept or parts)[:2000] or "uv gave no reason."
