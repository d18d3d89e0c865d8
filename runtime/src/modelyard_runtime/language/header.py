"""The names in a GGUF file's header. A file that is damaged has those that can be read."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
_STRING, _ARRAY = 8, 9
_LONGEST_NAME = 65_535  # bytes, as the format says
_MOST_NAMES = 65_536


def names(path: Path) -> Iterator[str]:
    """Give every name, in the file's order."""
    with path.open("rb") as file:
        try:
            magic, _, _, count = struct.unpack("<4sIQQ", file.read(24))
            for _ in range(min(count, _MOST_NAMES) if magic == b"GGUF" else 0):
                (length,) = struct.unpack("<Q", file.read(8))
                if length > _LONGEST_NAME:
                    return
                yield file.read(length).decode(errors="replace")
                _skip(file, *struct.unpack("<I", file.read(4)))
        except (struct.error, KeyError, OSError, OverflowError):
            return


def _skip(file: BinaryIO, kind: int) -> None:
    if kind == _STRING:
        _forward(file, *struct.unpack("<Q", file.read(8)))
    elif kind == _ARRAY:
        inner, count = struct.unpack("<IQ", file.read(12))
        if inner != _STRING:
            _forward(file, _SIZES[inner] * count)
            return
        for _ in range(count):  # ends where the file does
            _forward(file, *struct.unpack("<Q", file.read(8)))
    else:
        _forward(file, _SIZES[kind])


def _forward(file: BinaryIO, count: int) -> None:
    file.seek(count, os.SEEK_CUR)
