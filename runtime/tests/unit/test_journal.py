import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelyard_protocol.records import RECORD, Prediction, Traffic, read_frames
from modelyard_runtime.gateway import journal as module
from modelyard_runtime.gateway.journal import Journal

WHOSE = (1, "d", 2, 3)


def an_entry(name: str) -> dict[str, Any]:
    return {
        "kind": "prediction", "id": name, "at_us": 1, "workspace_id": 1, "deployment_id": "d",
        "revision": 2, "version": 3, "key_id": None, "skin": "predict", "source": "live",
        "status": 200, "total_us": 9, "model_us": 5, "content_type": "", "request": "{}",
        "response": "{}", "request_bytes": 2, "response_bytes": 2, "weight": 1.0,
    }  # fmt: skip


def read(folder: Path) -> list[Prediction | Traffic]:
    blocks = [path.read_bytes() for path in sorted(folder.glob("*.journal"))]
    return [RECORD.validate_json(payload) for block in blocks for payload, _ in read_frames(block)]


def wait_for(holds: Callable[[], Any]) -> None:
    end = time.monotonic() + 5
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_closing_writes_everything_the_running_second_included(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "1")
    for number in range(100):
        journal.record(an_entry(str(number)), 500)
        journal.count(WHOSE, 200 if number % 2 else 422, 1000.0)
    journal.close()
    records = read(tmp_path)
    assert [r.id for r in records if isinstance(r, Prediction)] == [*map(str, range(100))]
    counts = [r for r in records if isinstance(r, Traffic)]
    assert sum(r.by_status["200"] for r in counts) == 50
    assert sum(sum(r.latency_us.values()) for r in counts) == 100


def test_disk_that_refuses_costs_records_but_never_counts(tmp_path: Path) -> None:
    folder = tmp_path / "journal"
    folder.write_text("in the way")
    journal = Journal(folder, "1")
    journal.count(WHOSE, 200, 1000.0)
    journal.record(an_entry("lost"), 500)
    wait_for(lambda: journal.dropped == 1)
    folder.unlink()
    journal.record(an_entry("kept"), 500)
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
    for number in range(30):
        journal.record(an_entry(str(number)), 500)
    assert journal.dropped == 10


def test_full_file_is_followed_by_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_FILE_BYTES", 500)
    journal = Journal(tmp_path, "1")
    for number in range(3):
        journal.record(an_entry(str(number)), 500)
        wait_for(lambda wanted=number: len(read(tmp_path)) == wanted + 1)
    journal.close()
    names = [path.name for path in sorted(tmp_path.iterdir())]
    assert names == ["1-000001.journal", "1-000002.journal", "1-000003.journal"]
