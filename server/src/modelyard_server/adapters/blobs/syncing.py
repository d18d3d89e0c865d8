"""Makes blobs survive a power cut without letting uploads wait for the disk.

A whole file in the page cache survives a `kill -9`. Against a power cut it is synced by a thread
right after the answer, as SQLite's journal is; until then a marker lies beside it. Content whose
marker is found at the next start is compared with its digest, and removed when it is torn, so that
a blob is whole or missing, never wrong.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import structlog

log = structlog.get_logger("modelyard.blobs")


class Syncer:
    """One thread that syncs. `path_of` gives where the content of a digest lies."""

    def __init__(self, folder: Path, path_of: Callable[[int, str], Path]) -> None:
        self._folder = folder
        self._path_of = path_of
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="blob-sync")
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for marker in folder.iterdir():
            self._thread.submit(self._check, marker)

    def mark(self, workspace_id: int, sha256: str) -> Path:
        """Note, before content appears, that it is not synced yet."""
        marker = self._folder / f"{workspace_id}-{sha256}"
        marker.touch(mode=0o600)
        return marker

    def now(self, marker: Path) -> None:
        """Sync the content of a marker.

        Raises:
            OSError: the disk did not take it.
        """
        _to_disk(self._content_of(marker))
        marker.unlink(missing_ok=True)

    def later(self, marker: Path) -> None:
        """Sync the content of a marker soon."""
        self._thread.submit(self._sync, marker)

    def _sync(self, marker: Path) -> None:
        path = self._content_of(marker)
        try:
            _to_disk(path)
        except FileNotFoundError:
            pass  # removed meanwhile
        except OSError:  # the marker stays: the next start looks at the content
            log.exception("blob_not_synced", blob=marker.name)
            return
        marker.unlink(missing_ok=True)

    def _check(self, marker: Path) -> None:
        path = self._content_of(marker)
        with suppress(FileNotFoundError):
            with path.open("rb") as source:
                found = hashlib.file_digest(source, "sha256").hexdigest()
            if found != path.name:
                path.unlink(missing_ok=True)
                log.error("torn_blob_removed", blob=marker.name)
        self._sync(marker)

    def _content_of(self, marker: Path) -> Path:
        workspace_id, _, sha256 = marker.name.partition("-")
        return self._path_of(int(workspace_id), sha256)


def _to_disk(path: Path) -> None:
    for each in (path, path.parent):
        opened = os.open(each, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
