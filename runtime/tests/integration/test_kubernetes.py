"""Pods of a real control plane, beyond what every driver does: refusals, rivals, and scaling."""

import asyncio
import json
import os
import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.make.clusters import Cluster, a_cluster, why_no_cluster
from tests.make.engines import an_environment
from tests.make.kubelets import FakeKubelet, a_kubelet
from tests.make.nodes import RunningNode, a_node, a_route, a_server
from tests.make.packages import a_code_package, an_adding_package

from modelyard_protocol.routing import Scaling, ServerSpec
from modelyard_runtime.drivers.kubernetes import config
from modelyard_runtime.drivers.kubernetes.check import obstacle
from modelyard_runtime.drivers.kubernetes.manifests import PORT

pytestmark = [pytest.mark.kubernetes, pytest.mark.timeout(600)]
NAMESPACE = "modelyard-team-production"
DEPLOYMENTS = "/apis/apps/v1/deployments"
FIRST = "a" * 32


@dataclass
class World:
    """A cluster, its one machine, and an environment that pods are filled with."""

    cluster: Cluster
    kubelet: FakeKubelet
    environment_dir: str

    def server(self, package: Path, **changes: Any) -> ServerSpec:
        facts = {"driver": "kubernetes", "image": "python:3.11-slim", "engine": "onnx"}
        facts["environment_dir"] = self.environment_dir
        return a_server(package, FIRST, **facts | changes)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    if not os.environ.get("MODELYARD_TEST_KUBERNETES"):
        pytest.skip("Pods are tested by `make test-kubernetes`.")
    reason = why_no_cluster()
    assert reason is None, reason
    made = an_environment(tmp_path_factory.mktemp("environments"), "numpy", "onnxruntime")
    with (
        a_cluster(tmp_path_factory.mktemp("cluster")) as cluster,
        a_kubelet(cluster, tmp_path_factory.mktemp("kubelet")) as kubelet,
    ):
        yield World(cluster, kubelet, str(made.environment_dir))


@pytest.fixture
def node(world: World, tmp_path: Path) -> Iterator[RunningNode]:
    with a_node(tmp_path / "node") as node:
        named = world.cluster.kubeconfig(world.cluster.allow("limited"), "limited")
        node.options = ["--kubernetes", str(named)]
        yield node
    world.cluster.clear()


def predict(node: RunningNode) -> httpx.Response:
    return node.client.post(f"{node.address}/predict", json={"row": {"x": 1.0}})


def reason(state: dict[str, Any]) -> str:
    return str(state["servers"][0]["reason"]) if state["servers"] else ""


def test_without_a_cluster_or_its_leave_it_says_so(
    world: World, node: RunningNode, tmp_path: Path
) -> None:
    package = an_adding_package(tmp_path / "package", 3.0)
    node.want([world.server(package)], [a_route(package, {FIRST: 100})])
    stranger = world.cluster.kubeconfig("nobody's token", "stranger")
    node.start(["--kubernetes", str(stranger)])  # the last one counts
    node.wait_until(lambda state: "does not accept our credentials" in reason(state))
    node.end()
    told = stranger.read_text().replace(world.cluster.url, "https://127.0.0.1:9")
    stranger.write_text(told)
    node.start(["--kubernetes", str(stranger)])
    node.wait_until(lambda state: "does not answer" in reason(state))
    node.end()
    with world.cluster.http() as http:
        http.delete("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/modelyard")
    node.start()
    node.wait_until(lambda state: "does not allow it" in reason(state))
    world.cluster.allow("limited")
    node.wait_ready()
    assert predict(node).json()["predictions"] == [4.0]


def test_a_quota_and_an_unknown_image_are_named_and_waited_for(
    world: World, node: RunningNode, tmp_path: Path
) -> None:
    package = an_adding_package(tmp_path / "package", 3.0)
    image = "registry.example.com/unknown:1"
    world.kubelet.refused_images.add(image)
    quota = {"metadata": {"name": "none"}, "spec": {"hard": {"pods": "0"}}}
    path = f"/api/v1/namespaces/{NAMESPACE}/resourcequotas"
    with world.cluster.http() as http:
        http.post("/api/v1/namespaces", json={"metadata": {"name": NAMESPACE}})
        assert http.post(path, json=quota).is_success
        node.want([world.server(package, image=image)], [a_route(package, {FIRST: 100})])
        node.start()
        node.wait_until(lambda state: "quota does not allow" in reason(state))
        assert http.delete(f"{path}/none").is_success
    node.wait_until(lambda state: "ErrImagePull" in reason(state), seconds=90)
    world.kubelet.refused_images.clear()
    node.wait_ready()
    assert predict(node).json()["predictions"] == [4.0]


