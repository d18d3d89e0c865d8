"""Compiled versions behind a real node: answered by gateway workers, watched, switched back."""

import hashlib
import json
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.make.nodes import SECRET, RunningNode, a_node, a_route, a_server
from tests.make.packages import an_adding_package

from modelyard_protocol.answers import decode_predictions
from modelyard_protocol.openapi import v2_body
from modelyard_protocol.package import read_signature
from modelyard_protocol.records import Prediction, Traffic
from modelyard_protocol.routing import Compiled, Feed, ServerSpec
from modelyard_runtime.compiling.judging import compile_model
from modelyard_runtime.loading import load
from modelyard_runtime.processes import children_of

FIRST, SECOND = "a" * 32, "b" * 32


def a_compiled_server(package: Path, server_id: str = FIRST, **changes: Any) -> ServerSpec:
    """Compile a package as the sandboxed check does."""
    engine = changes.pop("engine", "sklearn")
    loaded = load(package, engine)
    verdict = compile_model(loaded)
    path = package.parent / f"{package.name}.onnx"
    path.write_bytes(verdict.content)
    facts = {"graph": str(path), "native_above": None, "is_slow": False} | changes
    return a_server(
        package,
        server_id,
        engine=engine,
        signature=loaded.directory.package.signature,
        compiled=verdict.compiled.model_copy(update=facts),
    )


def an_adding_server(folder: Path, number: float, server_id: str = FIRST) -> ServerSpec:
    """Serve the graph of an adding package itself; nothing has to be compiled."""
    package = an_adding_package(folder, number)
    content = (package / "model.onnx").read_bytes()
    compiled = Compiled(
        graph=str(package / "model.onnx"),
        sha256=hashlib.sha256(content).hexdigest(),
        feeds=(Feed(name="x", columns=("x",), dtype="float64"),),
        outputs=("sum",),
    )
    signature = load(package, "onnx").directory.package.signature
    return a_server(package, server_id, engine="onnx", signature=signature, compiled=compiled)


def lanes(node: RunningNode) -> list[str]:
    return [server["lane"] for server in node.observed()["servers"]]


@pytest.fixture(scope="module")
def compiled(classifier: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningNode]:
    with a_node(tmp_path_factory.mktemp("fast")) as node:
        node.want([a_compiled_server(classifier)], [a_route(classifier, {FIRST: 100})])
        node.start()
        node.wait_until(lambda _: lanes(node) == ["compiled"])
        yield node


@pytest.fixture(scope="module")
def rows(classifier: Path) -> list[dict[str, float]]:
    split = json.loads((classifier / "input_example.json").read_text())
    return [dict(zip(split["columns"], row, strict=True)) for row in split["data"]]


def test_every_skin_is_answered_by_the_graph_as_by_the_model(
    compiled: RunningNode, rows: list[dict[str, float]], classifier: Path
) -> None:
    address = compiled.address
    typed = compiled.client.post(f"{address}/predict", json={"rows": rows})
    mlflow_body = json.loads((classifier / "serving_input_example.json").read_text())
    mlflow = compiled.client.post(f"{address}/invocations", json=mlflow_body)
    tensors = {**v2_body(read_signature(None), rows), "id": "own"}
    infer = compiled.client.post(f"{address}/v2/models/model/infer", json=tensors)
    assert typed.json()["predictions"] == mlflow.json()["predictions"] == [0, 0, 0]
    assert infer.json()["outputs"][0] == {
        "name": "predictions", "datatype": "INT64", "shape": [3], "data": [0, 0, 0],
    }  # fmt: skip
    assert infer.json()["id"] == "own"
    assert (typed.json()["model"], typed.json()["version"]) == ("breast-cancer", 11)
    assert typed.headers["x-prediction-id"] == typed.json()["prediction_id"]
    assert typed.headers["x-request-id"] == typed.json()["prediction_id"]
    assert (typed.headers["x-model-version"], typed.headers["x-modelyard-revision"]) == ("11", "1")
    given = compiled.client.post(
        f"{address}/predict", json={"row": rows[0]}, headers={"X-Request-Id": "mine"}
    )
    assert given.headers["x-request-id"] == "mine"


