"""The directory of a zip file, read once for each file that is looked at.

A directory of 50,000 entries takes `zipfile` a third of a second, and several questions are asked
of each file. One of more entries is refused when its headers are counted, before it is taken apart.
"""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import IO

MAX_ENTRIES = 50_000
_HEADER = b"PK\x01\x02"
_HEADER_BYTES = 46
_LENGTHS = struct.Struct("<HHH")  # of name, extra field and comment, 28 bytes into a header

_known: ContextVar[dict[Path, list[zipfile.ZipInfo]] | None] = ContextVar("known", default=None)


class TooManyEntries(ValueError):
    """A directory has more entries than are looked at."""

    def __init__(self) -> None:
        super().__init__(f"It has more than {MAX_ENTRIES:,} entries.")


@contextmanager
def read_once() -> Iterator[None]:
    """Keep directories that are read within; files must not change meanwhile."""
    token = _known.set({})
    try:
        yield
    finally:
        _known.reset(token)


def entries(path: Path) -> list[zipfile.ZipInfo]:
    """Give the entries of a zip file.

    Raises:
        TooManyEntries: there are more than are looked at.
        zipfile.BadZipFile, ValueError, OSError, NotImplementedError: nobody can read it.
    """
    known = _known.get()
    if known is not None and path in known:
        return known[path]
    with path.open("rb") as file, opened(file) as archive:
        found = archive.infolist()
    if known is not None:
        known.clear()  # one file is looked at after the other
        known[path] = found
    return found


def opened(file: IO[bytes]) -> zipfile.ZipFile:
    """Open a zip file.

    Raises:
        TooManyEntries: there are more than are looked at.
        zipfile.BadZipFile, ValueError, OSError, NotImplementedError: nobody can read it.
    """
    counted = _Counted(file)
    archive = zipfile.ZipFile(counted)
    counted.is_directory = False
    return archive


class _Counted:
    """A file that lets `zipfile` read a directory only if it is not too long."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable
        self.close = file.close
        self.is_directory = True
        """The directory is still to be read; afterwards come the contents of entries."""

    def read(self, size: int = -1) -> bytes:
        content = self._file.read(size)
        if self.is_directory and has_too_many(content):
            raise TooManyEntries
        return content


def has_too_many(directory: bytes) -> bool:
    """Count headers by stepping from one to the next, no further than it matters."""
    if len(directory) <= MAX_ENTRIES * _HEADER_BYTES:
        return False
    at = count = 0
    while directory.startswith(_HEADER, at) and at + _HEADER_BYTES <= len(directory):
        count += 1
        if count > MAX_ENTRIES:
            return True
        at += _HEADER_BYTES + sum(_LENGTHS.unpack_from(directory, at + 28))
    return False
