"""Lists what a pickle would import and call, without running it.

This informs; it never permits. Loading happens in the sandbox whatever is found here.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from . import allowed, archives
from .allowed import Judgement
from .pickle_machine import Seen, walk

SUFFIXES = (".pkl", ".pickle", ".joblib", ".pt", ".pth", ".bin", ".ckpt")
MAX_PICKLES = 64
MAX_UNPACKED = 4 * 1024**3
_PROTOCOL = b"\x80"
_PROTOCOLS = b"\x02\x03\x04\x05"
_PACKED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")


@dataclass(frozen=True, slots=True)
class Pickle:
    """What one pickle file names."""

    path: str
    opcodes: int
    calls: int
    """How often it calls something while it is loaded (REDUCE, NEWOBJ, INST, OBJ)."""
    imports: list[str]
    dangerous: list[str]
    unknown: list[str]
    reaching: list[str]
    """Words by which code that lies in the pickle itself would reach beyond numbers."""
    carries_code: bool
    unreadable: str | None

    def as_json(self) -> dict[str, object]:
        return {
            "path": self.path,
            "opcodes": self.opcodes,
            "calls": self.calls,
            "imports": self.imports,
            "dangerous": self.dangerous,
            "unknown": self.unknown,
            "reaching": self.reaching,
            "carries_code": self.carries_code,
            "unreadable": self.unreadable,
        }


def inspect_folder(folder: Path) -> list[Pickle]:
    """Look at every pickle below a folder, whatever it is called."""
    return [
        inspect(path, str(path.relative_to(folder)))
        for path in sorted(folder.rglob("*"))
        if path.is_file() and looks_like_pickle(path)
    ]


def looks_like_pickle(path: Path) -> bool:
    """Tell by name or by the first bytes."""
    if path.suffix.lower() in SUFFIXES:
        return True
    try:
        with unpacked(path) as stream:
            start = stream.read(2)
    except (ValueError, OSError, EOFError, zlib.error, lzma.LZMAError):
        start = b""
    if start[:1] == _PROTOCOL and start[1:] and start[1] in _PROTOCOLS:
        return True
    return zipfile.is_zipfile(path) and any(_zipped_pickles(path))


def inspect(path: Path, name: str) -> Pickle:
    """Look at one file; a zip of `torch.save` is looked into, and what joblib packed."""
    seen = Seen()
    unreadable = None
    try:
        for stream in _streams(path):
            with stream:
                _walk_all(stream, seen)
    except (
        ValueError,
        OSError,
        EOFError,
        KeyError,
        IndexError,
        RecursionError,
        NotImplementedError,
        RuntimeError,
        zlib.error,
        lzma.LZMAError,
        zipfile.BadZipFile,
    ) as error:
        unreadable = f"{type(error).__name__}: {error}"[:300]
    imports = sorted(seen.names)
    judged = {name: allowed.judge(name) for name in imports}
    has_code = any(allowed.carries_code(name) for name in imports)
    return Pickle(
        path=name,
        opcodes=seen.opcodes,
        calls=seen.calls,
        imports=imports[:500],
        dangerous=[n for n in imports if judged[n] is Judgement.dangerous][:500],
        unknown=[
            n for n in imports if judged[n] is Judgement.unknown and not allowed.carries_code(n)
        ][:500],
        reaching=sorted(seen.words & allowed.REACHING_WORDS) if has_code else [],
        carries_code=has_code,
        unreadable=unreadable,
    )


def _walk_all(stream: BinaryIO, seen: Seen) -> None:
    """Walk the first pickle and those that follow it; raw data may come after them."""
    walk(stream, seen)
    for _ in range(MAX_PICKLES):
        start = stream.read(2)
        if start[:1] != _PROTOCOL or not start[1:] or start[1] not in _PROTOCOLS:
            return
        try:
            walk(_Joined(start, stream), seen)  # type: ignore[arg-type]
        except (ValueError, IndexError, KeyError):
            return


class _Joined:
    """Two bytes that were read, and the stream they came from."""

    def __init__(self, start: bytes, rest: BinaryIO) -> None:
        self._start, self._rest = start, rest

    def read(self, size: int = -1) -> bytes:
        taken, self._start = self._start[:size], self._start[size:]
        return taken + self._rest.read(size - len(taken))

    def readline(self, size: int = -1) -> bytes:
        taken, self._start = self._start, b""
        return taken + self._rest.readline(size)


def _zipped_pickles(path: Path) -> list[str]:
    try:
        names = [entry.filename for entry in archives.entries(path)]
        return [name for name in names if name.lower().endswith(SUFFIXES)]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return []


def _streams(path: Path) -> Iterator[BinaryIO]:
    if zipfile.is_zipfile(path):
        wanted = _zipped_pickles(path)
        if not wanted:
            return
        with path.open("rb") as file, archives.opened(file) as archive:
            for entry in wanted:
                if "data/" in entry and not entry.endswith(".pkl"):
                    continue  # raw tensors of torch
                yield _buffered(archive.open(entry))
        return
    with unpacked(path) as stream:
        yield stream


@contextmanager
def unpacked(path: Path) -> Iterator[BinaryIO]:
    """Open a file; what is packed as joblib packs is unpacked on the way, within bounds."""
    with path.open("rb") as file:
        start = file.read(8)
        file.seek(0)
        if not start.startswith(_PACKED):
            yield file
        elif start.startswith(b"\x1f\x8b"):
            yield _buffered(gzip.open(file))  # noqa: SIM115
        elif start.startswith(b"BZh"):
            yield _buffered(bz2.BZ2File(file))
        elif start.startswith(b"\xfd7zXZ"):
            yield _buffered(lzma.open(file))  # noqa: SIM115
        else:
            yield _buffered(_Zlib(file))


def _buffered(source: Any) -> BinaryIO:
    return io.BufferedReader(_Bounded(source))


class _Bounded(io.RawIOBase):
    """Reads what another stream gives, up to a limit."""

    def __init__(self, source: BinaryIO | io.RawIOBase) -> None:
        self._source, self._left = source, MAX_UNPACKED

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        read = self._source.read(len(buffer)) or b""
        self._left -= len(read)
        if self._left < 0:
            raise ValueError(f"more than {MAX_UNPACKED} bytes when unpacked")
        buffer[: len(read)] = read
        return len(read)


class _Zlib(io.RawIOBase):
    """Unpacks a zlib stream piece by piece."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._unpack = file, zlib.decompressobj()

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while not self._unpack.eof:
            packed = self._unpack.unconsumed_tail or self._file.read(65536)
            if not packed:
                return b""
            made = self._unpack.decompress(packed, size)
            if made:
                return made
        return b""
