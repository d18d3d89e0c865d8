"""What a gateway worker holds while its records cannot leave, and after large bodies."""

import json
import signal
import time
from pathlib import Path

import psutil
from tests.make.nodes import RunningNode, a_node, a_route

from .test_fast_lane import FIRST, a_compiled_server, lanes

_JSON = {"Content-Type": "application/json"}
ROWS, CALLS = 4000, 130  # bodies of 0.7 MB each, 90 MB together


def resident_mb(pid: int) -> float:
    """Give what the largest process behind a worker's walls holds."""
    parent = psutil.Process(pid)
    family = [parent, *parent.children(recursive=True)]
    return float(max(one.memory_info().rss for one in family)) / 2**20


def call(node: RunningNode, body: bytes, times: int) -> None:
    for _ in range(times):
        answer = node.client.post(f"{node.address}/invocations", content=body, headers=_JSON)
        assert len(answer.json()["predictions"]) == ROWS


def test_a_worker_holds_little_during_and_after_large_bodies(
    classifier: Path, tmp_path: Path
) -> None:
    example = json.loads((classifier / "input_example.json").read_text())
    rows = [example["data"][at % len(example["data"])] for at in range(ROWS)]
    split = {"columns": example["columns"], "data": rows}
    body = json.dumps({"dataframe_split": split}).encode()
    with a_node(tmp_path / "node") as node:
        node.want([a_compiled_server(classifier)], [a_route(classifier, {FIRST: 100})])
        node.start(["--workers", "1"])
        node.wait_until(lambda _: lanes(node) == ["compiled"])
        worker = node.observed()["workers"][0]["pid"]
        call(node, body, 5)
        before = resident_mb(worker)

        assert node.process is not None
        node.process.send_signal(signal.SIGSTOP)  # the worst case: it takes no record any more
        call(node, body, CALLS)
        during = resident_mb(worker)
        node.process.send_signal(signal.SIGCONT)
        call(node, body, 5)

        assert during < before + 56
        end = time.monotonic() + 120
        while resident_mb(worker) > before + 12 and time.monotonic() < end:
            time.sleep(0.1)
        assert resident_mb(worker) <= before + 12
