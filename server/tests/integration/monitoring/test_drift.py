"""Verdicts over live rows, from the journal to the routes."""

import io
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pa_parquet
import pytest
from tests.make import monitoring as make
from tests.make.fixtures import TeamSpace

from modelyard_server.monitoring import measuring

TRAINING = make.rows(2000, seed=99)


@pytest.fixture
def trained(workspace: TeamSpace, tmp_path: Path) -> make.Watched:
    measuring.forget()
    model_id = make.a_trained_version(workspace, {"datasets/train.json": make.a_table(TRAINING)})
    return make.a_watched_deployment(workspace, tmp_path, model_id=model_id)


def feature(drift: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(f for f in drift["features"] if f["feature"] == name)
    return found


def test_rows_like_the_training_data_do_not_drift(trained: make.Watched):
    make.ingest(trained, trained.calls(make.rows(500)))
    drift = trained.get("drift", role="viewer")
    assert (drift["verdict"], drift["baseline"], drift["rows"]) == ("ok", "training", 500)
    assert drift["baseline_name"] == "datasets/train.json"
    assert {f["status"] for f in drift["features"]} == {"ok"}
    assert feature(drift, "prediction")["role"] == "prediction"


@pytest.mark.parametrize("window", ["1h", "24h", "7d"])
def test_shifted_rows_flip_the_verdict_and_name_the_column(trained: make.Watched, window: str):
    make.ingest(trained, trained.calls(make.rows(500)))
    assert trained.get("drift", window=window)["verdict"] == "ok"
    make.ingest(trained, trained.calls(make.rows(500, age=55, seed=2)))
    measuring.forget()

    drift = trained.get("drift", window=window)

    assert drift["verdict"] == "drifting"
    assert "age" in drift["verdict_reason"]
    assert [f["feature"] for f in drift["features"] if f["status"] == "drifting"] == ["age"]
    age = feature(drift, "age")
    assert age["q_value"] < 0.05
    assert age["trend"][-1] == pytest.approx(age["score"], abs=0.05)
    assert "the median went from" in age["explain"]


def test_too_few_rows_give_no_verdict_but_the_number_that_is_missing(trained: make.Watched):
    make.ingest(trained, trained.calls(make.rows(60, age=80)))
    drift = trained.get("drift")
    assert drift["verdict"] == "not_enough_data"
    assert drift["verdict_reason"] == "Not enough data: 60 of 200 rows, 140 more are needed."


def test_before_any_call_the_baseline_is_known_already(trained: make.Watched):
    drift = trained.get("drift")
    assert drift["verdict"] == "not_enough_data"
    assert feature(drift, "age")["n_reference"] == 2000


def test_missing_values_are_drift_of_their_own(trained: make.Watched):
    gone = [
        {**row, "city": None if at % 2 else row["city"]} for at, row in enumerate(make.rows(400))
    ]
    make.ingest(trained, trained.calls(gone))
    city = feature(trained.get("drift"), "city")
    assert city["status"] == "drifting"
    assert city["explain"] == "Missing values went from 0.0% to 50.0%."


def test_an_unseen_category_is_named(trained: make.Watched):
    make.ingest(trained, trained.calls(make.rows(400, city="Lugano")))
    city = feature(trained.get("drift"), "city")
    assert city["status"] == "drifting"
    assert city["unseen_rate"] == pytest.approx(0.5, abs=0.1)
    bins = trained.get("drift/distribution", feature="city")["bins"]
    assert {b["label"] for b in bins} == {"Bern", "Basel", "Genf", "new values"}
    assert sum(b["current_share"] for b in bins) == pytest.approx(1)


def test_without_training_data_the_first_rows_become_a_provisional_baseline(
    workspace: TeamSpace, tmp_path: Path
):
    measuring.forget()
    watched = make.a_watched_deployment(workspace, tmp_path)
    make.ingest(watched, watched.calls(make.rows(120)))
    early = watched.get("drift")
    assert early["verdict"] == "not_enough_data"
    assert "(120 so far)" in early["verdict_reason"]

    make.ingest(watched, watched.calls(make.rows(680, seed=2)))
    make.ingest(watched, watched.calls(make.rows(400, age=55, seed=3)))
    measuring.forget()

    late = watched.get("drift")
    assert (late["baseline"], late["rows"], late["verdict"]) == ("provisional", 700, "drifting")


def test_the_tagged_parquet_table_wins_over_others(workspace: TeamSpace, tmp_path: Path):
    stored = io.BytesIO()
    pa_parquet.write_table(pa.Table.from_pylist(make.rows(3000, age=70)), stored)
    files = {"datasets/train.json": make.a_table(TRAINING), "mine.parquet": stored.getvalue()}
    tags = {"modelyard.reference": "mine.parquet"}
    model_id = make.a_trained_version(workspace, files, tags=tags)
    watched = make.a_watched_deployment(workspace, tmp_path, model_id=model_id)
    make.ingest(watched, watched.calls(make.rows(300, age=70)))
    drift = watched.get("drift")
    assert (drift["baseline_name"], drift["verdict"]) == ("mine.parquet", "ok")
    assert feature(drift, "age")["n_reference"] == 3000


def test_an_unreadable_table_leaves_a_provisional_baseline(workspace: TeamSpace, tmp_path: Path):
    model_id = make.a_trained_version(workspace, {"datasets/train.json": b'{"columns": 3'})
    watched = make.a_watched_deployment(workspace, tmp_path, model_id=model_id)
    make.ingest(watched, watched.calls(make.rows(600)))
    assert watched.get("drift")["baseline"] == "provisional"


def test_the_fleet_lists_the_drifting_deployment_first_with_a_reason(trained: make.Watched):
    calm = make.a_watched_deployment(trained.workspace, trained.folder)
    make.ingest(trained, trained.calls(make.rows(300, age=60)))
    make.ingest(calm, calm.calls(make.rows(50)))

    fleet = trained.workspace.client("viewer").get("/api/v1/fleet").json()

    worst, other = fleet["rows"]
    assert worst["deployment_id"] == str(trained.id)
    assert (worst["health"], worst["drift"], worst["requests"]) == ("degraded", "drifting", 300)
    assert worst["reasons"][0].startswith("Drift: 1 of 3 columns has moved: age")
    assert sum(worst["sparkline"]) == 300
    assert worst["last_request_at"] is not None
    assert (other["health"], other["drift"]) == ("healthy", "not_enough_data")
    assert (fleet["healthy"], fleet["degraded"], fleet["failing"]) == (1, 1, 0)
