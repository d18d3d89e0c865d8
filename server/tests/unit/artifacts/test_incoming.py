"""Content on its way in: whole blocks go past the page cache, and every byte arrives."""

import asyncio
import fcntl
import hashlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from modelyard_server.adapters.blobs import incoming
from modelyard_server.adapters.blobs.filesystem import FilesystemBlobs

MIB = 1024 * 1024


def received(folder: Path, content: bytes, chunk: int) -> bytes:
    """Send content in chunks of a size; give what the store has then."""
    blobs = FilesystemBlobs(folder)

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(content), chunk):
            yield content[start : start + chunk]

    blob = asyncio.run(blobs.receive_stream(1, chunks()))
    assert (blob.sha256, blob.size_bytes) == (hashlib.sha256(content).hexdigest(), len(content))
    with blobs.open(1, blob.sha256) as stored:
        return stored.read()


@pytest.fixture
def modes(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Tell of each write to the disk whether it went past the page cache."""
    seen: list[bool] = []
    write = os.write

    def watched(file: int, content: memoryview) -> int:
        seen.append(bool(fcntl.fcntl(file, fcntl.F_GETFL) & os.O_DIRECT))
        return write(file, content)

    monkeypatch.setattr(incoming.os, "write", watched)
    return seen


@pytest.mark.parametrize("size", [0, 1, 4 * MIB - 1, 4 * MIB, 4 * MIB + 1, 13 * MIB + 5])
@pytest.mark.parametrize("chunk", [65_536, 1_000_003, 9 * MIB])
def test_every_byte_arrives_whatever_the_chunks(tmp_path: Path, size: int, chunk: int) -> None:
    content = os.urandom(size)
    assert received(tmp_path, content, chunk) == content


def test_whole_blocks_go_past_the_page_cache_and_the_rest_does_not(
    tmp_path: Path, modes: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(incoming, "_SLOW_DISK", 0)
    content = os.urandom(8 * MIB + 7)
    assert received(tmp_path, content, 65_536) == content
    if not modes[0]:
        pytest.skip("The temporary folder's file system has no way past the page cache.")
    assert modes == [True, True, False]


def test_a_slow_disk_is_left_to_the_page_cache(
    tmp_path: Path, modes: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(incoming, "_SLOW_DISK", 10**15)
    monkeypatch.setattr(incoming, "_TRIED_BYTES", 4 * MIB)
    content = os.urandom(16 * MIB)
    assert received(tmp_path, content, 65_536) == content
    assert modes[1:] == [False, False, False]


def test_a_file_system_that_refuses_gets_its_bytes_the_usual_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write

    def refusing(file: int, content: memoryview) -> int:
        if fcntl.fcntl(file, fcntl.F_GETFL) & os.O_DIRECT:
            raise OSError(22, "Invalid argument")
        return write(file, content)

    monkeypatch.setattr(incoming.os, "write", refusing)
    content = os.urandom(9 * MIB)
    assert received(tmp_path, content, 65_536) == content
