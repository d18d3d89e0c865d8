"""The contract of runtime drivers: every test runs over every driver that can be had here."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.make import attacks
from tests.make.clusters import Cluster, a_cluster, why_no_cluster
from tests.make.engines import Engine, an_engine, an_environment, why_no_engine
from tests.make.kubelets import FakeKubelet, a_kubelet
from tests.make.nodes import RunningNode, a_node, a_route, a_server
from tests.make.packages import a_code_package, an_adding_package

from modelyard_protocol.routing import Limits, ServerSpec

FIRST, SECOND = "a" * 32, "b" * 32
DOCKER = pytest.param("docker", marks=[pytest.mark.docker, pytest.mark.timeout(600)])
PODS = pytest.param("kubernetes", marks=[pytest.mark.kubernetes, pytest.mark.timeout(600)])


@dataclass
class Place:
    """A driver under test: how a node is started with it, and what a spec says."""

    name: str
    options: list[str] = field(default_factory=list)
    spec: dict[str, Any] = field(default_factory=dict)
    engine: Engine | None = None
    cluster: Cluster | None = None
    kubelet: FakeKubelet | None = None

    def server(self, package: Path, server_id: str = FIRST, **changes: Any) -> ServerSpec:
        return a_server(package, server_id, driver=self.name, **{**self.spec, **changes})

    def left(self, folder: Path, server_id: str = "") -> list[str]:
        """Name what still runs of the models below a folder, or of one server there."""
        if self.cluster is not None:  # a cluster knows no folders
            found = [one["metadata"] for one in self.cluster.items("/apis/apps/v1/deployments")]
            return [one["name"] for one in found if server_id in one["name"]]
        if self.engine is not None:
            found = [str(one) for one in self.engine.containers()]
        else:
            listing = subprocess.run(
                ["ps", "-ww", "-eo", "args="], stdout=-1, text=True, check=True
            )
            found = [one for one in listing.stdout.splitlines() if "modelyard_runtime.s" in one]
        return [one for one in found if str(folder) in one]

    def pid(self, seen: dict[str, Any]) -> int:
        """Give the process that runs a server's model, on this machine in every test."""
        found = seen["pid"] if self.kubelet is None else self.kubelet.model_pid(seen["id"])
        assert found is not None
        return int(found)


