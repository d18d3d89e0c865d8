"""A model through the whole product into pods: deployed, called, promoted, rolled back, removed."""

import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from modelyard_protocol.routing import ObservedState
from tests.make.clusters import Cluster, a_cluster, why_no_cluster
from tests.make.installation import an_installation, wait_for
from tests.make.journey import Member, an_owner, predict
from tests.make.kubelets import FakeKubelet, a_kubelet

pytestmark = [pytest.mark.e2e, pytest.mark.kubernetes, pytest.mark.timeout(1800)]
IMAGE = "python:3.11-slim"
IN_PODS = {"policy": {"driver": "kubernetes"}}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    if not os.environ.get("MODELYARD_TEST_KUBERNETES"):
        pytest.skip("Pods are tested by `make test-kubernetes`.")
    reason = why_no_cluster()
    assert reason is None, reason
    with a_cluster(tmp_path_factory.mktemp("cluster")) as made:
        yield made


@pytest.fixture(scope="module")
def kubelet(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeKubelet]:
    with a_kubelet(cluster, tmp_path_factory.mktemp("kubelet")) as made:
        yield made


@pytest.fixture(scope="module")
def owner(
    cluster: Cluster, kubelet: FakeKubelet, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Member]:
    config = cluster.kubeconfig(cluster.allow("limited"), "limited")
    settings = {"MODELYARD_KUBERNETES": str(config)}
    with an_installation(tmp_path_factory.mktemp("installation"), **settings) as made:
        yield an_owner(made)


def _deployments(cluster: Cluster) -> list[dict[str, Any]]:
    return cluster.items("/apis/apps/v1/deployments")


def _observed(owner: Member) -> ObservedState:
    text = (owner.installation.folder / "data/node/observed.json").read_text()
    return ObservedState.model_validate_json(text)


def _await_an_answer_of_the_pod(owner: Member, url: str, key: str) -> None:
    """Call until a call was repeated in the pod, and answered there as by the version's graph.

    The graph answers in the gateway, also before there is a pod.
    """

    def has_answered() -> bool:
        assert predict(url, key).status_code == 200
        return any(one.compared > 0 for one in _observed(owner).servers)

    wait_for(has_answered, 200, lambda: str(_observed(owner)))


def test_an_environment_in_pods_serves_survives_moves_and_leaves_nothing(
    owner: Member, cluster: Cluster, kubelet: FakeKubelet
) -> None:
    offered = {one["name"]: one["obstacle"] for one in owner.get("/serving/drivers")}
    assert offered["kubernetes"] is None
    owner.run_example("quickstart.py")
    for environment in ("dev", "staging"):
        changed = owner.http.patch(f"/environments/{environment}", json=IN_PODS)
        assert changed.status_code == 200, changed.text
    model = owner.get("/models")["items"][0]["name"]
    body = {"model_id": owner.model(model)["id"], "use_auto_config": True, "environment": "dev"}
    kubelet.refused_images.add(IMAGE)
    made = owner.until_live(owner.post("/serving/deploy", body)["id"], seconds=400)
    address = f"/deployments/{made['id']}"
    assert made["live_revision"]["driver"] == "kubernetes"
    key = owner.a_key(made["id"])

    def told() -> str:
        return str(owner.get(address)["status_reason"])

    wait_for(
        lambda: "original engine does not run" in told() and "ErrImagePull" in told(), 90, told
    )
    assert predict(made["url"], key).status_code == 200  # by its graph
    kubelet.refused_images.clear()
    _await_an_answer_of_the_pod(owner, made["url"], key)
    wait_for(lambda: told() == "None", 60, told)
    (first,) = _deployments(cluster)
    assert first["metadata"]["namespace"] == "modelyard-team-dev"
    pid = kubelet.model_pid(first["metadata"]["labels"]["modelyard.dev/server"])

    killed = _observed(owner).node_pid
    os.kill(killed, signal.SIGKILL)
    wait_for(lambda: _observed(owner).node_pid != killed, 60, lambda: str(_observed(owner)))
    wait_for(
        lambda: [str(one.state) for one in _observed(owner).servers] == ["ready"],
        60,
        lambda: str(_observed(owner)),
    )
    _await_an_answer_of_the_pod(owner, made["url"], key)
    assert kubelet.model_pid(first["metadata"]["labels"]["modelyard.dev/server"]) == pid

    owner.run_example("quickstart.py", "--C", "0.01")
    owner.post(f"{address}/revisions", {"version": 2})
    owner.until_live(made["id"], version=2, seconds=400)
    assert predict(made["url"], key).json()["version"] == 2
    owner.post(f"{address}/rollback", {"reason": "as it was"})
    owner.until_live(made["id"], version=1, seconds=400)
    assert predict(made["url"], key).json()["version"] == 1

    promoted = owner.post(f"{address}/promote", {"environment": "staging"})
    there = owner.until_live(promoted["id"], seconds=400)
    assert predict(there["url"], owner.a_key(promoted["id"])).status_code == 200
    both = {"modelyard-team-dev", "modelyard-team-staging"}

    def namespaces() -> set[str]:
        return {str(one["metadata"]["namespace"]) for one in _deployments(cluster)}

    wait_for(lambda: namespaces() == both, 60, lambda: str(_deployments(cluster)))

    for one in (made, promoted):
        owner.post(f"/deployments/{one['id']}/stop")
    wait_for(lambda: not _deployments(cluster), 60, lambda: str(_deployments(cluster)))
