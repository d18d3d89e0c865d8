import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelyard_protocol.records import Prediction, Traffic, read_frames, read_records
from modelyard_runtime import journal as module
from modelyard_runtime.gateway.recorder import Mark, Noted, Recorder
from modelyard_runtime.journal import Journal

WHOSE = (1, "d", 2, 3)
MARK = Mark(WHOSE, 1.0, {"key_id": None, "skin": "predict", "source": "live", "content_type": ""})


def a_recorder(journal: Journal) -> Recorder:
    return Recorder(journal.add, journal.add_counts, lambda: 0, lambda *_: None)


def a_call(name: str, status: int = 200) -> Noted:
    return (MARK, status, name, 1, 1000, 5, b"{}", b"{}")


def read(folder: Path) -> list[Prediction | Traffic]:
    blocks = [path.read_bytes() for path in sorted(folder.glob("*.journal"))]
    payloads = [payload for block in blocks for payload, _ in read_frames(block)]
    return [record for payload in payloads for record in read_records(payload)]


def wait_for(holds: Callable[[], Any]) -> None:
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_closing_writes_everything_the_running_second_included(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "1")
    recorder = a_recorder(journal)
    for number in range(100):
        recorder.note(a_call(str(number), 200 if number % 2 else 422))
    recorder.flush(before=None)
    journal.close()
    records = read(tmp_path)
    found = [r for r in records if isinstance(r, Prediction)]
    assert sorted(int(r.id) for r in found) == [*range(100)]
    assert {r.id: r.status for r in found}["41"] == 200
    assert (found[0].request, found[0].response_bytes, found[0].weight) == ("{}", 2, 1.0)
    counts = [r for r in records if isinstance(r, Traffic)]
    assert sum(r.by_status["200"] for r in counts) == 50
    assert sum(sum(r.latency_us.values()) for r in counts) == 100


def test_disk_that_refuses_costs_records_but_never_counts(tmp_path: Path) -> None:
    folder = tmp_path / "journal"
    folder.write_text("in the way")
    journal = Journal(folder, "1")
    recorder = a_recorder(journal)
    recorder.note(a_call("lost"))
    recorder.flush(before=None)
    wait_for(lambda: journal.dropped == 1)
    folder.unlink()
    recorder.note(a_call("kept"))
    recorder.flush()
    journal.close()
    records = read(folder)
    assert [r.id for r in records if isinstance(r, Prediction)] == ["kept"]
    assert sum(r.requests for r in records if isinstance(r, Traffic)) == 1


def test_full_queue_drops_the_oldest_and_counts_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_QUEUED_BYTES", 10_000)
    journal = Journal(tmp_path, "1")
    journal.close()  # nobody takes from the queue any more
    for _ in range(30):
        journal.add(b"x" * 500, 2)
    assert journal.dropped == 20


def test_worker_whose_node_takes_nothing_drops_and_counts() -> None:
    sent: list[int] = []
    recorder = Recorder(lambda _, n: sent.append(n), lambda _: None, lambda: 2**30, lambda *_: None)
    recorder.note(a_call("lost"))
    recorder.flush()
    assert (sent, recorder.dropped) == ([], 1)


def test_sampled_out_bodies_are_not_kept_but_their_calls_are(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "1")
    recorder = a_recorder(journal)
    rare = Mark(WHOSE, 0.0, {**MARK.entry})
    for number in range(3):
        recorder.note((rare, *a_call(str(number))[1:]))
    recorder.flush()
    journal.close()
    found = [r for r in read(tmp_path) if isinstance(r, Prediction)]
    assert [(r.id, r.request, r.request_bytes) for r in found] == [
        (str(number), None, 2) for number in range(3)
    ]


def test_full_file_is_followed_by_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_FILE_BYTES", 500)
    journal = Journal(tmp_path, "1")
    recorder = a_recorder(journal)
    for number in range(3):
        recorder.note(a_call(str(number)))
        recorder.flush()
        wait_for(lambda wanted=number: len(read(tmp_path)) == wanted + 1)
    journal.close()
    names = [path.name for path in sorted(tmp_path.iterdir())]
    assert names == ["1-000001.journal", "1-000002.journal", "1-000003.journal"]
