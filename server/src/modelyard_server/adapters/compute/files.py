"""The files through which control plane and node meet."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import BaseModel, ValidationError

T = TypeVar("T", bound=BaseModel)


def write_atomically(path: Path, content: bytes) -> None:
    """Replace a file: readers see the old or the new content, also after a power cut."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def last_lines(path: Path, count: int, *, limit: int = 1024 * 1024) -> list[str]:
    """Give the last lines of a text file, reading at most `limit` bytes of it."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - limit))
            block = file.read(limit)
    except OSError:
        return []
    lines = block.decode(errors="replace").splitlines()
    if size > limit:
        lines = lines[1:]  # cut in the middle
    return lines[-count:]


class Followed(Generic[T]):
    """A JSON file that another process replaces; parsed again only when it changed."""

    def __init__(self, path: Path, kind: type[T]) -> None:
        self._path = path
        self._kind = kind
        self._stamp: tuple[int, int, int] | None = None
        self._value: T | None = None
        self._lock = threading.Lock()

    def read(self) -> T | None:
        """Give the newest whole content; `None` when there is none."""
        with self._lock:
            try:
                found = self._path.stat()
            except FileNotFoundError:
                self._stamp, self._value = None, None
                return None
            stamp = (found.st_ino, found.st_mtime_ns, found.st_size)
            if stamp != self._stamp:
                try:
                    self._value = self._kind.model_validate_json(self._path.read_bytes())
                    self._stamp = stamp
                except (OSError, ValidationError):
                    return self._value
            return self._value
