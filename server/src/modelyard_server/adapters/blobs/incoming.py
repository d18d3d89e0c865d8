"""Content on its way in: a part file that becomes a blob whole, or vanishes."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
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
            buffer, spare, filled = bytearray(), bytearray(), 0
            writing: asyncio.Future[None] | None = None
            try:
                async for chunk in chunks:
                    end = filled + len(chunk)
                    if end > len(buffer):
                        buffer.extend(bytes(max(end, _HAND_OFF_BYTES) - len(buffer)))
                    buffer[filled:end] = chunk
                    filled = end
                    if filled >= _HAND_OFF_BYTES:
                        if writing is not None:
                            await writing
                        writing = asyncio.ensure_future(self._written(part, buffer, filled))
                        buffer, spare, filled = spare, buffer, 0
                if writing is not None:
                    await writing
                await self._written(part, buffer, filled)
                return await self._in_thread(partial(self._finish, workspace_id, part))
            finally:
                if writing is not None:
                    with anyio.CancelScope(shield=True):
                        await asyncio.gather(writing, return_exceptions=True)

    async def _written(self, part: Part, buffer: bytearray, size: int) -> None:
        with memoryview(buffer)[:size] as content:
            await self._in_thread(partial(part.write, content))

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
    """One file being written, hashed on the way."""

    def __init__(self, path: Path, *, starts_early: bool = False) -> None:
        self.path = path
        self._starts_early = starts_early
        self._begun = 0
        self._digest = hashlib.sha256()
        self._size = 0
        try:
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise _readable(error) from error
        self._is_open = True

    def write(self, chunk: bytes | memoryview) -> None:
        """Append.

        Raises:
            NoSpaceLeft: the disk is full.
        """
        self._digest.update(chunk)
        self._size += len(chunk)
        left = memoryview(chunk)
        try:
            while left:
                left = left[os.write(self._file, left) :]
        except OSError as error:
            raise _readable(error) from error
        if self._starts_early and self._size - self._begun >= _BEGIN_BYTES:
            # Of pages that are not written yet, this begins to write them and returns.
            length = self._size - self._begun
            os.posix_fadvise(self._file, self._begun, length, os.POSIX_FADV_DONTNEED)
            self._begun = self._size

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
