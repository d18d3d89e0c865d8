"""Models served elsewhere: rows reported by REST are counted, judged and joined like any others."""

import io
import random
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pa_parquet
import pytest
from tests.make import monitoring as make
from tests.make.fixtures import TeamSpace

from modelyard_server.deployments.reconcile import Reconciler
from modelyard_server.monitoring import measuring, upkeep
from modelyard_server.monitoring.ingest import Ingester
from modelyard_server.monitoring.ports import Catalogue


@pytest.fixture
def reported(workspace: TeamSpace) -> make.Watched:
    measuring.forget()
    body = {"model_name": f"risk-{uuid.uuid4().hex[:6]}", "served_by": "SageMaker eu-west-1"}
    made = workspace.client("developer").post("/api/v1/deployments/reported", json=body)
    assert made.status_code == 201, made.text
    told = made.json()
    assert (told["kind"], told["status"], told["environment"]) == (
        "reported",
        "ready",
        "production",
    )
    folder = upkeep.reported_folder(workspace.platform.services)
    return make.Watched(workspace, uuid.UUID(told["id"]), folder)


def send(watched: make.Watched, body: Any, status: int = 202, path: str = "reports") -> Any:
    client = watched.workspace.client("developer")
    answer = client.post(f"/api/v1/deployments/{watched.id}/{path}", json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


def people(count: int, seed: int, age: float = 40.0) -> list[dict[str, Any]]:
    draw = random.Random(seed)
    rows = []
    for n in range(count):
        score = round(draw.random(), 3)
        outcome = int(draw.random() < score)
        inputs = {"age": draw.gauss(age, 10), "city": draw.choice(["Bern", "Basel"])}
        rows.append(
            {
                "prediction_id": f"r-{seed}-{n}",
                "inputs": inputs,
                "prediction": score,
                "outcome": outcome,
                "latency_ms": 12.5,
            }
        )
    return rows


def follow(watched: make.Watched) -> None:
    """Do what the background thread does."""
    make.an_ingester(watched.workspace.platform, watched.folder).run_once()
    make.cut(watched)


def upload(watched: make.Watched, rows: list[dict[str, Any]], **params: Any) -> Any:
    table = [
        {**row["inputs"], "score": row["prediction"], "actual": row["outcome"]} for row in rows
    ]
    stream = io.BytesIO()
    pa_parquet.write_table(pa.Table.from_pylist(table), stream)
    answer = watched.workspace.client("developer").put(
        f"/api/v1/deployments/{watched.id}/reference",
        params=params,
        content=stream.getvalue(),
        headers={"Content-Type": "application/octet-stream"},
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


class Interrupted:
    """What the capabilities below know, with something that happens right after it was asked."""

    def __init__(self, catalogue: Any, happens: Callable[[], Any]) -> None:
        self._catalogue, self._happens = catalogue, [happens]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._catalogue, name)

    def training_table(self, *asked: Any) -> Any:
        told = self._catalogue.training_table(*asked)
        while self._happens:
            self._happens.pop()()
        return told


def test_reference_rows_uploaded_while_rows_are_counted_are_the_baseline(reported: make.Watched):
    send(reported, {"rows": people(400, 2)})
    platform = reported.workspace.platform
    catalogue = Interrupted(
        platform.services.get(Catalogue),
        lambda: upload(reported, people(1000, 1), is_baseline=True),
    )

    key = make.capture_key(platform)
    Ingester(platform.database, catalogue, reported.folder, key).run_once()

    drift = reported.get("drift")
    assert (drift["baseline_name"], drift["rows"]) == ("reference, uploaded", 400)


def test_reported_rows_get_charts_drift_quality_and_a_fleet_row(reported: make.Watched):
    upload(reported, people(1000, 1))
    got = send(reported, {"rows": people(400, 2)})
    assert (got["received"], got["outcomes"]["waiting"]) == (400, 400)
    follow(reported)

    assert reported.get("traffic")["total"]["requests"] == 400
    quality = reported.get("quality", range="24h")
    assert (quality["total"]["n"], quality["task"]) == (400, "classification")
    assert reported.get("quality/estimate", range="24h")["method"] == "CBPE"
    drift = reported.get("drift")
    assert (drift["verdict"], drift["baseline_name"]) == ("ok", "reference, uploaded")

    send(reported, {"rows": people(400, 3, age=70)})
    follow(reported)
    measuring.forget()
    assert [
        f["feature"] for f in reported.get("drift")["features"] if f["status"] == "drifting"
    ] == ["age"]
    fleet = reported.workspace.client("viewer").get("/api/v1/fleet").json()
    row = next(r for r in fleet["rows"] if r["deployment_id"] == str(reported.id))
    assert (row["requests"], row["drift"]) == (800, "drifting")
    rules = reported.workspace.client("viewer").get(
        "/api/v1/alert-rules", params={"deployment_id": str(reported.id)}
    )
    assert len(rules.json()) >= 8


def test_a_new_version_begins_a_new_revision_and_a_later_upload_a_new_baseline(
    reported: make.Watched,
):
    send(reported, {"rows": people(700, 4)})
    follow(reported)
    assert reported.get("drift")["baseline"] == "provisional"
    upload(reported, people(1000, 5, age=70))
    send(reported, {"rows": people(300, 6)})
    follow(reported)
    measuring.forget()
    drift = reported.get("drift")
    assert (drift["baseline"], drift["rows"], drift["verdict"]) == ("training", 300, "drifting")

    send(reported, {"version": 2, "rows": people(10, 7)})
    client = reported.workspace.client("viewer")
    shown = client.get(f"/api/v1/deployments/{reported.id}").json()
    assert (shown["live_revision"]["number"], shown["live_revision"]["version"]) == (2, 2)


def test_what_cannot_be_done_with_it_is_refused(
    reported: make.Watched, workspace: TeamSpace, tmp_path: Path
):
    client = workspace.client("developer")
    path = f"/api/v1/deployments/{reported.id}"
    for verb, body in (("start", {}), ("revisions", {"version": 1}), ("rollback", {})):
        answer = client.post(f"{path}/{verb}", json=body)
        assert (answer.status_code, answer.json()["code"]) == (409, "deployments.served_elsewhere")
    twice = [{"prediction_id": "same", "prediction": 1}] * 2
    assert send(reported, {"rows": twice}, 422)["code"] == "monitoring.report_refused"
    future = [{"prediction": 1, "at": "2099-01-01T00:00:00Z"}]
    assert "Row 0" in send(reported, {"rows": future}, 422)["detail"]
    assert not list(reported.folder.glob("*.part"))
    served = make.a_watched_deployment(workspace, tmp_path)
    assert send(served, {"rows": [{"prediction": 1}]}, 404)["code"] == "deployments.not_found"
    assert client.post(f"{path}/stop").status_code == 202
    assert client.delete(path).status_code == 204


def test_the_node_has_no_say_in_what_is_served_elsewhere(reported: make.Watched) -> None:
    Reconciler(reported.workspace.platform.services).reconcile({}, node_is_up=True)
    told = reported.workspace.client("viewer").get(f"/api/v1/deployments/{reported.id}").json()
    assert (told["status"], told["status_reason"]) == (
        "ready",
        "Served elsewhere: SageMaker eu-west-1.",
    )
