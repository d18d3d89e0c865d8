"""What happens when processes die, or when the control plane is not there."""

import os
import resource
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import httpx
from tests.make.nodes import RunningNode, a_key, a_node, a_route, a_server, environment
from tests.make.packages import a_sleepy_package, an_adding_package

from modelyard_protocol.records import Prediction, Traffic

FIRST, SECOND = "a" * 32, "b" * 32


def predict(node: RunningNode) -> httpx.Response:
    return node.client.post(f"{node.address}/predict", json={"row": {"x": 1.0}})


def test_traffic_moves_to_a_second_version_without_a_failed_call(tmp_path: Path) -> None:
    old, new = (an_adding_package(tmp_path / f"v{n}", float(n)) for n in (0, 1))
    servers = [a_server(old, engine="onnx"), a_server(new, SECOND, engine="onnx")]
    with a_node(tmp_path / "node") as node:
        node.want(servers[:1], [a_route(old, {FIRST: 100})])
        node.start()
        node.wait_ready()
        node.want(servers, [a_route(old, {FIRST: 100})])
        node.wait_ready(2)
        node.want(servers[1:], [a_route(new, {SECOND: 100})])
        answers, deadline = [], time.monotonic() + 30
        while time.monotonic() < deadline:
            answers.append(predict(node))
            if len(node.observed()["servers"]) == 1 and answers[-1].json()["predictions"] == [2.0]:
                break
        assert {answer.status_code for answer in answers} == {200}
        assert answers[-1].json()["predictions"] == [2.0]
        assert len(node.observed()["servers"]) == 1


def test_split_follows_weights_and_stickiness(tmp_path: Path) -> None:
    one, two = (an_adding_package(tmp_path / f"v{n}", float(n)) for n in (0, 1))
    with a_node(tmp_path / "node") as node:
        route = a_route(one, {FIRST: 80, SECOND: 20})
        node.want([a_server(one, engine="onnx"), a_server(two, SECOND, engine="onnx")], [route])
        node.start()
        node.wait_ready(2)
        values = [predict(node).json()["predictions"][0] for _ in range(1000)]
        assert 0.16 < values.count(2.0) / 1000 < 0.24
        sticky = {"X-Modelyard-Sticky": "customer 7"}
        body = {"row": {"x": 1.0}}
        url = f"{node.address}/predict"
        stuck = {
            node.client.post(url, json=body, headers=sticky).text.split("predictions")[1]
            for _ in range(50)
        }
        assert len(stuck) == 1


def test_limits_of_a_key_hold(tmp_path: Path) -> None:
    package = an_adding_package(tmp_path / "package", 3.0)
    limited, read_only = a_key(requests_per_minute=3), a_key("ro", scopes=("feedback",))
    expired = a_key("old", expires_at="2020-01-01T00:00:00Z")
    with a_node(tmp_path / "node") as node:
        route = a_route(package, {FIRST: 100}, keys=(limited, read_only, expired), max_rows=2)
        node.want([a_server(package, engine="onnx")], [route])
        node.start()
        node.wait_ready()
        statuses = [predict(node).status_code for _ in range(5)]
        assert statuses[:3] == [200] * 3
        assert 429 in statuses[3:]
        for public_id, status in (("ro", 403), ("old", 401)):
            node.client.headers["Authorization"] = f"Bearer myk_{public_id}_s3cret"
            assert predict(node).status_code == status


def test_answer_that_comes_too_late_is_a_504_and_does_not_stop_the_server(tmp_path: Path) -> None:
    package = a_sleepy_package(tmp_path / "package")
    with a_node(tmp_path / "node") as node:
        node.want([a_server(package)], [a_route(package, {FIRST: 100}, timeout_seconds=0.5)])
        node.start()
        node.wait_ready()
        url = f"{node.address}/predict"
        late = node.client.post(url, json={"row": {"x": 9.0}})
        assert (late.status_code, late.json()["code"]) == (504, "inference.timeout")

        def is_silent(state: dict[str, Any]) -> bool:
            (seen,) = state["servers"]
            return seen["silent_calls"] >= 1 and seen["silent_seconds"] > 0.5

        node.wait_until(
            lambda state: is_silent(state) or not node.client.post(url, json={"row": {"x": 9.0}})
        )
        node.wait_until(lambda _: predict(node).status_code == 200, seconds=10)
        assert node.observed()["servers"][0]["restarts"] == 0
        node.wait_until(lambda state: state["servers"][0]["silent_calls"] == 0)


