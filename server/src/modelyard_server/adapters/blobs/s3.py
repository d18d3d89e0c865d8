"""Blobs in an S3-compatible store: `<prefix>/<workspace>/<first two digits>/<sha256>`.

An upload is spooled to a local file first: its key is its digest, which is known at its end only.
"""

from __future__ import annotations

import datetime as dt
import io
import shutil
from collections.abc import AsyncIterable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from obstore.exceptions import BaseError, NotFoundError
from obstore.store import S3Store

from modelyard_server.artifacts.errors import ContentMissing
from modelyard_server.artifacts.ports import ListedBlob, StoredBlob
from modelyard_server.kernel.clock import utcnow
from modelyard_server.kernel.errors import Unavailable
from modelyard_server.settings import Settings

from .incoming import Incoming

if TYPE_CHECKING:
    from obstore.store import S3Config  # not there at run time

_READ_BYTES = 8 * 1024 * 1024
_LIST = 1000
_FRESH = dt.timedelta(hours=12)
"""Content older than this is sent again, which makes it young: it may be marked as garbage."""
_DIGITS = 64
_MISSING = (NotFoundError, FileNotFoundError)


def store_of(settings: Settings) -> S3Store:
    """Open the bucket; empty keys leave the choice to the environment's credential chain."""
    bucket, _, prefix = settings.artifact_store.removeprefix("s3://").partition("/")
    config: S3Config = {"region": settings.s3_region}
    if settings.s3_endpoint:
        config["endpoint"] = settings.s3_endpoint
    if settings.s3_access_key_id:
        config["access_key_id"] = settings.s3_access_key_id
        config["secret_access_key"] = settings.s3_secret_access_key
    return S3Store(
        bucket,
        prefix=prefix.strip("/") or None,
        config=config,
        client_options={"allow_http": settings.s3_endpoint.startswith("http://"), "timeout": "60s"},
        retry_config={"max_retries": 4},
    )


class StoreUnreachable(Unavailable):
    code = "artifacts.store_unreachable"


class S3Blobs:
    """Keeps blobs in one bucket."""

    def __init__(self, store: S3Store, *, spool: Path) -> None:
        self._store = store
        self._incoming = Incoming(spool / "incoming", self._place)

    def receive(self, workspace_id: int, chunks: Iterable[bytes]) -> StoredBlob:
        """Store a stream; see the port."""
        return self._incoming.receive(workspace_id, chunks)

    async def receive_stream(self, workspace_id: int, chunks: AsyncIterable[bytes]) -> StoredBlob:
        """Store an asynchronous stream; see the port."""
        return await self._incoming.receive_stream(workspace_id, chunks)

    def exists(self, workspace_id: int, sha256: str) -> bool:
        """Tell whether the content is there."""
        return self._size(_key(workspace_id, sha256)) is not None

    def open(self, workspace_id: int, sha256: str) -> BinaryIO:
        """Open content for reading, fetched in ranges."""
        key = _key(workspace_id, sha256)
        size = self._size(key)
        if size is None:
            raise ContentMissing("The content of this artifact is missing in the store.")
        return cast("BinaryIO", io.BufferedReader(_Ranges(self._store, key, size), _READ_BYTES))

    def copy_to(self, workspace_id: int, sha256: str, target: Path) -> None:
        """Write content into a file."""
        with self.open(workspace_id, sha256) as source, target.open("wb") as sink:
            shutil.copyfileobj(source, sink, _READ_BYTES)

    def delete(self, workspace_id: int, sha256: str) -> None:
        """Remove content."""
        try:
            self._store.delete(_key(workspace_id, sha256))
        except _MISSING:
            return
        except BaseError as error:
            raise _unreachable(error) from error

    def delete_workspace(self, workspace_id: int) -> None:
        """Remove all content of a workspace, a page of the listing at a time."""
        try:
            for page in self._store.list(prefix=f"{workspace_id}/"):
                self._store.delete([found["path"] for found in page])
        except BaseError as error:
            raise _unreachable(error) from error

    def every(self, workspace_id: int) -> Iterator[ListedBlob]:
        """List the content of a workspace."""
        try:
            for page in self._store.list(f"{workspace_id}/", chunk_size=_LIST):
                for found in page:
                    sha256 = str(found["path"]).rpartition("/")[2]
                    if len(sha256) == _DIGITS:
                        yield ListedBlob(sha256, int(found["size"]), found["last_modified"])
        except _MISSING:
            return
        except BaseError as error:
            raise _unreachable(error) from error

    def delete_unless_newer(self, workspace_id: int, sha256: str, since: dt.datetime) -> bool:
        """Remove content unless it was received again after `since`."""
        found = self._head(_key(workspace_id, sha256))
        if found is not None and found[1] > since:
            return False
        self.delete(workspace_id, sha256)
        return True

    def _place(self, workspace_id: int, part: Path, blob: StoredBlob) -> None:
        key = _key(workspace_id, blob.sha256)
        found = self._head(key)
        if found is not None and found[0] == blob.size_bytes and utcnow() - found[1] < _FRESH:
            return
        try:
            self._store.put(key, part)  # large files go up in parts
        except _MISSING as error:
            raise StoreUnreachable("The artifact store has no such bucket.") from error
        except BaseError as error:
            raise _unreachable(error) from error

    def _size(self, key: str) -> int | None:
        found = self._head(key)
        return None if found is None else found[0]

    def _head(self, key: str) -> tuple[int, dt.datetime] | None:
        """Give size and time of an object, if it is there."""
        try:
            found = self._store.head(key)
            return int(found["size"]), found["last_modified"]
        except _MISSING:
            return None
        except BaseError as error:
            raise _unreachable(error) from error


class _Ranges(io.RawIOBase):
    """A seekable view of an object."""

    def __init__(self, store: S3Store, key: str, size: int) -> None:
        super().__init__()
        self._store, self._key, self._size = store, key, size
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: Any) -> int:
        wanted = min(len(buffer), self._size - self._at)
        if wanted <= 0:
            return 0
        try:
            chunk = memoryview(self._store.get_range(self._key, start=self._at, length=wanted))
        except _MISSING:
            raise ContentMissing("The content of this artifact is missing in the store.") from None
        except BaseError as error:
            raise _unreachable(error) from error
        buffer[: len(chunk)] = chunk
        self._at += len(chunk)
        return len(chunk)


def _key(workspace_id: int, sha256: str) -> str:
    return f"{workspace_id}/{sha256[:2]}/{sha256}"


def _unreachable(error: BaseError) -> StoreUnreachable:
    return StoreUnreachable(f"The artifact store does not answer ({type(error).__name__}).")
