"""Register, deploy, call, update, roll back: with real packages, the sandbox and a real node."""

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import delete
from starlette.testclient import TestClient
from tests.make.deployments import replaced
from tests.make.fixtures import Platform, TeamSpace
from tests.make.registry import a_real_package, model_id, registered

from modelyard_server.adapters.compute.local import LocalNode
from modelyard_server.deployments.ports import ComputeDriver
from modelyard_server.kernel import jobs
from modelyard_server.settings import Settings
from modelyard_server.traffic import service as traffic

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def platform(sqlite_platform: Platform) -> Platform:
    return sqlite_platform  # what differs by database is tested elsewhere; this starts processes


@pytest.fixture
def node(platform: Platform, tmp_path: Path) -> Iterator[LocalNode]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        made = LocalNode(Settings(data_dir=tmp_path, gateway_port=probe.getsockname()[1]))
    with replaced(platform, ComputeDriver, made):
        made.start()
        yield made
        made.stop()


def _work(platform: Platform) -> None:
    """Run what is due, without the registry's own checks, which have their own tests."""
    with platform.database.platform_session() as db:
        db.execute(delete(jobs.Job).where(jobs.Job.kind == "registry.check_version"))
    worker = jobs.Worker(platform.database, platform.services)
    while worker.run_one():
        pass


def _post(client: TestClient, path: str, body: Any) -> Any:
    answer = client.post(f"/api/v1{path}", json=body)
    assert answer.status_code < 300, answer.text
    return answer.json()


def _call(node: LocalNode, path: str, key: str, body: Any) -> httpx.Response:
    observed = node.observed()
    assert observed is not None
    url = f"http://127.0.0.1:{observed.port}{path}"
    return httpx.post(
        url, json=body, headers={"Authorization": f"Bearer {key}"}, trust_env=False, timeout=60
    )


def _follows(platform: Platform, node: LocalNode) -> None:
    """Wait until the node serves what is committed."""
    generation, end = traffic.publish(platform.services), time.monotonic() + 10
    while (node.observed() or node.desired()).generation < generation:
        assert time.monotonic() < end
        time.sleep(0.02)


def test_from_registration_to_rollback_with_a_refused_version_in_between(
    platform: Platform, workspace: TeamSpace, node: LocalNode, tmp_path: Path
) -> None:
    client = workspace.client("developer")
    files = a_real_package(tmp_path / "m")
    registered(client, "churn", files)
    known = str(model_id(client, "churn"))
    deployment = _post(client, "/serving/deploy", {"model_id": known, "use_auto_config": True})
    _work(platform)

    here = f"/deployments/{deployment['id']}"
    shown = client.get(f"/api/v1{here}").json()
    assert shown["status"] == "ready", shown
    assert shown["live_revision"]["sandbox"] in {"bwrap", "landlock"}
    lane = shown["live_revision"]["lane"]
    assert (lane["engine"], lane["state"], lane["reason"]) == ("onnx", "compiled", None)
    assert lane["probes"] > 100
    assert lane["row_ms"] < lane["original_row_ms"]

    key = _post(client, f"{here}/keys", {"name": "test"})["key"]
    _follows(platform, node)
    address = f"/{workspace.slug}/staging/churn"
    rows = [{"x": 0.0, "y": 1.0}, {"x": 3.0, "y": 0.0}]
    typed = _call(node, f"{address}/predict", key, {"rows": rows})
    mlflow = _call(node, f"{address}/invocations", key, {"dataframe_records": rows})
    tensors = [
        {"name": name, "shape": [2], "datatype": "FP64", "data": [row[name] for row in rows]}
        for name in ("x", "y")
    ]
    v2 = _call(node, f"{address}/v2/models/churn/infer", key, {"inputs": tensors})
    assert typed.json()["predictions"] == mlflow.json()["predictions"] == [0, 1]
    assert v2.json()["outputs"][0]["data"] == [0, 1]
    assert _call(node, f"{address}/predict", "myk_x_y", {"rows": rows}).status_code == 401
    tried = _post(client, f"{here}/try", {"body": {"rows": rows}})
    assert (tried["status"], tried["body"]["predictions"]) == (200, [0, 1])
    pinned = _post(client, f"{here}/try", {"version": 1, "body": {"rows": rows}})
    assert (pinned["status"], pinned["headers"]["x-model-version"]) == (200, "1")
    absent = _post(client, f"{here}/try", {"version": 2, "body": {"rows": rows}})
    assert (absent["status"], absent["body"]["code"]) == (404, "inference.version_not_served")
    passed_on = client.post(f"/api/v1{here}/try/stream", json={"body": {"stream": True}})
    assert (passed_on.status_code, passed_on.json()["code"]) == (404, "inference.not_found")
    wrong = _call(node, f"{address}/predict", key, {"rows": [{"x": "far", "y": 1.0}]})
    assert (wrong.status_code, wrong.json()["fields"][0]["column"]) == (422, "x")
    sent = client.post(
        f"/api/v1{here}/batches/file",
        params={"file_name": "rows.csv", "version": 1},
        content=b"id,x,y\na,0,1\nb,far,1\nc,3,0\n",
    )
    _work(platform)
    batch = f"/api/v1/batches/{sent.json()['id']}"
    assert client.get(batch).json()["error"] is None
    scored = client.get(f"{batch}/results", params={"format": "jsonl"}).text.splitlines()
    assert [json.loads(one)["prediction"] for one in scored] == [0, 1]
    assert [json.loads(one)["input"]["id"] for one in scored] == ["a", "c"]

    described = {**json.loads(files["MLmodel"]), "metadata": {"example_prediction": [0, 1]}}
    registered(client, "churn", {**files, "MLmodel": json.dumps(described).encode()})
    _post(client, f"{here}/revisions", {"version": 2})
    _work(platform)
    shown = client.get(f"/api/v1{here}").json()
    refused = shown["latest_revision"]
    assert (shown["status"], shown["live_revision"]["version"]) == ("ready", 1)
    assert (refused["status"], refused["steps"][2]["status"]) == ("failed", "failed")
    assert refused["differences"][0]["row"] == 1
    assert _call(node, f"{address}/predict", key, {"rows": rows}).status_code == 200

    registered(client, "churn", a_real_package(tmp_path / "n"))
    _post(client, f"{here}/revisions", {})
    _work(platform)
    assert _call(node, f"{address}/predict", key, {"rows": rows}).json()["version"] == 3
    _post(client, f"{here}/rollback", {})
    _work(platform)
    answer = _call(node, f"{address}/predict", key, {"rows": rows})
    assert (answer.json()["version"], answer.headers["X-Modelyard-Revision"]) == (1, "4")
    live = client.get(f"/api/v1{here}").json()["live_revision"]
    assert "since an earlier revision" in live["steps"][2]["detail"]
    assert live["lane"]["state"] == "compiled"  # at once: the graph needs no model server
    end = time.monotonic() + 30
    while not any("ready" in one for one in client.get(f"/api/v1{here}/logs").json()["lines"]):
        assert time.monotonic() < end
        time.sleep(0.1)
