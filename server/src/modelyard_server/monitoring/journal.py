"""Reads the node's journals: whole frames only, damaged ones skipped, a torn end waited for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from modelyard_protocol.records import (
    FRAME,
    MAX_FRAME_BYTES,
    Guarded,
    Mirrored,
    Single,
    Tokens,
    Traffic,
    read_frames,
    read_records,
)

BLOCK_BYTES = 8 * 1024 * 1024
MAX_RECORDS = 5000  # of one batch, so that memory and the write transaction stay small
SUFFIX = ".journal"


@dataclass(frozen=True, slots=True)
class Entry:
    """One record with the offset behind its frame, which may hold more records."""

    end: int
    record: Single


@dataclass(frozen=True, slots=True)
class Batch:
    """What one read of a journal gave."""

    entries: list[Entry]
    end: int
    damaged: int


@dataclass(frozen=True, slots=True)
class JournalPath:
    """A journal file; `is_finished`: its writer has gone on to a newer file or is gone."""

    path: Path
    is_finished: bool

    @property
    def name(self) -> str:
        """The name that positions are kept under."""
        return self.path.name


def list_files(folder: Path) -> list[JournalPath]:
    """List journals, oldest first. All but the newest are finished: a node has one writer."""
    stated = [(path, path.stat().st_mtime_ns) for path in _existing(folder)]
    ordered = [path for path, _ in sorted(stated, key=lambda pair: (pair[1], pair[0].name))]
    return [JournalPath(path, path != ordered[-1]) for path in ordered]


def read(file: JournalPath, offset: int) -> Batch:
    """Read the next records behind an offset; an empty batch with the same end: wait for more."""
    block = _block(file.path, offset, BLOCK_BYTES)
    batch = _decode(block, offset, at_end=len(block) < BLOCK_BYTES and file.is_finished)
    if batch.end == offset and len(block) == BLOCK_BYTES:
        block = _block(file.path, offset, MAX_FRAME_BYTES + FRAME.size + BLOCK_BYTES)
        batch = _decode(block, offset, at_end=file.is_finished)
    return batch


def first_instant_us(file: JournalPath, offset: int) -> int | None:
    """Give when the first record behind an offset was made; `None`: there is no whole one."""
    block = _block(file.path, offset, MAX_FRAME_BYTES + FRAME.size)
    found = next(iter(read_frames(block, 0)), None)
    if found is None:
        return None
    try:
        record = read_records(found[0])[0]
    except (ValidationError, IndexError):
        return None
    if isinstance(record, Traffic | Mirrored | Guarded | Tokens):
        return record.at * 1_000_000
    return record.at_us


def _decode(block: bytes, base: int, *, at_end: bool) -> Batch:
    entries: list[Entry] = []
    damaged = at = 0
    while True:
        for payload, end in read_frames(block, at):
            at = end
            try:
                entries += [Entry(base + end, record) for record in read_records(payload)]
            except ValidationError:
                damaged += 1
            if len(entries) >= MAX_RECORDS:
                return Batch(entries, base + at, damaged)
        if at >= len(block) or (not at_end and not _is_damaged(block, at)):
            return Batch(entries, base + at, damaged)
        damaged += 1
        following = _next_frame(block, at + 1)
        if following is None:
            if at_end:
                at = len(block)
            return Batch(entries, base + at, damaged if at_end else damaged - 1)
        at = following


def _is_damaged(block: bytes, at: int) -> bool:
    """Tell a wrong frame from one that is not written to its end yet."""
    if at + FRAME.size > len(block):
        return False
    length, _ = FRAME.unpack_from(block, at)
    return bool(length > MAX_FRAME_BYTES or at + FRAME.size + length <= len(block))


def _next_frame(block: bytes, start: int) -> int | None:
    """Find the next frame whose checksum is right; payloads are JSON objects."""
    found = block.find(b"{", start + FRAME.size)
    while found != -1:
        if next(read_frames(block, found - FRAME.size), None) is not None:
            return found - FRAME.size
        found = block.find(b"{", found + 1)
    return None


def _block(path: Path, offset: int, size: int) -> bytes:
    with path.open("rb") as stream:
        stream.seek(offset)
        return stream.read(size)


def _existing(folder: Path) -> Iterator[Path]:
    found: Iterable[Path] = folder.glob(f"*{SUFFIX}") if folder.is_dir() else ()
    yield from found
