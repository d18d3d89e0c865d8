"""The prediction journal: frames of the gateway workers, written to disk by one thread of the node.

A record waits at most a few milliseconds before it is written, so `kill -9` of the node loses no
more than that, and the ledger says how many; the file is fsynced once a second. A full queue or
disk drops records and counts them; counts of calls (`Traffic`) are kept until they could be
written.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections import deque
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple, TypeVar

from modelyard_protocol.records import read_frames

from .ledger import Ledger, Source
from .owed import merged

T = TypeVar("T")
MAX_QUEUED_BYTES = 128 * 1024 * 1024
MAX_FILE_BYTES = 64 * 1024 * 1024
MAX_FOLDER_BYTES = 4 * 1024 * 1024 * 1024  # unread journals must not fill the disk
MIN_FREE_BYTES = 64 * 1024 * 1024  # left to everybody else who needs the disk
_LINGER_SECONDS = 0.01
_FSYNC_SECONDS = 1.0
_CHECK_SECONDS = 1.0
_TRIED_BYTES = 64 * 1024

Block = tuple[bytes, int, Source | None]
"""(frames, records, worker)"""


class _Queued(NamedTuple):
    ended: list[Source]
    counts: list[bytes]
    blocks: list[Block]
    lost: list[tuple[int, Source | None]]


class Journal:
    """Takes frames from the event loop and never makes it wait."""

    def __init__(self, folder: Path, start_id: str) -> None:
        self._blocks: deque[Block] = deque()
        self._counts: deque[bytes] = deque()
        self._lost: deque[tuple[int, Source | None]] = deque()
        self._ended: deque[Source] = deque()
        self._added_bytes = self._taken_bytes = 0  # each is changed by one thread
        self._wake = threading.Event()
        self._stop = threading.Event()
        self.ledger = Ledger(folder, start_id)
        self._file = _Files(folder, start_id)
        self.error: str | None = None
        """Why nothing can be written just now."""
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    @property
    def dropped(self) -> int:
        """Records that were lost on this node."""
        return self.ledger.dropped

    def add(self, frames: bytes, records: int, source: Source | None = None) -> None:
        """Queue one frame's records of a worker; drops the oldest when the queue is full."""
        self._blocks.append((frames, records, source))
        self._added_bytes += len(frames)
        while self._added_bytes - self._taken_bytes > MAX_QUEUED_BYTES:
            try:
                oldest, dropped, whose = self._blocks.popleft()
            except IndexError:
                break
            self._added_bytes -= len(oldest)
            self._lost.append((dropped, whose))
        self._wake.set()

    def add_counts(self, frames: bytes) -> None:
        """Queue frames that are never dropped."""
        self._counts.append(frames)
        self._wake.set()

    def lost(self, records: int, source: Source) -> None:
        """Queue that a worker had to drop records."""
        self._lost.append((records, source))
        self._wake.set()

    def end(self, source: Source) -> None:
        """Queue that a worker has ended: what it counted and did not hand over is lost."""
        self._ended.append(source)
        self._wake.set()

    def close(self) -> None:
        """Write what is queued and stop."""
        self._stop.set()
        self._wake.set()
        self._thread.join(timeout=10)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._wake.wait(timeout=0.5)
            self._wake.clear()
            self._flush()
            self._stop.wait(_LINGER_SECONDS)
        self._flush()
        self._file.close()
        self.ledger.close()

    def _flush(self) -> None:
        self.ledger.settle()  # before anything new: the control plane leaves the newest file alone
        queued = self._take()
        self.ledger.lost(queued.lost)
        try:
            if not queued.counts and not queued.blocks:
                self._idle()
            elif refusal := self._file.refusal():
                self.ledger.lost(_records(queued.blocks))
                self._write([merged(b"".join(queued.counts))], [])
                self._rest(refusal)
            else:
                self._write(queued.counts, queued.blocks)
                self.error = None
        except OSError as error:  # full or broken disk: predictions go on, counts are owed
            self._rest(error.strerror or str(error))
        for source in queued.ended:
            with contextlib.suppress(OSError):
                self.ledger.ended(source)

    def _idle(self) -> None:
        self._file.sync_if_due()
        if self.error is not None:
            self.error = self._file.refusal() or self._file.tried()

    def _rest(self, reason: str) -> None:
        self.error = reason
        self._stop.wait(1.0)

    def _write(self, counts: list[bytes], blocks: list[Block]) -> None:
        owed = b"".join(counts)
        done = 0
        try:
            for written in self._file.write(b"".join([owed, *[block[0] for block in blocks]])):
                done = written
        except OSError:
            left = owed[_whole(owed, done) :]
            if left:
                more = _all_of(self._counts)
                self._counts.appendleft(merged(b"".join([left, *more])))
            self._file.start_anew()
            raise
        finally:
            self._account(blocks, done - len(owed))

    def _account(self, blocks: list[Block], done: int) -> None:
        """Tell the ledger what came of blocks of which the first `done` bytes are written."""
        ends = accumulate(len(frames) for frames, _, _ in blocks)
        kept = sum(end <= done for end in ends)
        if kept:
            self.ledger.wrote(_records(blocks[:kept]), self._file.number, self._file.size)
        self.ledger.lost(_records(blocks[kept:]))

    def _take(self) -> _Queued:
        """Take all; whatever a worker sent was queued before its end."""
        ended = _all_of(self._ended)
        counts, blocks = _all_of(self._counts), _all_of(self._blocks)
        self._taken_bytes += sum(len(frames) for frames, _, _ in blocks)
        return _Queued(ended, counts, blocks, _all_of(self._lost))


