"""The main job over HTTP, with the examples and the command line a user has."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.make.installation import ROOT, SOURCES, Installation, an_installation, wait_for
from tests.make.journey import Member, a_second_tenant, an_owner, example_row, predict

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with an_installation(tmp_path_factory.mktemp("installation")) as made:
        yield made


@pytest.fixture(scope="module")
def owner(installation: Installation) -> Member:
    made = an_owner(installation)
    made.run_example("quickstart.py")
    return made


@pytest.fixture(scope="module")
def deployment(owner: Member) -> dict[str, Any]:
    return owner.deploy("breast-cancer")


@pytest.fixture(scope="module")
def key(owner: Member, deployment: dict[str, Any]) -> str:
    return owner.a_key(deployment["id"])


def _modelyard(owner: Member, *arguments: str) -> str:
    environment = {
        **os.environ,
        "PYTHONPATH": SOURCES,
        "MODELYARD_URL": owner.installation.url,
        "MODELYARD_TOKEN": owner.token,
    }
    done = subprocess.run(
        [sys.executable, "-m", "modelyard", *arguments],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _drift(owner: Member, deployment: dict[str, Any]) -> Any:
    return owner.get(f"/deployments/{deployment['id']}/drift", window="1h")


def _fleet(owner: Member, deployment: dict[str, Any]) -> Any:
    rows = owner.get("/fleet", range="1h")["rows"]
    return next(row for row in rows if row["deployment_id"] == deployment["id"])


def test_quickstart_shows_run_curve_artifacts_and_version(owner: Member) -> None:
    experiment = next(e for e in owner.get("/experiments")["items"] if e["name"] == "breast-cancer")
    summary = owner.get(f"/experiments/{experiment['id']}/runs")["items"][0]
    run = owner.get(f"/runs/{summary['id']}")
    curve = owner.get(f"/runs/{run['id']}/metrics", key="test_log_loss")
    files = owner.get(f"/runs/{run['id']}/artifacts")

    assert run["status"] == "FINISHED"
    assert run["params"]["logisticregression__C"] == "1.0"  # by autolog
    assert run["metrics"]["test_accuracy"] > 0.9
    assert [point["step"] for point in curve["points"]] == list(range(7))
    assert any(f["path"] == "datasets" and f["is_dir"] for f in files)
    assert run["datasets"][0]["role"] == "training"
    assert run["registered_versions"][0]["version"] == 1


def test_every_check_of_the_version_passes(owner: Member) -> None:
    model = owner.model("breast-cancer")

    def checks() -> dict[str, str]:
        version = owner.get(f"/models/{model['id']}/versions/1")
        return {c["name"]: c["status"] for c in version["checks"]}

    wait_for(lambda: set(checks().values()) <= {"passed"}, 60, lambda: str(checks()))
    assert set(checks()) == {"package", "environment", "prediction"}


def test_auto_config_says_why(owner: Member) -> None:
    picked = owner.post("/serving/auto-config", {"model_id": owner.model("breast-cancer")["id"]})

    assert picked["engine"] == "sklearn"
    assert {"engine", "memory_gb", "environment"} <= {r["field"] for r in picked["reasons"]}
    assert all(r["text"] for r in picked["reasons"])


def test_three_protocols_give_the_same_prediction(deployment: dict[str, Any], key: str) -> None:
    row = example_row()
    headers = {"Authorization": f"Bearer {key}"}
    split = {"dataframe_split": {"columns": list(row), "data": [list(row.values())]}}
    tensors = [
        {"name": name, "shape": [1], "datatype": "FP64", "data": [value]}
        for name, value in row.items()
    ]
    oip = f"{deployment['url']}/v2/models/{deployment['name']}/infer"

    typed = predict(deployment["url"], key)
    scored = httpx.post(f"{deployment['url']}/invocations", json=split, headers=headers, timeout=60)
    inferred = httpx.post(oip, json={"inputs": tensors}, headers=headers, timeout=60)

    assert typed.json()["predictions"] == [0]
    assert scored.json()["predictions"] == [0]
    assert inferred.json()["outputs"][0]["data"] == [0]


def test_wrong_input_names_row_and_column(deployment: dict[str, Any], key: str) -> None:
    answer = predict(deployment["url"], key, {**example_row(), "mean area": "large"})

    assert answer.status_code == 422
    assert answer.headers["content-type"].startswith("application/problem+json")
    place = answer.json()["fields"][0]
    assert (place["row"], place["column"]) == (0, "mean area")


@pytest.mark.parametrize("presented", ["nothing", "myk_wrong_wrong", "mlp_a_b_c"])
def test_wrong_key_and_unknown_address_look_the_same(
    deployment: dict[str, Any], presented: str
) -> None:
    here = predict(deployment["url"], presented)
    nowhere = predict(deployment["url"] + "-nowhere", presented)

    assert here.status_code == nowhere.status_code == 401
    assert here.json()["code"] == nowhere.json()["code"]


def test_traffic_like_the_training_data_is_ok_and_counted(
    owner: Member, deployment: dict[str, Any], key: str
) -> None:
    owner.run_example("replay.py", "--url", deployment["url"], "--key", key, "--seed", "1")

    wait_for(
        lambda: _drift(owner, deployment)["verdict"] == "ok",
        30,
        lambda: str(_drift(owner, deployment)),
    )
    assert _drift(owner, deployment)["baseline"] == "training"
    wait_for(
        lambda: _fleet(owner, deployment)["requests"] >= 500,
        30,
        lambda: str(_fleet(owner, deployment)),
    )
    fleet = _fleet(owner, deployment)
    assert 0 < fleet["p50_ms"] <= fleet["p95_ms"] <= fleet["p99_ms"]
    latest = owner.get(f"/deployments/{deployment['id']}/predictions", limit=1)["items"][0]
    assert latest["inputs"][0]["mean radius"] > 0
    assert latest["outputs"][0] in {0, 1}


def test_true_labels_of_the_traffic_show_how_often_the_model_is_right(
    owner: Member, deployment: dict[str, Any], key: str
) -> None:
    replay = ("replay.py", "--url", deployment["url"], "--key", key, "--seed", "3")
    printed = owner.run_example(*replay, "--rows", "150", "--outcomes")
    outcomes = f"/deployments/{deployment['id']}/quality"

    def total() -> Any:
        return owner.get(outcomes, range="24h")["total"]

    assert "Outcomes: 150 sent" in printed
    wait_for(lambda: total()["n"] == 150, 30, lambda: str(total()))
    accuracy = total()["measures"][0]
    assert accuracy["name"] == "accuracy"
    assert 0.9 < accuracy["low"] < accuracy["value"] <= accuracy["high"] <= 1
    assert 0 < total()["coverage"] <= 1
    series = httpx.get(
        f"{owner.installation.url}/metrics",
        headers={"Authorization": f"Bearer {owner.token}"},
        timeout=60,
    ).text
    assert re.search(
        r'^modelyard_endpoint_requests_total\{.*status="2xx"\} \d+$', series, re.MULTILINE
    )
    assert re.search(r"^modelyard_node_up\{.*\} 1$", series, re.MULTILINE)


def test_shifted_traffic_changes_the_verdict_and_names_the_columns(
    owner: Member, deployment: dict[str, Any], key: str
) -> None:
    replay = ("replay.py", "--url", deployment["url"], "--key", key, "--drift", "--seed", "2")
    owner.run_example(*replay)

    wait_for(
        lambda: _drift(owner, deployment)["verdict"] == "drifting",
        30,
        lambda: str(_drift(owner, deployment)),
    )

    def shape() -> Any:
        address = f"/deployments/{deployment['id']}/drift/distribution"
        return owner.get(address, feature="mean area", window="1h")

    wait_for(lambda: shape()["n_current"] >= 1000, 30, lambda: str(shape()))
    drifting = {
        f["feature"] for f in _drift(owner, deployment)["features"] if f["status"] == "drifting"
    }
    assert "mean area" in drifting
    assert "mean smoothness" not in drifting
    assert sum(b["current_share"] for b in shape()["bins"]) == pytest.approx(1, abs=0.01)


def test_command_line_ships_a_second_version_and_rolls_back(
    owner: Member, deployment: dict[str, Any], key: str
) -> None:
    owner.run_example("quickstart.py", "--C", "0.01")

    _modelyard(owner, "deployment", "update", "staging/breast-cancer")
    second = predict(deployment["url"], key).json()["version"]
    _modelyard(owner, "deployment", "rollback", "breast-cancer")
    back = predict(deployment["url"], key).json()["version"]

    assert (second, back) == (2, 1)
    history = owner.get(f"/deployments/{deployment['id']}/revisions")
    assert [r["version"] for r in history] == [1, 2, 1]


def test_audit_log_has_every_action(owner: Member) -> None:
    actions = {e["action"] for e in owner.get("/audit", limit=200)["items"]}

    assert {
        "deployment.create",
        "deployments.roll_back",
        "registry.create_model",
        "registry.create_version",
        "traffic.create_key",
    } <= actions


def test_second_tenant_sees_none_of_it(
    installation: Installation, owner: Member, deployment: dict[str, Any]
) -> None:
    other = a_second_tenant(installation)
    run_id = owner.get(f"/models/{owner.model('breast-cancer')['id']}/versions/1")["run_id"]
    mlflow_run = f"{installation.url}/api/2.0/mlflow/runs/get"

    answers = [
        other.http.get(f"/deployments/{deployment['id']}"),
        other.http.get(f"/deployments/{deployment['id']}/predictions"),
        other.http.get(f"/models/{owner.model('breast-cancer')['id']}"),
        other.http.get(f"/runs/{run_id}"),
        other.http.get(mlflow_run, params={"run_id": run_id}),
    ]

    assert [a.status_code for a in answers] == [404] * 5
    assert other.get("/models")["items"] == other.get("/deployments")["items"] == []
    assert other.get("/fleet")["rows"] == []
