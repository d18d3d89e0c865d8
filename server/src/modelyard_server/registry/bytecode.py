"""Bytecode of the modules that a model imports, and of no others.

An environment has some ten thousand modules of which a model imports a tenth. A check tells, while
it runs behind the walls, which sources it had to compile; they are compiled once more beside it,
here: what a model could write itself, other models of the same environment would run.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

_LOOK_SECONDS = 0.1
_MOST_BYTES = 16 * 1024 * 1024  # of names; a model may write there what it likes
_LEFT_SECONDS = 300.0
THREAD = "bytecode"
_WRITER = """
import importlib.util, os, py_compile, sys
for line in sys.stdin:
    path = line.rstrip(chr(10))
    try:
        if not os.path.exists(importlib.util.cache_from_source(path)):
            py_compile.compile(path, quiet=2)
    except (OSError, ValueError):
        pass
"""


@contextmanager
def followed(environment_dir: Path) -> Iterator[Path]:
    """Give a file; modules that are named in it, a line each, are compiled as they are written.

    Nobody waits for the last of them when the block ends. What has bytecode keeps it: the sources
    of an environment never change, and somebody may be copying it elsewhere.
    """
    folder = tempfile.TemporaryDirectory(prefix="modelyard-bytecode-", ignore_cleanup_errors=True)
    names, over = Path(folder.name) / "names", threading.Event()

    def work() -> None:
        with folder:
            _write(environment_dir.resolve(), names, over)

    threading.Thread(target=work, name=THREAD, daemon=True).start()
    try:
        yield names
    finally:
        over.set()


def write_all(folder: Path) -> None:
    """Compile every module below a folder, with all processors; what is no Python is left."""
    line = [sys.executable, "-I", "-m", "compileall", "-q", "-q", "-j", "0", str(folder)]
    subprocess.run(line, stdin=subprocess.DEVNULL, capture_output=True, check=False)


def _write(folder: Path, names: Path, over: threading.Event) -> None:
    line = [sys.executable, "-I", "-S", "-c", _WRITER]
    with subprocess.Popen(line, stdin=subprocess.PIPE, text=True, errors="replace") as writer:
        assert writer.stdin is not None  # noqa: S101 - asked for above
        _follow(folder, names, writer.stdin, over)
        with suppress(OSError):
            writer.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            writer.wait(_LEFT_SECONDS)
        writer.kill()


def _follow(folder: Path, names: Path, writer: IO[str], over: threading.Event) -> None:
    seen: set[str] = set()
    part, size = b"", 0
    is_last = False
    while not is_last and size < _MOST_BYTES:
        is_last = over.wait(_LOOK_SECONDS)
        with suppress(FileNotFoundError), names.open("rb") as file:
            file.seek(size)
            block = file.read(_MOST_BYTES)
            size += len(block)
            *whole, part = (part + block).split(b"\n")
            told = {line.decode(errors="replace") for line in whole} - seen
            seen |= told
            with suppress(OSError):
                writer.writelines(f"{path}\n" for path in told if _is_source(folder, path))
                writer.flush()


def _is_source(folder: Path, name: str) -> bool:
    """Tell whether it is a module of the environment, and no way out of it."""
    path = Path(name)
    try:
        return path.suffix == ".py" and path.resolve().is_relative_to(folder) and path.is_file()
    except (OSError, ValueError):
        return False