def test_what_somebody_else_has_changed_is_not_overruled(
    world: World, node: RunningNode, tmp_path: Path
) -> None:
    package = an_adding_package(tmp_path / "package", 3.0)
    spec = world.server(package)
    node.want([spec], [a_route(package, {FIRST: 100})])
    node.start()
    node.wait_ready()
    (made,) = world.cluster.items(DEPLOYMENTS)
    name = made["metadata"]["name"]
    path = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/{name}"
    rival = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {"replicas": 2},
    }
    with world.cluster.http() as http:
        answer = http.patch(
            path,
            params={"fieldManager": "argo", "force": "true"},
            headers={"Content-Type": "application/apply-patch+yaml"},
            content=json.dumps(rival),
        )
        assert answer.is_success, answer.text
        node.end(9)
        node.start()
        node.wait_until(lambda state: "changed by argo" in reason(state))
        assert http.get(path).json()["spec"]["replicas"] == 2
    node.want([], [])
    node.wait_until(lambda state: not state["servers"])
    node.wait_until(lambda _: not world.cluster.kinds() & {"Deployment"})


def test_it_follows_the_clusters_scaler_and_leaves_nothing_behind(
    world: World, node: RunningNode, tmp_path: Path
) -> None:
    package = an_adding_package(tmp_path / "package", 3.0)
    scaling = Scaling(min_replicas=1, max_replicas=3)
    node.want([world.server(package, scaling=scaling)], [a_route(package, {FIRST: 100})])
    node.start()
    node.wait_ready()
    assert len(world.cluster.kinds()) == 6
    (made,) = world.cluster.items(DEPLOYMENTS)
    path = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/{made['metadata']['name']}/scale"

    def scale(count: int) -> None:
        """Do what the cluster's scaler does when it has measurements."""
        body = {"spec": {"replicas": count}}
        headers = {"Content-Type": "application/merge-patch+json"}
        with world.cluster.http() as http:
            assert http.patch(path, content=json.dumps(body), headers=headers).is_success
        node.wait_until(
            lambda state: (
                state["servers"][0]["state"] == "ready" and state["servers"][0]["replicas"] == count
            )
        )

    answers: list[int] = []
    is_over = False

    def call() -> None:
        while not is_over:
            answers.append(predict(node).status_code)
            time.sleep(0.01)

    with ThreadPoolExecutor(1) as pool:
        calling = pool.submit(call)
        scale(3)
        scale(2)
        is_over = True
        calling.result()
    assert set(answers) == {200}
    node.want([], [])
    node.wait_until(lambda state: not state["servers"])
    node.wait_until(lambda _: not world.cluster.kinds())


def test_the_check_names_what_is_missing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    account = world.cluster.folder / "account"
    account.mkdir()
    (account / "token").write_text(f"limited-{world.cluster.token}\n")
    (account / "ca.crt").write_bytes(world.cluster.authority.read_bytes())
    monkeypatch.setattr(config, "_ACCOUNT", account)  # as if this were a pod
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(world.cluster.port))
    world.cluster.allow("limited")
    assert asyncio.run(obstacle("in-cluster")) is None
    with world.cluster.http() as http:
        http.delete("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/modelyard")
    assert "may not list pods" in str(asyncio.run(obstacle("in-cluster")))


def test_strangers_are_turned_away_by_pods(world: World, node: RunningNode, tmp_path: Path) -> None:
    package = an_adding_package(tmp_path / "package", 3.0)
    node.want([world.server(package)], [a_route(package, {FIRST: 100})])
    node.start()
    node.wait_ready()
    (pod,) = [one for one in world.kubelet.pods.values() if not one.is_leaving]
    with socket.create_connection((pod.address, PORT), timeout=30) as stranger:
        assert stranger.recv(64)
        stranger.sendall(b"n" + bytes(64))
        assert stranger.recv(64) == b""
    assert predict(node).json()["predictions"] == [4.0]


def test_a_model_that_fails_while_no_node_is_there_is_told_to_the_next_node(
    world: World, node: RunningNode, tmp_path: Path
) -> None:
    code = "import pathlib, time\nprint('looking for weights')\n"
    code += "while not pathlib.Path('/tmp/go').exists():\n time.sleep(0.01)\n"
    code += "raise RuntimeError('no weights here')"
    package = a_code_package(tmp_path / "package", code)
    node.want([world.server(package, engine="sklearn")], [a_route(package, {FIRST: 100})])
    node.start()
    node.wait_until(lambda state: "looking for weights" in str(state["servers"]))
    node.end(signal.SIGKILL)
    pid = world.kubelet.model_pid(FIRST)
    assert pid is not None
    for pod in world.kubelet.folder.iterdir():
        (pod / "tmp" / "go").touch()
    node.wait_until(lambda _: world.kubelet.model_pid(FIRST) != pid)
    node.start()
    state = node.wait_until(lambda state: state["servers"] and state["servers"][0]["restarts"])
    assert reason(state) == "RuntimeError: no weights here"
