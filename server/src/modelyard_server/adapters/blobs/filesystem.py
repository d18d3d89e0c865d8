"""Blobs as files: `cas/<workspace>/<first two digits>/<sha256>`."""

from __future__ import annotations

import datetime as dt
import os
import re
import shutil
import time
import uuid
from collections.abc import AsyncIterable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from modelyard_server.artifacts.errors import ContentMissing
from modelyard_server.artifacts.ports import ListedBlob, StoredBlob

from .incoming import Incoming
from .syncing import Syncer

_SHA256 = re.compile(r"[0-9a-f]{64}")


class FilesystemBlobs:
    """Keeps blobs below one folder; a rename makes a whole file appear at once.

    With `syncs`, content is on the disk when it is stored, and not only soon after.
    """

    def __init__(self, folder: Path, *, syncs: bool = False) -> None:
        self._syncs = syncs
        self._cas = folder / "cas"
        self._leaving = folder / "leaving"
        self._leaving.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._syncer = Syncer(folder / "unsynced", self._path)
        self._incoming = Incoming(folder / "incoming", self._place, starts_early=syncs)

    def receive(self, workspace_id: int, chunks: Iterable[bytes]) -> StoredBlob:
        """Store a stream; see the port."""
        return self._incoming.receive(workspace_id, chunks)

    async def receive_stream(self, workspace_id: int, chunks: AsyncIterable[bytes]) -> StoredBlob:
        """Store an asynchronous stream; see the port."""
        return await self._incoming.receive_stream(workspace_id, chunks)

    def exists(self, workspace_id: int, sha256: str) -> bool:
        """Tell whether the content is there."""
        return self._path(workspace_id, sha256).is_file()

    def open(self, workspace_id: int, sha256: str) -> BinaryIO:
        """Open content for reading."""
        try:
            return self._path(workspace_id, sha256).open("rb")
        except FileNotFoundError:
            raise ContentMissing("The content of this artifact is missing in the store.") from None

    def copy_to(self, workspace_id: int, sha256: str, target: Path) -> None:
        """Write content into a file."""
        with self.open(workspace_id, sha256) as source, target.open("wb") as sink:
            shutil.copyfileobj(source, sink, 1024 * 1024)

    def delete(self, workspace_id: int, sha256: str) -> None:
        """Remove content."""
        self._path(workspace_id, sha256).unlink(missing_ok=True)

    def delete_workspace(self, workspace_id: int) -> None:
        """Remove all content of a workspace."""
        shutil.rmtree(self._cas / str(workspace_id), ignore_errors=True)

    def every(self, workspace_id: int) -> Iterator[ListedBlob]:
        """List the content of a workspace."""
        for folder in sorted(self._cas.glob(f"{workspace_id}/[0-9a-f][0-9a-f]")):
            with os.scandir(folder) as entries:
                for entry in entries:
                    found = _listed(entry)
                    if found is not None:
                        yield found

    def delete_unless_newer(self, workspace_id: int, sha256: str, since: dt.datetime) -> bool:
        """Remove content unless it was received again after `since`.

        It is moved aside before its time is read: what arrives at that moment lies at the path.
        """
        path = self._path(workspace_id, sha256)
        aside = self._leaving / f"{workspace_id}-{sha256}-{uuid.uuid4().hex}"
        try:
            path.rename(aside)
        except FileNotFoundError:
            return True
        if _instant(aside.stat()) <= since:
            aside.unlink()
            return True
        with suppress(FileExistsError):  # it arrived once more
            os.link(aside, path)
        aside.unlink()
        return False

    def _place(self, workspace_id: int, part: Path, blob: StoredBlob) -> None:
        target = self._path(workspace_id, blob.sha256)
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        marker = self._syncer.mark(workspace_id, blob.sha256)
        now = time.time_ns()  # not the kernel's coarser clock: it is compared with ours
        os.utime(part, ns=(now, now))
        part.rename(target)  # replaces the same content, if it is there already
        if self._syncs:
            self._syncer.now(marker)
        else:
            self._syncer.later(marker)

    def _path(self, workspace_id: int, sha256: str) -> Path:
        if not _SHA256.fullmatch(sha256):
            raise ValueError(f"Not a SHA-256: {sha256!r}")
        return self._cas / str(workspace_id) / sha256[:2] / sha256


def _listed(entry: os.DirEntry[str]) -> ListedBlob | None:
    try:
        stat = entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None  # removed meanwhile
    if not _SHA256.fullmatch(entry.name):
        return None
    return ListedBlob(entry.name, stat.st_size, _instant(stat))


def _instant(stat: os.stat_result) -> dt.datetime:
    return dt.datetime.fromtimestamp(stat.st_mtime_ns / 1e9, dt.UTC)
