"""What killed processes lose is counted once, wherever the kill comes."""

import os
from pathlib import Path

import orjson

from modelyard_protocol.records import frame
from modelyard_runtime.gateway.recorder import Mark, Recorder
from modelyard_runtime.ledger import Ledger, Tally

ENTRY = {"key_id": None, "skin": "predict", "source": "live", "content_type": ""}
MARK = Mark((1, "d", 2, 3), 1.0, ENTRY)


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.iterdir()}


def restore(folder: Path, before: dict[Path, bytes]) -> None:
    """Bring back what was deleted, as if its deletion had never come to be."""
    for path in before.keys() - set(folder.iterdir()):
        path.write_bytes(before[path])


def killed(folder: Path, start_id: str, *, answered: int, written: int) -> None:
    """Leave the files of a node that was killed together with its worker."""
    ledger = Ledger(folder, start_id)
    source = ledger.source()
    Tally(source.fd).add(answered)
    ledger.wrote([(written, source)], 1, 0)
    os.close(source.fd)
    ledger.close()


def lost(folder: Path, start_id: str) -> int:
    ledger = Ledger(folder, start_id)
    ledger.settle()
    ledger.close()
    assert (ledger.dropped_at is not None) == (ledger.dropped > 0)
    return ledger.dropped


def test_loss_of_killed_nodes_adds_up_and_outlives_them(tmp_path: Path) -> None:
    killed(tmp_path, "1", answered=10, written=4)
    killed(tmp_path, "2", answered=5, written=5)
    assert lost(tmp_path, "3") == 6
    killed(tmp_path, "4", answered=3, written=1)
    assert lost(tmp_path, "5") == 8
    assert [path.name for path in tmp_path.glob("*.tally")] == []


def test_settled_files_that_are_still_there_are_not_counted_again(tmp_path: Path) -> None:
    killed(tmp_path, "1", answered=10, written=4)
    before = contents(tmp_path)
    assert lost(tmp_path, "2") == 6
    restore(tmp_path, before)
    assert lost(tmp_path, "3") == 6
    assert not before.keys() & set(tmp_path.iterdir())
    killed(tmp_path, "4", answered=3, written=1)
    assert lost(tmp_path, "5") == 8


def test_tally_of_an_ended_worker_that_is_still_there_is_not_counted_again(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path, "1")
    for answered in (10, 3):
        source = ledger.source()
        Tally(source.fd).add(answered)
        ledger.wrote([(2, source)], 1, 0)
        before = contents(tmp_path)
        ledger.ended(source)
    assert ledger.dropped == 9
    ledger.close()
    restore(tmp_path, before)
    assert lost(tmp_path, "2") == 9


def test_nothing_is_settled_while_a_worker_still_answers(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path, "1")
    source = ledger.source()
    ledger.lost([(1, source)])
    ledger.close()
    second = Ledger(tmp_path, "2")
    second.settle()
    assert second.dropped == 1
    Tally(source.fd).add(4)
    os.close(source.fd)
    second.close()
    assert lost(tmp_path, "3") == 4


def test_records_written_just_before_the_kill_are_not_lost(tmp_path: Path) -> None:
    sent: list[bytes] = []
    recorder = Recorder(
        lambda frames, _: sent.append(frames), lambda _: None, lambda: 0, lambda *_: None
    )
    recorder.note((MARK, 200, "a", 1, 1000, 5, b"{}", b"{}"))
    recorder.note((MARK, 200, "b", 1, 1000, 5, b"{}", b"{}"))
    recorder.flush()
    counts = frame(orjson.dumps({"kind": "traffic"}))
    torn = sent[0][:-1]
    (tmp_path / "1-000001.journal").write_bytes(b"counted" + sent[0] + counts + torn)
    ledger = Ledger(tmp_path, "1")
    source = ledger.source()
    Tally(source.fd).add(9)
    ledger.wrote([(3, source)], 1, len(b"counted"))
    os.close(source.fd)
    ledger.close()
    assert lost(tmp_path, "2") == 9 - 3 - 2
