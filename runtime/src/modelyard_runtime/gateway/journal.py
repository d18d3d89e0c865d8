"""The prediction journal: a bounded queue in memory, one thread that frames and writes it.

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
from typing import Any

import orjson

from modelyard_protocol.records import frame, latency_bucket

MAX_QUEUED_RECORDS = 50_000
MAX_QUEUED_BYTES = 128 * 1024 * 1024
MAX_FILE_BYTES = 64 * 1024 * 1024
MAX_FOLDER_BYTES = 4 * 1024 * 1024 * 1024  # unread journals must not fill the disk
_LINGER_SECONDS = 0.01
_FSYNC_SECONDS = 1.0

Revision = tuple[int, str, int, int]
"""(workspace id, deployment id, revision, version)"""


class Journal:
    """Takes records from the event loop and never makes it wait."""

    def __init__(self, folder: Path, start_id: str) -> None:
        self._folder = folder
        self._start_id = start_id
        self._queue: deque[tuple[dict[str, Any], int]] = deque()
        self._queued_bytes = 0
        self._counts: dict[tuple[Revision, int], dict[str, Any]] = {}
        self._owed: list[bytes] = []
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._file = _Files(folder, start_id)
        self.dropped = 0
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    def count(self, revision: Revision, status: int, latency_us: float) -> None:
        """Count one live call in its second."""
        slot = (revision, int(time.time()))
        with self._lock:
            found = self._counts.get(slot)
            if found is None:
                found = self._counts[slot] = {"requests": 0, "by_status": {}, "latency_us": {}}
            found["requests"] += 1
            code, bucket = str(status), latency_bucket(latency_us)
            found["by_status"][code] = found["by_status"].get(code, 0) + 1
            found["latency_us"][bucket] = found["latency_us"].get(bucket, 0) + 1
        self._wake.set()

    def record(self, entry: dict[str, Any], size: int) -> None:
        """Queue one prediction record; drops the oldest when the queue is full."""
        self._queue.append((entry, size))
        self._queued_bytes += size
        while len(self._queue) > MAX_QUEUED_RECORDS or self._queued_bytes > MAX_QUEUED_BYTES:
            try:
                _, dropped = self._queue.popleft()
            except IndexError:
                break
            self._queued_bytes -= dropped
            self.dropped += 1
        self._wake.set()

    def close(self) -> None:
        """Write what is queued, the running second included, and stop."""
        self._stop.set()
        self._wake.set()
        self._thread.join(timeout=10)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._wake.wait(timeout=0.5)
            self._wake.clear()
            self._flush(before=int(time.time()))
            self._stop.wait(_LINGER_SECONDS)
        self._flush(before=None)
        self._file.close()

    def _flush(self, before: int | None) -> None:
        frames = self._owed + self._take_counts(before)
        traffic = len(frames)
        while self._queue:
            entry, size = self._queue.popleft()
            self._queued_bytes -= size
            frames.append(frame(orjson.dumps(entry)))
        if not frames:
            self._file.sync_if_due()
            return
        try:
            if self._file.is_folder_full():
                self.dropped += len(frames) - traffic
                frames = frames[:traffic]
            self._file.write(b"".join(frames))
            self._owed = []
        except OSError:  # full or broken disk: predictions go on, counts are owed
            self.dropped += len(frames) - traffic
            self._owed = frames[:traffic]
            self._file.start_anew()
            self._stop.wait(1.0)

    def _take_counts(self, before: int | None) -> list[bytes]:
        with self._lock:
            done = [slot for slot in self._counts if before is None or slot[1] < before]
            taken = [(slot, self._counts.pop(slot)) for slot in done]
        return [frame(_traffic(slot, counts)) for slot, counts in taken]


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


def _traffic(slot: tuple[Revision, int], counts: dict[str, Any]) -> bytes:
    (workspace_id, deployment_id, revision, version), at = slot
    entry = {
        "kind": "traffic",
        "workspace_id": workspace_id,
        "deployment_id": deployment_id,
        "revision": revision,
        "version": version,
        "at": at,
        **counts,
    }
    return orjson.dumps(entry, option=orjson.OPT_NON_STR_KEYS)
