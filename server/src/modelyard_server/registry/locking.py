"""A lock on a name that also holds against other processes of this machine."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold `path` (made when missing) until the block ends; a crash releases it too.

    The file is gone afterwards. Whoever waited for it meanwhile holds a file without a name, sees
    that, and takes the lock on the name again.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    while True:
        with path.open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if not _is_named(file, path):
                continue
            try:
                yield
            finally:
                path.unlink(missing_ok=True)
            return


def _is_named(file: IO[str], path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
