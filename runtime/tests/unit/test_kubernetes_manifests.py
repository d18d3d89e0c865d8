"""What is asked of a cluster: valid for three Kubernetes versions, and restricted."""

import base64
import hashlib
import io
import json
import socket
import tarfile
import threading
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from modelyard_protocol.routing import Limits, Scaling, ServerSpec
from modelyard_runtime.drivers.kubernetes import boot, calling, greeting, manifests
from modelyard_runtime.drivers.kubernetes.calling import _Pieces
from modelyard_runtime.drivers.kubernetes.config import NotUsable, access
from modelyard_runtime.drivers.kubernetes.seeing import Pod, end_of, pod_of, refusal_of

PLACE = manifests.Place("n0de", "modelyard", ("10.1.0.0/16",), "code-1")
SECRET = b"s" * 32
KINDS = ["NetworkPolicy", "Secret", "Deployment", "Service"]


def a_spec(**changes: Any) -> ServerSpec:
    facts = {"id": "a" * 32, "label": "team/staging/churn@3", "engine": "sklearn"}
    facts |= {"model_dir": "/m", "python": "/p", "environment_dir": "/e"}
    facts |= {"image": "python:3.11-slim", "limits": Limits(memory_mb=700, cpus=0.5)}
    return ServerSpec(**facts | changes)


def rendered(spec: ServerSpec) -> dict[str, dict[str, Any]]:
    found = manifests.objects(PLACE, spec, SECRET, "v2", "v1")
    return {one["kind"]: one for one in found}


@pytest.mark.parametrize("version", ["1.25", "1.31", "1.37"])
@pytest.mark.parametrize("scaling", [None, Scaling(max_replicas=4)])
def test_every_object_fits_the_schemas_of_kubernetes(version: str, scaling: Scaling | None) -> None:
    spec = a_spec(scaling=scaling)
    own = manifests.objects(PLACE, spec, SECRET, "v2", "v1")
    wanted = [*KINDS, *(["HorizontalPodAutoscaler", "PodDisruptionBudget"] if scaling else [])]
    assert [one["kind"] for one in own] == wanted
    for one in [manifests.namespace(PLACE, spec), *own]:
        kubernetes_validate.validate(one, version, strict=True)


def test_the_access_that_the_guide_hands_out_fits_them_too() -> None:
    path = Path(__file__).parents[3] / "deploy" / "kubernetes" / "access.yaml"
    told = list(yaml.safe_load_all(path.read_text()))
    assert [one["kind"] for one in told][-1] == "ClusterRoleBinding"
    for one in told:
        kubernetes_validate.validate(one, "1.37", strict=True)