def _all_of(queue: deque[T]) -> list[T]:
    taken: list[T] = []
    with contextlib.suppress(IndexError):  # the loop's thread takes the oldest of a full queue
        taken.extend(queue.popleft() for _ in range(len(queue)))
    return taken


def _records(blocks: list[Block]) -> list[tuple[int, Source | None]]:
    return [(records, source) for _, records, source in blocks]


def _whole(frames: bytes, done: int) -> int:
    """Give where the last frame ends that is wholly within the first `done` bytes."""
    return max((end for _, end in read_frames(frames[: max(0, done)])), default=0)


class _Files:
    """The file being written; a new one when it is full or a write failed."""

    def __init__(self, folder: Path, start_id: str) -> None:
        self._folder, self._start_id = folder, start_id
        self.number = self.size = 0
        self._fd: int | None = None
        self._is_dirty = False
        self._synced_at = time.monotonic()
        self._checked_at = 0.0
        self._refusal: str | None = None

    def write(self, block: bytes) -> Iterator[int]:
        """Write to the end; gives how many bytes stand there, as it goes on."""
        if self._fd is None or self.size + len(block) > MAX_FILE_BYTES:
            self._open_next()
        assert self._fd is not None  # noqa: S101 - opened above
        done = 0
        while done < len(block):
            written = os.write(self._fd, memoryview(block)[done:])
            done, self.size, self._is_dirty = done + written, self.size + written, True
            yield done
        self.sync_if_due()

    def sync_if_due(self) -> None:
        """Have what was written on the disk once a second."""
        now = time.monotonic()
        if self._is_dirty and self._fd is not None and now - self._synced_at >= _FSYNC_SECONDS:
            os.fsync(self._fd)
            self._is_dirty, self._synced_at = False, now

    def start_anew(self) -> None:
        """Leave a file whose end may be torn: readers stop there."""
        if self._fd is not None:
            with contextlib.suppress(OSError):
                os.close(self._fd)
        self._fd, self._is_dirty = None, False

    def close(self) -> None:
        """Have all on the disk and leave the file."""
        if self._fd is not None:
            with contextlib.suppress(OSError):
                os.fsync(self._fd)
        self.start_anew()

    def refusal(self) -> str | None:
        """Give why records are not to be written, looked up once a second."""
        now = time.monotonic()
        if now - self._checked_at > _CHECK_SECONDS:
            self._checked_at = now
            try:
                self._refusal = _refusal(self._folder)
            except OSError as error:
                self._refusal = error.strerror or str(error)
        return self._refusal

    def tried(self) -> str | None:
        """Give why nothing can be written, found by writing a little."""
        path = self._folder / f".{self._start_id}.tried"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            path.write_bytes(bytes(_TRIED_BYTES))
        except OSError as error:
            return error.strerror or str(error)
        finally:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
        return None

    def _open_next(self) -> None:
        self.close()
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"{self._start_id}-{self.number + 1:06d}.journal"
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self.number += 1
        self.size = 0


def _refusal(folder: Path) -> str | None:
    size = 0
    for path in folder.glob("*.journal"):
        with contextlib.suppress(FileNotFoundError):  # read to its end and deleted meanwhile
            size += path.stat().st_size
    if size > MAX_FOLDER_BYTES:
        return f"The control plane has not read {size // 2**20} MiB of calls yet."
    with contextlib.suppress(FileNotFoundError):  # not made yet
        found = os.statvfs(folder)
        free = found.f_bavail * found.f_frsize
        if free < MIN_FREE_BYTES:
            return f"The disk is nearly full: {free // 2**20} MiB are left."
    return None
