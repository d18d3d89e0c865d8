"""The files through which control plane and node meet."""

from pathlib import Path

import pytest

from modelyard_protocol.routing import DesiredState
from modelyard_server.adapters.compute import files


def test_a_followed_file_is_read_again_when_it_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "desired.json"
    followed = files.Followed(path, DesiredState)
    assert followed.read() is None
    for generation in (1, 2):
        content = DesiredState(generation=generation).model_dump_json().encode()
        files.write_atomically(path, content)
        assert followed.read() == DesiredState(generation=generation)
    path.write_text('{"generation": 3')  # not ours: ours are never half there
    assert followed.read() == DesiredState(generation=2)
    path.unlink()
    assert followed.read() is None


def test_a_write_that_fails_leaves_the_old_content_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "desired.json"
    files.write_atomically(path, b"old")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(OSError, match="space"):
        files.write_atomically(path, b"new")
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == {"desired.json": b"old"}


def test_last_lines_read_only_the_end_of_a_long_log(tmp_path: Path) -> None:
    path = tmp_path / "server.log"
    path.write_text("".join(f"line {n}\n" for n in range(1000)))
    assert files.last_lines(path, 2) == ["line 998", "line 999"]
    assert files.last_lines(path, 50, limit=20) == ["line 998", "line 999"]
    assert files.last_lines(tmp_path / "none.log", 5) == []
