"""What an engine builds an image from: whole packages, or nothing at all."""

import io
import tarfile

import pytest

from modelyard_server.adapters.compute.images import Context


def _read(context: Context) -> bytes:
    found = b""
    while block := context.read(4096):
        found += block
    return found


def test_bytecode_that_is_being_written_is_left_out(tmp_path):
    (tmp_path / "made" / "__pycache__").mkdir(parents=True)
    (tmp_path / "made" / "its.py").write_text("A = 1\n" * 5000)
    (tmp_path / "made" / "__pycache__" / "its.cpython-311.pyc").write_bytes(b"whole")
    (tmp_path / "made" / "__pycache__" / "its.cpython-311.pyc.1402").write_bytes(b"ha")
    with Context(tmp_path) as context:
        packed = _read(context)
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        assert [one for one in archive.getnames() if "its" in one] == [
            "site-packages/made/__pycache__/its.cpython-311.pyc",
            "site-packages/made/its.py",
        ]


def test_packages_that_cannot_be_read_are_no_end_of_the_context(tmp_path):
    with Context(tmp_path / "gone") as context, pytest.raises(FileNotFoundError):
        _read(context)
