"""Uploads that are answered when the disk has them."""

import hashlib

import pytest

from modelyard_server.adapters.blobs import incoming
from modelyard_server.adapters.blobs.filesystem import FilesystemBlobs

CHUNKS = [bytes([number]) * 4096 for number in range(50)]


def test_content_is_on_the_disk_when_it_is_stored(tmp_path, monkeypatch):
    monkeypatch.setattr(incoming, "_BEGIN_BYTES", 10_000)
    blobs = FilesystemBlobs(tmp_path, syncs=True)

    stored = blobs.receive(7, CHUNKS)

    assert list((tmp_path / "unsynced").iterdir()) == []
    with blobs.open(7, stored.sha256) as content:
        assert hashlib.sha256(content.read()).hexdigest() == stored.sha256
    assert stored.size_bytes == 50 * 4096


def test_a_disk_that_does_not_take_it_fails_the_upload(tmp_path, monkeypatch):
    blobs = FilesystemBlobs(tmp_path, syncs=True)

    def refuse(_file: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("os.fsync", refuse)
    with pytest.raises(OSError, match="Input/output"):
        blobs.receive(7, CHUNKS)

    assert len(list((tmp_path / "unsynced").iterdir())) == 1  # looked at by the next start
