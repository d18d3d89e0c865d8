"""Verdicts over live rows, from the journal to the routes."""

import io
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pa_parquet
import pytest
from sqlalchemy import select
from tests.make import monitoring as make
from tests.make.fixtures import TeamSpace

from modelyard_server.kernel import clock
from modelyard_server.monitoring import fleet, history, measuring
from modelyard_server.monitoring.models import DriftResult

TRAINING = make.rows(2000, seed=99)


@pytest.fixture
def trained(workspace: TeamSpace, tmp_path: Path) -> make.Watched:
    measuring.forget()
    model_id = make.a_trained_version(workspace, {"datasets/train.json": make.a_table(TRAINING)})
    return make.a_watched_deployment(workspace, tmp_path, model_id=model_id)


@pytest.fixture
def standing() -> Iterator[int]:
    """Let the clock stand still: a minute without rows confirms a change. Microseconds."""
    now = clock.utcnow()
    clock.set_source(lambda: now)
    yield int(now.timestamp()) * 1_000_000
    clock.set_source(None)


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
    assert drift["verdict_reason"] == "Not enough data (n = 60, needs 100)."


def test_before_any_call_the_baseline_is_known_already(trained: make.Watched):
    drift = trained.get("drift")
    assert drift["verdict"] == "not_enough_data"
    assert feature(drift, "age")["n_reference"] == 2000


def test_missing_values_are_a_fault_and_not_drift(trained: make.Watched):
    gone = [
        {**row, "city": None if at % 2 else row["city"]} for at, row in enumerate(make.rows(400))
    ]
    make.ingest(trained, trained.calls(gone))
    drift = trained.get("drift")
    assert (drift["verdict"], drift["quality"]) == ("ok", "faulty")
    assert drift["quality_reason"] == "Missing values in city: 0.0% expected, 50.0% now."
    city = feature(drift, "city")
    assert (city["status"], city["null_rate_current"]) == ("faulty", 0.5)
    assert [fault["fault"] for fault in city["faults"]] == ["missing"]


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
    assert "(120 so far)" not in late["verdict_reason"]
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


def test_a_change_is_confirmed_by_the_second_window_that_shows_it(trained: make.Watched):
    hour = 3600 * 1_000_000
    now = time.time_ns() // 1000
    older = [trained.prediction([row], at_us=now - hour) for row in make.rows(200, age=60, seed=4)]
    make.ingest(trained, older)
    make.ingest(trained, trained.calls(make.rows(200, age=60, seed=5)))

    confirmed = trained.get("drift", window="1h")

    assert (confirmed["verdict"], confirmed["is_confirmed"]) == ("drifting", True)
    assert confirmed["persistence"].startswith("Confirmed")
    assert feature(confirmed, "age")["severity"] == "large"


def test_one_window_alone_is_not_confirmed(trained: make.Watched, standing: int):
    people = make.rows(200, age=60, seed=5)
    make.ingest(trained, [trained.prediction([row], at_us=standing) for row in people])
    seen = trained.get("drift", window="1h")
    assert (seen["verdict"], seen["is_confirmed"]) == ("drifting", False)
    assert seen["persistence"].startswith("Seen in one stretch of rows so far.")


@pytest.mark.parametrize("window", ["1h", "24h"])
def test_the_next_minute_confirms_a_change(trained: make.Watched, window: str):
    now = time.time_ns() // 1000
    for back, seed in ((20, 3), (2, 4), (1, 5)):
        age = 40 if back == 20 else 60
        at_us = now - back * 60_000_000
        drawn = make.rows(200, age=age, seed=seed)
        make.ingest(trained, [trained.prediction([row], at_us=at_us) for row in drawn])
    drift = trained.get("drift", window=window)
    assert (drift["is_confirmed"], feature(drift, "age")["is_confirmed"]) == (True, True)
    assert drift["persistence"] == "Confirmed: it lasts (age)."


def test_a_window_with_too_few_rows_is_widened(trained: make.Watched):
    day = 20 * 3600 * 1_000_000
    now = time.time_ns() // 1000
    make.ingest(trained, [trained.prediction([row], at_us=now - day) for row in make.rows(200)])
    make.ingest(trained, trained.calls(make.rows(37, seed=3)))

    drift = trained.get("drift", window="1h")

    assert (drift["asked_window"], drift["window"]) == ("1h", "24h")
    assert (drift["rows"], drift["verdict"]) == (237, "ok")


def test_a_window_by_count_reaches_back_as_far_as_it_must(trained: make.Watched):
    days = 3 * 86400 * 1_000_000
    now = time.time_ns() // 1000
    make.ingest(trained, [trained.prediction([row], at_us=now - days) for row in make.rows(300)])
    make.ingest(trained, trained.calls(make.rows(40, seed=3)))
    drift = trained.get("drift", window="count", rows=150)
    assert (drift["rows"], drift["verdict"], drift["window"]) == (340, "ok", "count")
    assert trained.get("drift", window="count", rows=100)["rows"] == 340


def test_hours_are_judged_for_good_and_make_a_band(trained: make.Watched):
    """Fourteen weeks in which this hour always looked like this: it is usual."""
    make.ingest(trained, trained.calls(make.rows(300, age=49, seed=5)))
    make.tidy(trained)
    with trained.workspace.platform.database.session(trained.workspace.id) as db:
        rows = db.scalars(select(DriftResult).where(DriftResult.window == "1h")).all()
        newest = rows[0]
        assert (len(rows), newest.verdict, newest.rows) == (1, "drifting", 300)
        for week in range(1, history.LEAST_WEEKS + 1):
            copied = {c.key: getattr(newest, c.key) for c in DriftResult.__table__.columns}
            at = newest.at - week * history.WEEK
            db.add(DriftResult(**{**copied, "id": uuid.uuid4(), "at": at}))
    measuring.forget()

    drift = trained.get("drift", window="1h")

    age = feature(drift, "age")
    assert (drift["verdict"], age["status"], age["is_usual"]) == ("ok", "changed_small", True)
    assert "other weeks" in age["explain"]


def test_a_large_fleet_is_answered_from_stored_verdicts(trained: make.Watched, standing: int):
    """More deployments have rows than one answer measures: the stored verdict speaks."""
    calls = [trained.prediction([row], at_us=standing) for row in make.rows(300, age=60)]
    make.ingest(trained, [*calls, trained.traffic({"200": 300}, at=standing // 1_000_000)])
    make.tidy(trained)
    path = "/api/v1/fleet"
    client = trained.workspace.client("viewer")
    measured = fleet.MEASURED_NOW
    try:
        fleet.MEASURED_NOW = 0
        row = client.get(path).json()["rows"][0]
    finally:
        fleet.MEASURED_NOW = measured
    assert (row["drift"], row["is_drift_confirmed"], row["requests"]) == ("drifting", False, 300)
    assert row["quality"] == "faulty"
    assert any("Data: Values outside the range" in reason for reason in row["reasons"])