def test_wrong_cells_are_named_and_do_not_take_others_with_them(
    compiled: RunningNode, rows: list[dict[str, float]]
) -> None:
    url = f"{compiled.address}/predict"
    statuses: list[int] = []

    def call(number: int) -> None:
        row = {**rows[0], "mean area": "large"} if number % 3 == 0 else rows[0]
        answer = compiled.client.post(url, json={"rows": [row]})
        statuses.append(answer.status_code - (422 if number % 3 == 0 else 200))

    threads = [threading.Thread(target=call, args=(number,)) for number in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [0] * 30
    wrong = compiled.client.post(url, json={"rows": [rows[0], {**rows[1], "mean area": None}]})
    assert wrong.json()["fields"][0]["column"] == "mean area"
    assert wrong.json()["fields"][0]["row"] == 1


def test_live_calls_are_compared_with_the_original_and_recorded_in_batches(
    compiled: RunningNode, rows: list[dict[str, float]]
) -> None:
    url = f"{compiled.address}/predict"

    def compared(_: object) -> bool:
        compiled.client.post(url, json={"rows": rows})
        return bool(compiled.observed()["servers"][0]["compared"] > 3)

    compiled.wait_until(compared)
    threads = [
        threading.Thread(target=compiled.client.post, args=(url,), kwargs={"json": {"rows": rows}})
        for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    def written(_: object) -> bool:
        found = compiled.records()
        live = [r for r in found if isinstance(r, Prediction)]
        return bool(len(live) == sum(r.requests for r in found if isinstance(r, Traffic)) > 20)

    compiled.wait_until(written, seconds=30)
    found = [r for r in compiled.records() if isinstance(r, Prediction)]
    assert len({record.id for record in found}) == len(found)
    answers = [decode_predictions(r.skin, r.response or "") for r in found if r.status == 200]
    assert all(set(answer) == {0} for answer in answers)


def test_graph_that_answers_otherwise_than_the_original_is_switched_off(tmp_path: Path) -> None:
    right = an_adding_package(tmp_path / "right", 3.0)
    wrong = an_adding_server(tmp_path / "wrong", 4.0)
    spec = wrong.model_copy(update={"model_dir": str(right)})
    with a_node(tmp_path / "node") as node:
        node.want([spec], [a_route(right, {FIRST: 100})])
        node.start()
        node.wait_ready()
        url = f"{node.address}/predict"

        def is_off(_: object) -> bool:
            assert node.client.post(url, json={"row": {"x": 1.0}}).status_code == 200
            return lanes(node) == ["switched_back"]

        node.wait_until(is_off)
        note = node.observed()["servers"][0]["lane_note"]
        assert note == "A live call got 5.0 from the graph and 4.0 from the original."
        answer = node.client.post(url, json={"row": {"x": 1.0}})
        assert answer.json()["predictions"] == [4.0]


def test_graph_with_foreign_files_is_refused_and_the_original_answers(tmp_path: Path) -> None:
    import onnx

    spec = an_adding_server(tmp_path / "m", 3.0)
    model = onnx.load(tmp_path / "m" / "model.onnx")
    weight = model.graph.initializer[0]
    weight.data_location = onnx.TensorProto.EXTERNAL
    weight.external_data.add(key="location", value="/etc/hostname")
    (tmp_path / "evil.onnx").write_bytes(model.SerializeToString())
    assert spec.compiled is not None
    evil = spec.compiled.model_copy(update={"graph": str(tmp_path / "evil.onnx")})
    with a_node(tmp_path / "node") as node:
        node.want(
            [spec.model_copy(update={"compiled": evil})],
            [a_route(tmp_path / "m", {FIRST: 100})],
        )
        node.start()
        node.wait_ready()
        (server,) = node.observed()["servers"]
        assert (server["lane"], "other files" in server["lane_note"]) == ("switched_back", True)
        answer = node.client.post(f"{node.address}/predict", json={"row": {"x": 1.0}})
        assert answer.json()["predictions"] == [4.0]


def one_connection(node: RunningNode, count: int) -> list[bytes]:
    """Send calls one after the other on one connection; give the answers."""
    body = b'{"row":{"x":1.0}}'
    head = f"POST /team/production/model/predict HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}"
    call = f"{head}\r\nAuthorization: Bearer myk_pub_{SECRET}\r\n\r\n".encode() + body
    answers = []
    with socket.create_connection(("127.0.0.1", node.port), timeout=10) as connection:
        for _ in range(count):
            connection.sendall(call)
            answer = connection.recv(65536)
            assert answer.startswith(b"HTTP/1.1 200 ")
            answers.append(answer)
    return answers


def test_share_of_a_canary_holds_on_one_connection_and_moves_at_once(tmp_path: Path) -> None:
    servers = [
        an_adding_server(tmp_path / "v0", 0.0),
        an_adding_server(tmp_path / "v1", 1.0, SECOND),
    ]
    with a_node(tmp_path / "node") as node:
        node.want(servers, [a_route(tmp_path / "v0", {FIRST: 90, SECOND: 10})])
        node.start()
        node.wait_until(lambda _: lanes(node) == ["compiled", "compiled"])
        answers = one_connection(node, 10_000)
        share = sum(b'"version":12' in answer for answer in answers) / len(answers)
        assert all((b"[2.0]" in one) == (b'"version":12' in one) for one in answers)
        assert 0.09 <= share <= 0.11
        node.want(servers, [a_route(tmp_path / "v0", {FIRST: 0, SECOND: 100})])
        node.wait_until(lambda state: state["generation"] == 2)
        assert all(b"[2.0]" in answer for answer in one_connection(node, 50))


def test_killed_worker_costs_its_calls_in_flight_and_nothing_else(tmp_path: Path) -> None:
    spec = an_adding_server(tmp_path / "m", 3.0)
    failed, wrong, served = [], [], []
    stop = threading.Event()
    with a_node(tmp_path / "node") as node:
        node.want([spec], [a_route(tmp_path / "m", {FIRST: 100})])
        node.start()
        node.wait_until(lambda _: lanes(node) == ["compiled"])

        def call(number: int) -> None:
            while not stop.is_set():
                try:
                    answer = one_connection(node, 1)[0]
                except (OSError, AssertionError):
                    failed.append(number)
                    continue
                (served if b"[4.0]" in answer else wrong).append(number)

        callers = [threading.Thread(target=call, args=(number,)) for number in range(4)]
        for caller in callers:
            caller.start()
        for round_ in range(1, 3):
            (victim, *_) = node.observed()["workers"]
            os.kill(_inner(victim["pid"]), signal.SIGKILL)
            node.wait_until(lambda s, n=round_: s["workers"][0]["restarts"] == n)
            before = len(served)
            node.wait_until(lambda _, n=before: len(served) > n + 200)
        stop.set()
        for caller in callers:
            caller.join()
        assert node.end(signal.SIGTERM) == 0
    assert wrong == []
    assert len(failed) <= 2 * len(callers)


def _inner(pid: int) -> int:
    """Give the process behind the walls, which is what can crash."""
    while True:
        children = children_of(pid)
        if not children:
            return pid
        pid = children[0]


def test_limit_of_a_key_holds_over_all_workers(tmp_path: Path) -> None:
    from tests.make.nodes import a_key

    spec = an_adding_server(tmp_path / "m", 3.0)
    with a_node(tmp_path / "node") as node:
        key = a_key(requests_per_minute=40)
        node.want([spec], [a_route(tmp_path / "m", {FIRST: 100}, keys=(key,))])
        node.start()
        node.wait_until(lambda _: lanes(node) == ["compiled"])
        node.client.close()
        statuses = []
        begun = time.time()
        for _ in range(80):
            with socket.create_connection(("127.0.0.1", node.port), timeout=10) as connection:
                body = b'{"row":{"x":1.0}}'
                head = "POST /team/production/model/predict HTTP/1.1\r\nHost: x\r\n"
                head += f"Content-Length: {len(body)}\r\nAuthorization: Bearer myk_pub_{SECRET}"
                connection.sendall(f"{head}\r\n\r\n".encode() + body)
                statuses.append(connection.recv(65536)[9:12])
            time.sleep(0.01)
        few = a_key("few", requests_per_month=5)
        node.want([spec], [a_route(tmp_path / "m", {FIRST: 100}, keys=(key, few))])
        node.wait_until(lambda state: state["generation"] == 2)
        with httpx.Client(headers={"Authorization": f"Bearer myk_few_{SECRET}"}) as client:
            call = {"url": f"{node.address}/predict", "json": {"row": {"x": 1.0}}}
            assert [client.post(**call).status_code for _ in range(5)] == [200] * 5
            node.wait_until(lambda state: state["month_calls"].get(few.id) == 5)
            node.end(signal.SIGKILL)
            node.start()
            node.wait_ready()
            refused = client.post(**call)
        assert (refused.status_code, refused.json()["code"]) == (429, "inference.quota_used")
        if int(begun // 60) == int(time.time() // 60):
            assert 36 <= statuses.count(b"200") <= 60
            assert statuses[-1] == b"429"