def test_second_node_in_the_same_folder_refuses_to_start(tmp_path: Path) -> None:
    with a_node(tmp_path / "node") as node:
        node.want([], [])
        node.start()
        node.wait_until(lambda state: state["generation"] == 1)
        assert node.process is not None
        line = [*map(str, node.process.args)]  # type: ignore[union-attr]
        second = subprocess.run(
            line, env=environment(), capture_output=True, text=True, check=False
        )
        assert second.returncode == 75
        assert str(node.process.pid) in second.stderr


def test_broken_desired_file_leaves_the_last_state_in_force(tmp_path: Path) -> None:
    package = an_adding_package(tmp_path / "package", 3.0)
    with a_node(tmp_path / "node") as node:
        node.want([a_server(package, engine="onnx")], [a_route(package, {FIRST: 100})])
        node.start()
        node.wait_ready()
        (node.folder / "desired.json").write_text('{"generation": 2, "servers": [')
        time.sleep(0.3)
        assert predict(node).status_code == 200
        assert node.observed()["generation"] == 1


class Caller:
    """Calls a node and remembers the ids of its answers, and how often it got none."""

    def __init__(self, node: RunningNode) -> None:
        self._node = node
        self.answered: set[str] = set()
        self.unanswered = 0

    def call(self, times: int) -> None:
        end = len(self.answered) + times
        while len(self.answered) < end:
            try:
                answer = predict(self._node)
            except httpx.ConnectError:
                time.sleep(0.02)
            except httpx.HTTPError:  # it may have been answered, and written down, all the same
                self.unanswered += 1
            else:
                assert answer.status_code == 200
                self.answered.add(answer.headers["X-Prediction-Id"])

    def adds_up(self, state: dict[str, Any]) -> bool:
        """Every answered call is in the journal once or among those counted as lost."""
        ids = [one.id for one in self._node.records() if isinstance(one, Prediction)]
        assert len(ids) == len(set(ids))
        missing = len(self.answered - set(ids))
        more = self.unanswered - len(set(ids) - self.answered)
        return more >= 0 and missing <= state["dropped_records"] <= missing + more

    def counted(self) -> int:
        found = self._node.records()
        return sum(one.requests for one in found if isinstance(one, Traffic))


def test_every_answered_call_is_in_the_journal_or_counted_as_lost(tmp_path: Path) -> None:
    package = an_adding_package(tmp_path / "package", 3.0)
    with a_node(tmp_path / "node") as node:
        caller = Caller(node)
        node.want([a_server(package, engine="onnx")], [a_route(package, {FIRST: 100})])
        node.start(["--workers", "1"])
        worker = node.wait_ready()["workers"][0]["pid"]
        caller.call(200)
        os.kill(worker, signal.SIGKILL)  # what it had not handed over yet is lost
        caller.call(1)
        node.wait_until(lambda state: state["workers"][0]["restarts"] == 1)
        assert node.wait_until(caller.adds_up)["dropped_records"] < 200

        before = node.observed()["dropped_records"]
        assert node.process is not None
        node.process.send_signal(signal.SIGSTOP)  # it takes nothing any more: what follows is lost
        caller.call(20)
        node.end(signal.SIGKILL)
        node.start(["--workers", "1"])
        node.wait_ready()
        caller.call(5)
        node.wait_until(lambda state: state["dropped_records"] >= before + 20)
        state = node.wait_until(caller.adds_up)
        lost = state["dropped_records"]
        assert lost < before + 200
        assert state["dropped_at"] is not None
        answered = len(caller.answered)
        assert answered - lost <= caller.counted() <= answered + caller.unanswered


def test_full_disk_costs_records_that_are_counted_and_is_told_until_it_has_room(
    tmp_path: Path,
) -> None:
    package = an_adding_package(tmp_path / "package", 3.0)
    with a_node(tmp_path / "node") as node:
        caller = Caller(node)
        node.want([a_server(package, engine="onnx")], [a_route(package, {FIRST: 100})])
        node.start(["--workers", "1"])
        node.wait_ready()
        assert node.process is not None
        hard = resource.prlimit(node.process.pid, resource.RLIMIT_FSIZE)[1]
        resource.prlimit(node.process.pid, resource.RLIMIT_FSIZE, (16384, hard))
        while not node.observed()["journal_error"]:
            caller.call(1)
        caller.call(20)
        resource.prlimit(node.process.pid, resource.RLIMIT_FSIZE, (hard, hard))
        node.wait_until(lambda state: state["journal_error"] is None)  # although nobody calls
        caller.call(20)
        lost = node.wait_until(caller.adds_up)["dropped_records"]
        assert 0 < lost < len(caller.answered)
        node.wait_until(lambda _: caller.counted() == len(caller.answered))
        node.end()
        node.start(["--workers", "1"])
        assert node.wait_ready()["dropped_records"] == lost  # the count outlives a restart
