"""The prediction journal: frames of the gateway workers, written to disk by one thread of the node.

A record waits at most a few milliseconds before it is written, so `kill -9` of the node loses no
more than that; the file is fsynced once a second. A full queue or disk drops the oldest records and
counts them; counts per second (`Traffic`) are kept until they could be written.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections import deque
from pathlib import Path

MAX_QUEUED_BYTES = 128 * 1024 * 1024
MAX_FILE_BYTES = 64 * 1024 * 1024
MAX_FOLDER_BYTES = 4 * 1024 * 1024 * 1024  # unread journals must not fill the disk
_LINGER_SECONDS = 0.01
_FSYNC_SECONDS = 1.0


class Journal:
    """Takes frames from the event loop and never makes it wait."""

    def __init__(self, folder: Path, start_id: str) -> None:
        self._queue: deque[tuple[bytes, int]] = deque()
        self._queued_bytes = 0
        self._counts: deque[bytes] = deque()
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._file = _Files(folder, start_id)
        self.dropped = 0
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    def add(self, frames: bytes, records: int) -> None:
        """Queue frames with so many prediction records; drops the oldest when the queue is full."""
        self._queue.append((frames, records))
        self._queued_bytes += len(frames)
        while self._queued_bytes > MAX_QUEUED_BYTES:
            try:
                oldest, dropped = self._queue.popleft()
            except IndexError:
                break
            self._queued_bytes -= len(oldest)
            self.dropped += dropped
        self._wake.set()

    def add_counts(self, frames: bytes) -> None:
        """Queue frames that are never dropped."""
        self._counts.append(frames)
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

    def _flush(self) -> None:
        counts, frames, records = self._take()
        if not counts and not frames:
            self._file.sync_if_due()
            return
        try:
            if self._file.is_folder_full():
                self.dropped += records
                frames = []
                records = 0
            self._file.write(b"".join([*counts, *frames]))
        except OSError:  # full or broken disk: predictions go on, counts are owed
            self.dropped += records
            self._counts.extendleft(reversed(counts))
            self._file.start_anew()
            self._stop.wait(1.0)

    def _take(self) -> tuple[list[bytes], list[bytes], int]:
        counts = [self._counts.popleft() for _ in range(len(self._counts))]
        frames: list[bytes] = []
        records = 0
        while self._queue:
            block, held = self._queue.popleft()
            self._queued_bytes -= len(block)
            frames.append(block)
            records += held
        return counts, frames, records


class _Files:
    """The file being written; a new one when it is full or a write failed."""

    def __init__(self, folder: Path, start_id: str) -> None:
        self._folder, self._start_id = folder, start_id
        self._number = 0
        self._fd: int | None = None
        self._size = 0
        self._is_dirty = False
        self._synced_at = time.monotonic()
        self._full_checked_at, self._is_full = 0.0, False

    def write(self, block: bytes) -> None:
        if self._fd is None or self._size + len(block) > MAX_FILE_BYTES:
            self._open_next()
        assert self._fd is not None  # noqa: S101 - opened above
        view = memoryview(block)
        while view:
            view = view[os.write(self._fd, view) :]
        self._size += len(block)
        self._is_dirty = True
        self.sync_if_due()

    def sync_if_due(self) -> None:
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
        if self._fd is not None:
            with contextlib.suppress(OSError):
                os.fsync(self._fd)
        self.start_anew()

    def is_folder_full(self) -> bool:
        now = time.monotonic()
        if now - self._full_checked_at > 10:
            self._full_checked_at = now
            sizes = [path.stat().st_size for path in self._folder.glob("*.journal")]
            self._is_full = sum(sizes) > MAX_FOLDER_BYTES
        return self._is_full

    def _open_next(self) -> None:
        self.close()
        self._folder.mkdir(parents=True, exist_ok=True)
        self._number += 1
        path = self._folder / f"{self._start_id}-{self._number:06d}.journal"
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._size = 0
