"""Content on its way in: a part file that becomes a blob whole, or vanishes."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import hashlib
import mmap
import os
import time
import uuid
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TypeVar

import anyio
import anyio.to_thread

from modelyard_server.artifacts.errors import NoSpaceLeft
from modelyard_server.artifacts.ports import StoredBlob

T = TypeVar("T")
_HAND_OFF_BYTES = 4 * 1024 * 1024  # fewer, larger trips to the writing thread
_BEGIN_BYTES = 32 * 1024 * 1024
_DIRECT = getattr(os, "O_DIRECT", 0)
_SLOW_DISK = 400_000_000
"""Bytes a second. Below it the page cache takes uploads faster than the disk."""
_TRIED_BYTES = 64 * 1024 * 1024
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}

Place = Callable[[int, Path, StoredBlob], None]
"""Puts a complete part file where it belongs: (workspace, file, what it holds)."""


class Incoming:
    """A folder of part files. With `starts_early` the disk writes while more arrives."""

    def __init__(self, folder: Path, place: Place, *, starts_early: bool = False) -> None:
        self._starts_early = starts_early
        self._folder = folder
        self._place = place
        self._writers = anyio.CapacityLimiter(16)  # uploads never use up the endpoints' threads
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._sweep()

    def receive(self, workspace_id: int, chunks: Iterable[bytes]) -> StoredBlob:
        """Store a stream.

        Raises:
            NoSpaceLeft: the disk is full.
        """
        part = self._new_part()
        try:
            for chunk in chunks:
                part.write(chunk)
            return self._finish(workspace_id, part)
        except BaseException:
            part.discard()
            raise

    async def receive_stream(self, workspace_id: int, chunks: AsyncIterable[bytes]) -> StoredBlob:
        """Store an asynchronous stream.

        Raises:
            NoSpaceLeft: the disk is full.
        """
        part = await self._in_thread(self._new_part)
        async with _discarded_on_failure(part):
            # Two buffers in turn: one is filled while a thread hashes and writes the other.
            buffer, spare, filled = _buffer(), _buffer(), 0
            writing: asyncio.Future[None] | None = None
            try:
                async for chunk in chunks:
                    left = memoryview(chunk)
                    while filled + len(left) >= _HAND_OFF_BYTES:
                        fits = _HAND_OFF_BYTES - filled
                        buffer[filled:] = left[:fits]
                        if writing is not None:
                            await writing
                        writing = asyncio.ensure_future(self._written(part, buffer))
                        buffer, spare, filled, left = spare, buffer, 0, left[fits:]
                    buffer[filled : filled + len(left)] = left
                    filled += len(left)
                if writing is not None:
                    await writing
                await self._written(part, buffer[:filled])
                return await self._in_thread(partial(self._finish, workspace_id, part))
            finally:
                if writing is not None:
                    with anyio.CancelScope(shield=True):
                        await asyncio.gather(writing, return_exceptions=True)

    async def _written(self, part: Part, content: memoryview) -> None:
        """Hash while the disk writes."""
        hashing = asyncio.ensure_future(self._in_thread(partial(part.hash, content)))
        try:
            await self._in_thread(partial(part.store, content))
        finally:
            await hashing

    def _finish(self, workspace_id: int, part: Part) -> StoredBlob:
        blob = part.close()
        try:
            self._place(workspace_id, part.path, blob)
        except OSError as error:
            raise _readable(error) from error
        part.discard()
        return blob

    def _new_part(self) -> Part:
        return Part(self._folder / f"{uuid.uuid4().hex}.part", starts_early=self._starts_early)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await anyio.to_thread.run_sync(work, limiter=self._writers)

    def _sweep(self) -> None:
        """Remove what a killed process left: a data folder has one process at a time."""
        for file in self._folder.glob("*.part"):
            with suppress(OSError):
                file.unlink()


class Part:
    """One file being written, hashed on the way.

    Whole blocks of a large file go past the page cache: that takes half the processor time, leaves
    the database its pages, and a disk that is slower than this is noticed (`_SLOW_DISK`).
    """

    def __init__(self, path: Path, *, starts_early: bool = False) -> None:
        self.path = path
        self._starts_early = starts_early
        self._begun = 0
        self._digest = hashlib.sha256()
        self._size = 0
        self._may_be_direct, self._is_direct = _DIRECT != 0, False
        self._direct_bytes, self._direct_seconds = 0, 0.0
        try:
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise _readable(error) from error
        self._is_open = True

    def write(self, chunk: bytes | memoryview) -> None:
        """Append; raises as `store`."""
        self.hash(chunk)
        self.store(chunk)

    def hash(self, chunk: bytes | memoryview) -> None:
        """Let the next content into the digest."""
        self._digest.update(chunk)

    def store(self, chunk: bytes | memoryview) -> None:
        """Write the next content.

        Raises:
            NoSpaceLeft: the disk is full.
        """
        wants_direct = len(chunk) == _HAND_OFF_BYTES and self._size % _HAND_OFF_BYTES == 0
        self._size += len(chunk)
        left = memoryview(chunk)
        try:
            self._be_direct(wanted=wants_direct and self._may_be_direct)
            if self._is_direct:
                left = left[self._write_direct(left) :]
            while left:
                left = left[os.write(self._file, left) :]
        except OSError as error:
            raise _readable(error) from error
        if self._starts_early and self._size - self._begun >= _BEGIN_BYTES:
            # Of pages that are not written yet, this begins to write them and returns.
            length = self._size - self._begun
            os.posix_fadvise(self._file, self._begun, length, os.POSIX_FADV_DONTNEED)
            self._begun = self._size

    def _be_direct(self, *, wanted: bool) -> None:
        if wanted == self._is_direct:
            return
        flags = fcntl.fcntl(self._file, fcntl.F_GETFL)
        try:
            fcntl.fcntl(self._file, fcntl.F_SETFL, flags | _DIRECT if wanted else flags & ~_DIRECT)
        except OSError:  # a file system that has no such way, as in memory
            self._may_be_direct = False
            return
        self._is_direct = wanted

    def _write_direct(self, block: memoryview) -> int:
        """Write what fits; give its size: less than the block when the disk refuses the rest."""
        began = time.perf_counter()
        try:
            written = os.write(self._file, block)
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            written = 0
        self._direct_bytes += written
        self._direct_seconds += time.perf_counter() - began
        is_slow = self._direct_bytes < self._direct_seconds * _SLOW_DISK
        if written < len(block) or (is_slow and self._direct_bytes >= _TRIED_BYTES):
            self._may_be_direct = False
            self._be_direct(wanted=False)
        return written

    def close(self) -> StoredBlob:
        """Close it; give what it holds."""
        self._close()
        return StoredBlob(self._digest.hexdigest(), self._size)

    def discard(self) -> None:
        """Remove the file, if it is still here."""
        self._close()
        self.path.unlink(missing_ok=True)

    def _close(self) -> None:
        if self._is_open:
            self._is_open = False
            os.close(self._file)


def _buffer() -> memoryview:
    """Give memory that begins at a page, as writing past the page cache needs."""
    return memoryview(mmap.mmap(-1, _HAND_OFF_BYTES))


@asynccontextmanager
async def _discarded_on_failure(part: Part) -> AsyncIterator[None]:
    try:
        yield
    except BaseException:  # also a client that went away, which cancels the request
        part.discard()
        raise


def _readable(error: OSError) -> Exception:
    if error.errno in _FULL:
        return NoSpaceLeft("The disk is full. Nothing was kept; free some space and send it again.")
    return error
