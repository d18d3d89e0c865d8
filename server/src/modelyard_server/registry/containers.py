"""Looks into archives without unpacking them: bombs, paths that climb, links."""

from __future__ import annotations

import io
import itertools
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from . import archives
from .archives import MAX_ENTRIES, TooManyEntries

MAX_RATIO = 200
RATIO_MATTERS_ABOVE = 100 * 1024**2
MAX_TOTAL = 1024**4
MAX_DEPTH = 3
MAX_NESTED_BYTES = 64 * 1024**2
_PROBE = 256 * 1024**2


def problems(path: Path) -> list[str]:
    """List what is wrong with an archive; nothing for what is none."""
    if zipfile.is_zipfile(path):
        return list(_file(path))
    with path.open("rb") as file:
        head = file.read(512)
    if head[257:262] == b"ustar":
        return list(_tar(path))
    if head[:2] == b"\x1f\x8b":
        return list(_gzip(path))
    return []


def _file(path: Path) -> Iterator[str]:
    """Look at a file whose directory may be known already; it is opened only for what it nests."""
    try:
        entries = archives.entries(path)
        yield from _listed(entries)
        if any(_is_archive(entry.filename) for entry in entries):
            with path.open("rb") as file, archives.opened(file) as archive:
                yield from _nested(archive, entries, 1)
    except TooManyEntries as error:
        yield str(error)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError) as error:
        yield f"The archive is damaged: {error}"


def _zip(file: IO[bytes], depth: int) -> Iterator[str]:
    try:
        with archives.opened(file) as archive:
            entries = archive.infolist()
            yield from _listed(entries)
            if depth < MAX_DEPTH:
                yield from _nested(archive, entries, depth)
            elif any(_is_archive(entry.filename) for entry in entries):
                yield f"Archives lie in archives more than {MAX_DEPTH} deep."
    except TooManyEntries as error:
        yield str(error)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError) as error:
        yield f"The archive is damaged: {error}"


def _listed(entries: list[zipfile.ZipInfo]) -> Iterator[str]:
    yield from _sizes(entries)
    for entry in entries:
        yield from _entry(entry)


def _sizes(entries: list[zipfile.ZipInfo]) -> Iterator[str]:
    packed = sum(entry.compress_size for entry in entries)
    unpacked = sum(entry.file_size for entry in entries)
    offsets = sorted((e.header_offset, e.header_offset + e.compress_size) for e in entries)
    if any(start < end for (_, end), (start, _) in itertools.pairwise(offsets)):
        yield "Entries of the archive overlap: one content is unpacked many times."
    if unpacked > MAX_TOTAL:
        yield f"It unpacks to {unpacked:,} bytes."
    elif unpacked > RATIO_MATTERS_ABOVE and unpacked > MAX_RATIO * max(packed, 1):
        yield f"It unpacks {packed:,} bytes to {unpacked:,}, more than {MAX_RATIO} times as many."


def _entry(entry: zipfile.ZipInfo) -> Iterator[str]:
    yield from _climbing(entry.filename)
    if stat.S_ISLNK(entry.external_attr >> 16):
        yield f"The entry {entry.filename!r} is a link."
    if entry.flag_bits & 1:
        yield f"The entry {entry.filename!r} is encrypted, so nobody can look into it."


def _nested(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo], depth: int) -> Iterator[str]:
    for entry in entries:
        if _is_archive(entry.filename) and entry.file_size <= MAX_NESTED_BYTES:
            with archive.open(entry) as inner:
                content = _read(inner, MAX_NESTED_BYTES)
            if zipfile.is_zipfile(content):
                content.seek(0)
                for says in _zip(content, depth + 1):
                    yield f"In {entry.filename!r}: {says}"


def _read(inner: IO[bytes], limit: int) -> IO[bytes]:
    content = inner.read(limit + 1)
    if len(content) > limit:
        raise ValueError("an entry is larger than it says")
    return io.BytesIO(content)


def _tar(path: Path) -> Iterator[str]:
    try:
        with tarfile.open(path, "r:") as archive:
            total = 0
            for number, member in enumerate(archive):
                if number >= MAX_ENTRIES:
                    yield f"It has more than {MAX_ENTRIES:,} entries."
                    return
                total += member.size
                yield from _climbing(member.name)
                if member.issym() or member.islnk():
                    yield f"The entry {member.name!r} is a link."
                elif not (member.isfile() or member.isdir()):
                    yield f"The entry {member.name!r} is a device or pipe."
            if total > MAX_TOTAL:
                yield f"It unpacks to {total:,} bytes."
    except (tarfile.TarError, OSError, ValueError, EOFError) as error:
        yield f"The archive is damaged: {error}"


def _gzip(path: Path) -> Iterator[str]:
    """Unpack up to a bound, keeping nothing."""
    unpack = zlib.decompressobj(wbits=31)
    read = made = 0
    try:
        with path.open("rb") as file:
            while made < _PROBE and not unpack.eof:
                packed = unpack.unconsumed_tail or file.read(65_536)
                if not packed:
                    break
                before = len(unpack.unconsumed_tail)
                made += len(unpack.decompress(packed, 1_048_576))
                read += len(packed) - len(unpack.unconsumed_tail) if before else len(packed)
    except zlib.error as error:
        yield f"The archive is damaged: {error}"
        return
    if made > RATIO_MATTERS_ABOVE and made > MAX_RATIO * max(read, 1):
        yield f"It unpacks more than {MAX_RATIO} bytes for each of its own."


def _climbing(name: str) -> Iterator[str]:
    parts = name.replace("\\", "/").split("/")
    is_drive = len(parts[0]) == 2 and parts[0][1] == ":"
    if name.startswith(("/", "\\")) or ".." in parts or is_drive or "\x00" in name:
        yield f"The entry {name!r} would be written outside of its folder."


def _is_archive(name: str) -> bool:
    return name.lower().endswith((".zip", ".jar", ".npz", ".keras", ".pt", ".pt2", ".skops"))