@pytest.fixture(scope="module", params=["process", DOCKER, PODS])
def place(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    """Give each driver in turn; one that cannot be had says why."""
    if request.param == "process":
        yield Place("process")
        return
    if request.param == "kubernetes":
        yield from _pods(tmp_path_factory)
        return
    if not os.environ.get("MODELYARD_TEST_DOCKER"):  # a minute for engine, base and image
        pytest.skip("Containers are tested by `make test-docker`.")
    reason = why_no_engine()
    assert reason is None, reason
    environment = an_environment(tmp_path_factory.mktemp("environments"), "numpy", "onnxruntime")
    with an_engine(tmp_path_factory.mktemp("engine")) as engine:
        found = environment.environment_dir, environment.lock_hash
        image = engine.images().image(*found, lambda _: None)
        yield Place("docker", ["--docker-socket", str(engine.socket)], {"image": image}, engine)


def _pods(folders: pytest.TempPathFactory) -> Iterator[Place]:
    if not os.environ.get("MODELYARD_TEST_KUBERNETES"):  # the control plane is built once
        pytest.skip("Pods are tested by `make test-kubernetes`.")
    reason = why_no_cluster()
    assert reason is None, reason
    environment = an_environment(folders.mktemp("environments"), "numpy", "onnxruntime")
    with (
        a_cluster(folders.mktemp("cluster")) as cluster,
        a_kubelet(cluster, folders.mktemp("kubelet")) as kubelet,
    ):
        token = cluster.allow("limited")
        options = ["--kubernetes", str(cluster.kubeconfig(token, "limited"))]
        spec = {"image": "python:3.11-slim", "environment_dir": str(environment.environment_dir)}
        yield Place("kubernetes", options, spec, cluster=cluster, kubelet=kubelet)


@pytest.fixture
def node(place: Place, tmp_path: Path) -> Iterator[RunningNode]:
    with a_node(tmp_path / "test_drivers") as node:
        node.options = place.options
        yield node
    if place.cluster is not None:
        place.cluster.clear()


def predict(node: RunningNode, x: float = 1.0) -> httpx.Response:
    return node.client.post(f"{node.address}/invocations", json={"inputs": [x]})


def test_it_serves_shows_what_runs_and_leaves_nothing(
    place: Place, node: RunningNode, tmp_path: Path
) -> None:
    package = an_adding_package(tmp_path / "package", 3.0)
    node.want([place.server(package, engine="onnx")], [a_route(package, {FIRST: 100})])
    node.start()
    (seen,) = node.wait_ready()["servers"]
    answer = node.client.post(f"{node.address}/predict", json={"row": {"x": 1.0}})
    assert answer.json()["predictions"] == [4.0]
    assert seen["sandbox"] in {"bwrap", "landlock", "docker", "kubernetes"}
    assert Path(f"/proc/{place.pid(seen)}").is_dir()
    node.wait_until(lambda state: "ready: {" in str(state["servers"][0]["log_tail"]))
    node.want([], [])
    node.wait_until(lambda state: not state["servers"])
    node.wait_until(lambda _: not place.left(tmp_path))
    assert node.end() == 0


def test_a_killed_server_is_started_again_with_the_reason(
    place: Place, node: RunningNode, tmp_path: Path
) -> None:
    package = an_adding_package(tmp_path / "package", 3.0)
    node.want([place.server(package, engine="onnx")], [a_route(package, {FIRST: 100})])
    node.start()
    (server,) = node.wait_ready()["servers"]
    os.kill(place.pid(server), signal.SIGKILL)
    node.wait_until(lambda state: state["servers"][0]["state"] != "ready")
    refused = node.client.post(f"{node.address}/predict", json={"row": {"x": 1.0}})
    assert (refused.status_code, refused.json()["code"]) == (503, "inference.not_ready")
    (again,) = node.wait_ready()["servers"]
    assert again["restarts"] == 1
    assert "SIGKILL" in str(again["log_tail"])


def test_a_model_that_cannot_load_says_why_and_disturbs_nobody(
    place: Place, node: RunningNode, tmp_path: Path
) -> None:
    good = an_adding_package(tmp_path / "good", 4.0)
    code = "import os\ntoken = os.environ['TOKEN']\nprint('looking for weights with', token)\n"
    bad = a_code_package(tmp_path / "bad", f"{code}raise RuntimeError('no weights with ' + token)")
    variables = tmp_path / "variables.json"
    variables.write_text(json.dumps({"TOKEN": "hunter2-hunter2"}))
    hungry = a_code_package(tmp_path / "hungry", "b = bytearray(900_000_000)\npredict = len")
    specs = [place.server(good, engine="onnx"), place.server(bad, SECOND)]
    specs[1] = specs[1].model_copy(update={"environment_file": str(variables)})
    specs += [place.server(hungry, "c" * 32, limits=Limits(memory_mb=300))]
    node.want(specs, [a_route(good, {FIRST: 100})])
    node.start()

    def known(state: dict[str, Any]) -> dict[str, dict[str, Any]]:
        return {one["id"][0]: one for one in state["servers"]}

    def settled(state: dict[str, Any]) -> bool:
        tried = [name for name, one in known(state).items() if one["restarts"] > 0]
        return tried == ["b", "c"] and known(state)["a"]["state"] == "ready"

    state = node.wait_until(settled)
    assert known(state)["b"]["reason"] == "RuntimeError: no weights with [TOKEN]"
    assert "looking for weights with [TOKEN]" in str(known(state)["b"]["log_tail"])
    logs = [path.read_text() for path in (node.folder / "logs").iterdir()]
    assert "hunter2" not in "".join([*logs, json.dumps(state)])
    assert "emory" in known(state)["c"]["reason"]
    answer = node.client.post(f"{node.address}/predict", json={"row": {"x": 1.0}})
    assert answer.json()["predictions"] == [5.0]


def test_open_calls_are_answered_when_it_stops(
    place: Place, node: RunningNode, tmp_path: Path
) -> None:
    code = "import time\ndef predict(rows):\n time.sleep(2 if rows[0] == 9 else 0)\n return rows"
    package = a_code_package(tmp_path / "package", code)
    node.want([place.server(package)], [a_route(package, {FIRST: 100})])
    node.start()
    node.wait_ready()
    with ThreadPoolExecutor(1) as pool:
        open_call = pool.submit(predict, node, 9.0)
        time.sleep(0.7)
        assert node.end(signal.SIGTERM) == 0
        assert open_call.result().json()["predictions"] == [9.0]
    assert not place.left(tmp_path)


def test_a_killed_node_finds_its_servers_again(
    place: Place, node: RunningNode, tmp_path: Path
) -> None:
    package = a_code_package(tmp_path / "package", "def predict(rows):\n return rows * 2")
    unwanted = an_adding_package(tmp_path / "unwanted", 1.0)
    both = [place.server(package), place.server(unwanted, SECOND, engine="onnx")]
    node.want(both, [a_route(package, {FIRST: 100})])
    node.start()
    node.wait_ready(2)
    (before,) = [one for one in node.observed()["servers"] if one["id"] == FIRST]
    assert len(place.left(tmp_path)) >= 2
    pid = place.pid(before)
    node.end(signal.SIGKILL)
    if place.name == "process":  # the kernel takes them along
        node.wait_until(lambda _: not place.left(tmp_path), seconds=5)
    node.want(both[:1], [a_route(package, {FIRST: 100})])
    node.start()  # nothing but the files on disk: there is no control plane here at all
    (after,) = node.wait_ready()["servers"]
    assert predict(node, 2.0).json()["predictions"] == [4.0]
    # A container or pod outlives its node and keeps its model; a process dies with it.
    assert (place.pid(after) == pid) is (place.name != "process")
    node.wait_until(lambda _: not place.left(tmp_path / "unwanted", SECOND))
    os.kill(place.pid(after), signal.SIGKILL)
    node.wait_until(lambda state: state["servers"][0]["restarts"] == 1)
    node.wait_ready()


def test_attacks_that_succeed_outside_fail_inside(
    place: Place, node: RunningNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if place.kubelet is not None:
        pytest.skip("The walls are a real machine's kubelet and network; here is neither.")
    monkeypatch.setenv(attacks.VARIABLE, attacks.SECRET)
    for name in ("database", "neighbour", "outside"):
        (tmp_path / name).write_text("theirs")
    (tmp_path / "own.json").write_text('{"ITS_OWN": "told"}')
    files = tmp_path / "database", tmp_path / "neighbour", tmp_path / "model"
    targets = attacks.Targets(node.port, *files, tmp_path)
    asked = "def predict(rows):\n return [repr(attack()) + os.environ['ITS_OWN']] * len(rows)"
    package = a_code_package(tmp_path / "model", f"{targets.code()}\n{asked}")
    spec = place.server(package, environment_file=str(tmp_path / "own.json"))
    node.want([spec], [a_route(package, {FIRST: 100})])
    node.start()
    node.wait_until(lambda state: state["servers"])
    # Containers may start processes, up to their limit; sandboxed processes may start none.
    allowed = ["program"] if place.name == "docker" else []
    assert targets.succeeded_outside() == attacks.NAMES
    node.wait_ready()
    assert predict(node).json()["predictions"] == [f"{allowed}told"]
    assert (tmp_path / "outside").read_text() == "theirs"
    assert "attack network stopped by" in str(node.observed()["servers"][0]["log_tail"])