def test_pods_are_restricted_and_reach_nothing() -> None:
    own = rendered(a_spec())
    pod = own["Deployment"]["spec"]["template"]["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["enableServiceLinks"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] > 0
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    most = {"cpu": "500m", "memory": "700Mi"}
    for container in pod["initContainers"] + pod["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["resources"] == {"requests": most, "limits": most}
    mounts = {one["name"]: one["readOnly"] for one in pod["containers"][0]["volumeMounts"][::2]}
    assert mounts == {"files": True, "handed": True}
    wall = own["NetworkPolicy"]["spec"]
    assert wall["podSelector"]["matchLabels"].items() <= (
        own["Deployment"]["spec"]["template"]["metadata"]["labels"].items()
    )
    assert wall["policyTypes"] == ["Ingress", "Egress"]
    assert wall["egress"] == []
    (only,) = wall["ingress"]
    assert only["from"] == [{"ipBlock": {"cidr": "10.1.0.0/16"}}]
    assert only["ports"] == [{"protocol": "TCP", "port": manifests.PORT}]
    labels = manifests.namespace(PLACE, a_spec())["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


def test_secrets_stand_in_the_secret_and_nowhere_else(tmp_path: Path) -> None:
    (tmp_path / "own.json").write_text('{"TOKEN": "hunter2"}')
    own = rendered(a_spec(environment_file=str(tmp_path / "own.json")))
    data = own.pop("Secret")["data"]
    assert json.loads(base64.b64decode(data["environment.json"])) == {"TOKEN": "hunter2"}
    whole = json.dumps(list(own.values()))
    for secret in ("hunter2", SECRET.hex(), data["secret"], data["environment.json"]):
        assert secret not in whole


def test_replicas_are_ours_until_the_cluster_scales() -> None:
    assert rendered(a_spec())["Deployment"]["spec"]["replicas"] == 1
    fixed = a_spec(scaling=Scaling(min_replicas=3, max_replicas=3))
    assert rendered(fixed)["Deployment"]["spec"]["replicas"] == 3
    own = rendered(a_spec(scaling=Scaling(min_replicas=2, max_replicas=5)))
    assert "replicas" not in own["Deployment"]["spec"]
    scaler = own["HorizontalPodAutoscaler"]["spec"]
    assert (scaler["minReplicas"], scaler["maxReplicas"]) == (2, 5)
    assert scaler["scaleTargetRef"]["name"] == own["Deployment"]["metadata"]["name"]


def test_names_are_those_of_workspace_and_environment_and_never_collide() -> None:
    def name(label: str) -> str:
        return manifests.namespace_of("modelyard", a_spec(label=label))

    assert name("team/staging/churn@3") == "modelyard-team-staging"
    others = {name("team_a/prod/x@1"), name("team-a/prod/x@1"), name(f"{'t' * 80}/prod/x@1")}
    assert len(others) == 3
    assert all(len(one) <= 63 for one in others)
    replica = a_spec(id=f"{'a' * 32}.2")
    assert manifests.name_of("n", replica) == manifests.name_of("n", a_spec())


def test_a_pod_says_how_far_it_is() -> None:
    def waits(files: str, model: str, *conditions: dict[str, str]) -> str | None:
        status = {
            "conditions": list(conditions),
            "initContainerStatuses": [{"name": manifests.FETCH, "state": {files: {}}}],
            "containerStatuses": [{"name": manifests.CONTAINER, "state": {model: {}}}],
        }
        metadata = {"name": "p", "namespace": "n", "uid": "u"}
        return pod_of({"metadata": metadata, "status": status}).waits

    unplaced = {"type": "PodScheduled", "status": "False", "message": "Insufficient memory."}
    assert waits("waiting", "waiting", unplaced) == "the pod finds no machine: Insufficient memory."
    assert waits("waiting", "waiting") == "the pod gets its machine and image"
    assert waits("running", "waiting") == "the pod takes its files"
    assert waits("terminated", "waiting") == "the pod starts its model server"
    assert waits("terminated", "running") is None


def test_only_who_knows_the_secret_is_answered() -> None:
    offered = greeting.offer()
    answered = greeting.answer(SECRET, offered, greeting.NODE)
    purpose, code = greeting.accept(SECRET, offered, answered)
    assert purpose == greeting.NODE
    greeting.check(SECRET, offered, answered, code)
    with pytest.raises(greeting.Stranger):
        greeting.accept(b"x" * 32, offered, answered)
    with pytest.raises(greeting.Stranger):
        greeting.accept(SECRET, greeting.offer(), answered)  # heard before, said again
    with pytest.raises(greeting.Stranger):
        greeting.check(b"x" * 32, offered, answered, code)
    with pytest.raises(greeting.Stranger):
        greeting.answer(SECRET, b"HTTP/1.1 400 Bad Request" + bytes(20), greeting.NODE)


@pytest.mark.parametrize("is_changed", [False, True])
def test_a_pod_takes_only_the_files_that_the_node_vouches_for(
    tmp_path: Path, is_changed: bool
) -> None:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        entry = tarfile.TarInfo("model/MLmodel")
        entry.size = 5
        archive.addfile(entry, io.BytesIO(b"flavo"))
    ours, theirs = socket.socketpair()
    offered = greeting.offer()

    def send() -> None:
        with ours:
            pieces = _Pieces(ours)
            pieces.write(content.getvalue())
            digest = hashlib.sha256(b"other").digest() if is_changed else pieces.digest.digest()
            ours.sendall(bytes(4) + greeting.seal(SECRET, offered, digest))

    sender = threading.Thread(target=send)
    sender.start()
    with theirs:
        if is_changed:
            with pytest.raises(boot.Refused, match="SHA-256"):
                boot.unpack(theirs, SECRET, offered, tmp_path / "part")
        else:
            boot.unpack(theirs, SECRET, offered, tmp_path / "part")
            assert (tmp_path / "part" / "model" / "MLmodel").read_bytes() == b"flavo"
    sender.join()


def test_a_pod_that_does_not_listen_yet_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    monkeypatch.setattr(calling, "PORT", port)
    refused = threading.Event()
    connect = socket.socket.connect

    class Watched(socket.socket):
        def connect(self, address: Any) -> None:
            try:
                connect(self, address)
            except ConnectionRefusedError:
                refused.set()
                raise

    monkeypatch.setattr(calling.socket, "socket", Watched)

    def listen() -> None:
        assert refused.wait(60)
        with socket.create_server(("127.0.0.1", port)) as listener:
            listener.accept()[0].close()

    pod = threading.Thread(target=listen)
    pod.start()
    calling._reached("127.0.0.1").close()
    pod.join()


def test_a_kubeconfig_says_who_and_where_or_why_not(tmp_path: Path) -> None:
    told = {
        "current-context": "it",
        "clusters": [{"name": "c", "cluster": {"server": "http://10.0.0.1:8080/"}}],
        "users": [{"name": "u", "user": {"tokenFile": "token"}}],
        "contexts": [{"name": "it", "context": {"cluster": "c", "user": "u"}}],
    }
    path = tmp_path / "config"
    path.write_text(yaml.safe_dump(told))
    (tmp_path / "token").write_text("first\n")
    found = access(str(path))
    assert (found.url, found.headers()["Authorization"]) == ("http://10.0.0.1:8080", "Bearer first")
    (tmp_path / "token").write_text("second\n")
    assert found.headers()["Authorization"] == "Bearer second"
    told["users"] = [{"name": "u", "user": {"exec": {"command": "aws"}}}]
    path.write_text(yaml.safe_dump(told))
    refused = {str(path): "program", str(tmp_path / "none"): "read", "in-cluster": "no pod"}
    for where, said in refused.items():
        with pytest.raises(NotUsable, match=said):
            access(where)


def test_what_the_cluster_says_is_said_in_words() -> None:
    quota = {"type": "ReplicaFailure", "status": "True", "message": "exceeded quota: q"}
    assert "quota does not allow" in str(refusal_of({"status": {"conditions": [quota]}}))
    walls = quota | {"message": "pods are forbidden: violates PodSecurity"}
    assert "Pod Security refuses" in str(refusal_of({"status": {"conditions": [walls]}}))
    waiting = {"waiting": {"reason": "ErrImagePull", "message": "not found"}}
    told: dict[str, Any] = {
        "metadata": {"name": "p", "namespace": "n", "uid": "u"},
        "status": {"initContainerStatuses": [{"name": manifests.FETCH, "state": waiting}]},
    }
    assert "ErrImagePull" in str(pod_of(told).trouble)
    ended = {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}
    own = [{"name": manifests.CONTAINER, "state": ended, "restartCount": 1}]
    told["status"] = {"containerStatuses": own}
    assert "more than 300 MB" in end_of(pod_of(told), 300)
    assert "removed" in end_of(None, 300)


def test_how_a_container_has_ended_is_told_with_what_it_left_and_not_of_the_one_before() -> None:
    left = {"terminated": {"exitCode": 3, "reason": "Error", "message": "MemoryError: none left"}}

    def seen(state: str, restarts: int, last: dict[str, Any] | None = None) -> Pod:
        own = {"name": manifests.CONTAINER, "restartCount": restarts, "lastState": last or {}}
        own["state"] = left if state == "terminated" else {state: {"reason": "CrashLoopBackOff"}}
        status = {"phase": "Running", "containerStatuses": [own]}
        return pod_of({"metadata": {"name": "p", "namespace": "n", "uid": "u"}, "status": status})

    assert end_of(seen("terminated", 0), 300) == "MemoryError: none left"
    assert seen("terminated", 0).has_ended(0)
    assert seen("waiting", 0, left).has_ended(0)  # a real cluster counts when it starts the next
    assert seen("running", 1, left).has_ended(0)
    assert not seen("running", 1, left).has_ended(1)
    assert not seen("running", 0).has_ended(0)
    assert "starts the model server again" in str(seen("waiting", 1, left).waits)
