import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelyard_protocol.records import Prediction, Traffic, frame, read_frames, read_records
from modelyard_runtime import journal as module
from modelyard_runtime.gateway.recorder import LONE_CALLS, Mark, Noted, Recorder
from modelyard_runtime.journal import Journal
from modelyard_runtime.owed import merged

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


def predictions(folder: Path) -> list[Prediction]:
    return [one for one in read(folder) if isinstance(one, Prediction)]


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
    recorder.flush(is_last=True)
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
    recorder.flush(is_last=True)
    wait_for(lambda: journal.dropped == 1)
    folder.unlink()
    recorder.note(a_call("kept"))
    recorder.flush()
    journal.close()
    records = read(folder)
    assert [r.id for r in records if isinstance(r, Prediction)] == ["kept"]
    assert sum(r.requests for r in records if isinstance(r, Traffic)) == 2


def test_full_queue_drops_the_oldest_and_counts_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_QUEUED_BYTES", 10_000)
    monkeypatch.setattr(module, "_LINGER_SECONDS", 3600)
    journal = Journal(tmp_path, "1")
    journal.add(frame(b"{}"), 0)
    wait_for(lambda: any(path.stat().st_size for path in tmp_path.glob("*.journal")))
    for _ in range(30):  # nobody takes from the queue before the end
        journal.add(b"x" * 500, 2)
    journal.close()
    assert (journal.dropped, journal.ledger.dropped_at is None) == (20, False)


def test_error_goes_when_the_disk_takes_something_again(tmp_path: Path) -> None:
    folder = tmp_path / "journal"
    folder.write_text("in the way")
    journal = Journal(folder, "1")
    journal.add(frame(b"{}"), 1)
    wait_for(lambda: journal.error)
    folder.unlink()
    wait_for(lambda: journal.error is None)  # although nobody calls
    journal.close()
    assert journal.dropped == 1


def test_counts_that_are_owed_are_one_frame_a_second(tmp_path: Path) -> None:
    sent: list[bytes] = []
    recorder = Recorder(lambda *_: None, sent.append, lambda: 0, lambda *_: None)
    for status in (200, 422, 200):
        recorder.note_all([a_call("x", status)], 7)
        recorder.flush()
    ((payload, _),) = read_frames(merged(b"".join(sent)))
    (counts,) = read_records(payload)
    assert isinstance(counts, Traffic)
    assert (counts.requests, counts.by_status) == (3, {"200": 2, "422": 1})
    assert sum(counts.latency_us.values()) == 3


def test_worker_whose_node_takes_nothing_drops_and_counts() -> None:
    sent: list[int] = []
    recorder = Recorder(lambda _, n: sent.append(n), lambda _: None, lambda: 2**30, lambda *_: None)
    recorder.note(a_call("lost"))
    recorder.flush()
    assert (sent, recorder.dropped) == ([], 1)


def test_calls_answered_one_by_one_are_framed_on_the_way_and_handed_over_once() -> None:
    sent: list[tuple[bytes, int]] = []
    unsent = 0
    recorder = Recorder(
        lambda frames, calls: sent.append((frames, calls)),
        lambda _: None,
        lambda: unsent,
        lambda *_: 0,
    )
    names = [f"{number}" for number in range(2 * LONE_CALLS + 3)]
    for name in names:
        recorder.note(a_call(name))
    assert sent == []
    recorder.flush()
    frames = [[*read_frames(block)] for block, _ in sent]
    assert [len(block) for block in frames] == [1, 1, 1]  # a cut one takes no other's calls along
    parts = [[*read_records(payload)] for ((payload, _),) in frames]
    assert [len(part) for part in parts] == [calls for _, calls in sent]
    assert [calls for _, calls in sent] == [LONE_CALLS, LONE_CALLS, 3]
    assert [one.id for part in parts for one in part if isinstance(one, Prediction)] == names
    unsent = 2**30
    for name in names:
        recorder.note(a_call(name))
    recorder.flush()
    assert (len(sent), recorder.dropped) == (3, len(names))


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
        wait_for(lambda wanted=number: len(predictions(tmp_path)) == wanted + 1)
    journal.close()
    names = [path.name for path in sorted(tmp_path.glob("*.journal"))]
    assert len(names) >= 3
    assert names == [f"1-{number:06d}.journal" for number in range(1, len(names) + 1)]
    assert [one.id for one in predictions(tmp_path)] == ["0", "1", "2"]
