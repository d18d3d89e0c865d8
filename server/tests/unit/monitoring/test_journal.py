"""Journals as a killed or faulty writer leaves them."""

import os
from pathlib import Path

import pytest

from modelyard_protocol.records import Traffic, frame
from modelyard_server.monitoring import journal


def a_frame(number: int) -> bytes:
    record = Traffic(
        workspace_id=1,
        deployment_id="d",
        revision=1,
        version=1,
        at=number,
        requests=1,
        by_status={"200": 1},
        latency_us={300: 1},
    )
    return frame(record.model_dump_json().encode())


def read_all(path: Path, *, is_finished: bool) -> tuple[list[int], int, int]:
    """Give the records' numbers, the end, and the damaged frames."""
    offset, damaged, seen = 0, 0, []
    while True:
        batch = journal.read(journal.JournalPath(path, is_finished), offset)
        damaged += batch.damaged
        seen += [e.record.at for e in batch.entries if isinstance(e.record, Traffic)]
        if batch.end == offset:
            return seen, offset, damaged
        offset = batch.end


@pytest.mark.parametrize("cut", [1, 7, 9, 60])
def test_a_torn_end_is_waited_for_while_written_and_given_up_when_finished(
    tmp_path: Path, cut: int
):
    path = tmp_path / "a-000001.journal"
    whole = a_frame(1) + a_frame(2)
    path.write_bytes(whole + a_frame(3)[:cut])
    assert read_all(path, is_finished=False) == ([1, 2], len(whole), 0)
    assert read_all(path, is_finished=True) == ([1, 2], len(whole) + cut, 1)
    path.write_bytes(whole + a_frame(3))
    assert read_all(path, is_finished=False)[0] == [1, 2, 3]


@pytest.mark.parametrize("at", [0, 3, 5, 30])
def test_a_damaged_frame_is_skipped_and_counted_whatever_byte_is_wrong(tmp_path: Path, at: int):
    path = tmp_path / "a-000001.journal"
    first, bad = a_frame(1), bytearray(a_frame(2))
    bad[at] ^= 0xFF
    path.write_bytes(first + bytes(bad) + a_frame(3))
    seen, end, damaged = read_all(path, is_finished=True)
    assert (seen, end, damaged) == ([1, 3], path.stat().st_size, 1)


def test_a_whole_frame_that_is_no_record_is_counted_as_damaged(tmp_path: Path):
    path = tmp_path / "a-000001.journal"
    path.write_bytes(frame(b'{"kind": "weather"}') + a_frame(2))
    assert read_all(path, is_finished=False) == ([2], path.stat().st_size, 1)


def test_only_the_newest_journal_is_still_written(tmp_path: Path):
    for age, name in enumerate(("b-000001", "a-000002", "a-000001")):
        path = tmp_path / f"{name}.journal"
        path.write_bytes(b"")
        os.utime(path, (1000 - age, 1000 - age))
    files = journal.list_files(tmp_path)
    assert [(f.name[:8], f.is_finished) for f in files] == [
        ("a-000001", True),
        ("a-000002", True),
        ("b-000001", False),
    ]
    assert journal.list_files(tmp_path / "absent") == []
