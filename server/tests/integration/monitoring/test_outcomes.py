"""What really happened, and how good the predictions were."""

import datetime as dt
import time
from pathlib import Path
from typing import Any

import pytest
from sklearn import metrics
from sqlalchemy import delete, select, update
from tests.make import monitoring as make
from tests.make.fixtures import TeamSpace

from modelyard_protocol.package import Column, DType, Signature
from modelyard_server.monitoring.models import LoggedPrediction, Outcome, ReplacedOutcome

DAY = 86400


@pytest.fixture
def watched(workspace: TeamSpace, tmp_path: Path) -> make.Watched:
    return make.a_watched_deployment(workspace, tmp_path)


def send(watched: make.Watched, *sent: Any, role: str = "developer", status: int = 200) -> Any:
    """Send (prediction id, value) pairs, or whole outcomes."""
    given = [s if isinstance(s, dict) else {"prediction_id": s[0], "value": s[1]} for s in sent]
    answer = watched.workspace.client(role).post(
        f"/api/v1/deployments/{watched.id}/outcomes", json={"outcomes": given}
    )
    assert answer.status_code == status, answer.text
    return answer.json()


def counts(answer: dict[str, Any]) -> dict[str, int]:
    return {name: n for name, n in answer.items() if isinstance(n, int) and n}


def calls(watched: make.Watched, ages: list[int], *, ago: int = 0) -> list[str]:
    """Let the model answer `age % 2` for each; give the ids."""
    at = int(time.time()) - ago
    records = [watched.prediction([{"age": age}], at_us=at * 1_000_000) for age in ages]
    make.ingest(watched, [*records, watched.traffic({"200": len(ages)}, at=at)])
    return [record.id for record in records]


def measures(point: dict[str, Any]) -> dict[str, float]:
    return {m["name"]: m["value"] for m in point["measures"]}


def test_quality_is_what_scikit_learn_says_with_coverage(watched: make.Watched):
    ages = list(range(50))
    ids = calls(watched, ages)
    actual = [(age % 2) ^ (age % 7 == 0) for age in ages[:40]]

    answer = send(watched, *zip(ids, actual, strict=False))
    found = watched.get("quality", role="viewer", range="24h")

    assert counts(answer) == {"received": 40, "matched": 40}
    total, predicted = found["total"], [age % 2 for age in ages[:40]]
    assert (total["n"], total["calls"], total["coverage"], total["few"]) == (40, 50, 0.8, False)
    wanted = metrics.precision_recall_fscore_support(actual, predicted, average="macro")
    assert measures(total)["accuracy"] == metrics.accuracy_score(actual, predicted)
    assert [measures(total)[m] for m in ("precision", "recall", "f1")] == pytest.approx(wanted[:3])
    assert [c["label"] for c in found["classes"]] == ["0", "1"]
    assert len(found["points"]) == 24
    assert sum(point["n"] for point in found["points"]) == 40
    accuracy = total["measures"][0]
    assert accuracy["method"] == "Wilson"
    assert accuracy["low"] < accuracy["value"] < accuracy["high"]


def test_windows_follow_the_time_of_the_prediction(watched: make.Watched):
    old = calls(watched, [1, 2, 3], ago=3 * DAY)
    new = calls(watched, [1, 2])

    answer = send(watched, *((i, 1) for i in old + new))
    found = watched.get("quality", range="7d")

    assert answer["late"] == 3
    assert [(p["n"], p["few"]) for p in found["points"] if p["n"]] == [(3, True), (2, True)]
    assert found["median_delay_seconds"] == pytest.approx(3 * DAY, abs=60)
    assert watched.get("quality", range="24h")["total"]["n"] == 2


def test_the_last_value_wins_and_the_replaced_one_is_kept(watched: make.Watched):
    ids = calls(watched, [1, 3])
    first = send(watched, *((i, 0) for i in ids))

    again = send(watched, (ids[0], 0), (ids[1], 1), (ids[1], 1))
    found = watched.get("quality", range="24h")

    assert counts(first) == {"received": 2, "matched": 2}
    assert counts(again) == {"received": 3, "duplicates": 2, "corrected": 1}
    assert measures(found["total"])["accuracy"] == 0.5
    assert found["corrected"] == 1
    with watched.workspace.platform.database.session(watched.workspace.id) as db:
        replaced = db.scalars(select(ReplacedOutcome)).all()
    assert [(row.prediction_id, row.value) for row in replaced] == [(ids[1], "0")]


def test_an_outcome_waits_for_its_prediction(watched: make.Watched):
    early = watched.prediction([{"age": 1}])
    answer = send(watched, (early.id, 1), ("never-made", 1))
    assert counts(answer) == {"received": 2, "waiting": 2}
    assert watched.get("quality")["waiting"] == 2

    make.ingest(watched, [early, watched.traffic({"200": 1})])

    found = watched.get("quality", range="24h")
    assert (found["total"]["n"], found["waiting"], found["unknown"]) == (1, 1, 0)


def test_after_a_day_an_outcome_counts_as_unknown_and_is_not_matched(watched: make.Watched):
    lost = watched.prediction([{"age": 1}])
    send(watched, (lost.id, 1))
    long_ago = dt.datetime.now(dt.UTC) - dt.timedelta(hours=25)
    with watched.workspace.platform.database.session(watched.workspace.id) as db:
        db.execute(update(Outcome).values(received_at=long_ago))

    make.ingest(watched, [lost, watched.traffic({"200": 1})])
    make.tidy(watched)

    found = watched.get("quality", range="24h")
    assert (found["total"]["n"], found["waiting"], found["unknown"]) == (0, 0, 1)


def test_the_minute_s_tidying_matches_what_arrived_beside_the_ingest(watched: make.Watched):
    ids = calls(watched, [1])
    send(watched, (ids[0], 1))
    with watched.workspace.platform.database.session(watched.workspace.id) as db:
        db.execute(update(Outcome).values(hour=None, predicted=None, actual=None))

    make.tidy(watched)

    assert watched.get("quality", range="24h")["total"]["n"] == 1


def test_rows_of_a_call_have_their_own_outcomes(watched: make.Watched):
    call = watched.prediction([{"age": age} for age in range(8)])
    refused = watched.prediction([{}], status=422, response="{}")
    make.ingest(watched, [call, refused, watched.traffic({"200": 1, "422": 1})])

    answer = send(
        watched,
        *({"prediction_id": call.id, "row": row, "value": row % 2} for row in (0, 4, 5, 8)),
        (refused.id, 1),
        {"prediction_id": call.id, "row": 1, "value": "malignant"},
    )

    assert counts(answer) == {"received": 6, "matched": 2, "waiting": 1, "rejected": 3}
    said = [(p["index"], p["problem"]) for p in answer["problems"]]
    assert said[0] == (3, "The call has no row 8: it sent 8.")
    assert said[1] == (4, "The call was refused with 422: there is no prediction.")
    assert said[2][1] == "The model predicts numbers; 'malignant' is none."
    assert watched.get("quality", range="24h")["total"]["coverage"] == 1
    make.recall_predictions(watched)
    assert watched.get("quality", range="24h")["total"]["n"] == 2

    make.cut(watched)  # the log shows five rows of a call, capture keeps them all
    make.recall_predictions(watched)

    found = watched.get("quality", range="24h")
    assert (found["total"]["n"], found["waiting"], measures(found["total"])["accuracy"]) == (
        3,
        0,
        1,
    )


def test_outcomes_of_calls_that_left_the_log_are_joined_with_kept_rows(watched: make.Watched):
    """The log keeps the newest 50,000 calls; an outcome may come weeks later."""
    at_ms = time.time_ns() // 1_000_000
    records = [
        watched.prediction([{"age": age}], id=f"{at_ms + age:012x}{age:020x}", at_us=at_ms * 1000)
        for age in range(60)
    ]
    foreign = watched.prediction([{"age": 3}], id="from-a-client", at_us=at_ms * 1000)
    make.ingest(watched, [*records, foreign, watched.traffic({"200": 61})])
    make.cut(watched)
    with watched.workspace.platform.database.session(watched.workspace.id) as db:
        db.execute(delete(LoggedPrediction))
    actual = [(age % 2) ^ (age % 7 == 0) for age in range(60)]
    sent = [(r.id, value) for r, value in zip(records, actual, strict=True)]

    answer = send(watched, *sent[:40], (foreign.id, 1), ("never-made", 1))
    send(watched, sent[40], (foreign.id, 0))

    assert counts(answer) == {"received": 42, "waiting": 42}
    assert make.recall_predictions(watched) == 1  # asked for once, by both
    found = watched.get("quality", range="24h")
    assert (found["total"]["n"], found["waiting"], found["corrected"]) == (42, 1, 1)
    said = [age % 2 for age in range(41)]
    expected = metrics.accuracy_score([*actual[:41], 0], [*said, 1])
    assert measures(found["total"])["accuracy"] == pytest.approx(expected, abs=1e-12)
    assert found["median_delay_seconds"] < 60
    make.tidy(watched)  # packs the hours
    assert watched.get("quality", range="24h") == found
    assert send(watched, (records[0].id, 0))["corrected"] == 1  # a packed hour is not believed then
    again = watched.get("quality", range="24h")
    assert measures(again["total"])["accuracy"] == pytest.approx(expected + 1 / 42, abs=1e-12)
    assert again["corrected"] == 2


def test_a_model_of_real_numbers_is_judged_by_its_errors(workspace: TeamSpace, tmp_path: Path):
    price = Signature(
        inputs=(Column(name="age", dtype=DType.double),),
        outputs=(Column(name="price", dtype=DType.double),),
    )
    watched = make.a_watched_deployment(workspace, tmp_path, signature=price)
    predicted, actual = [1.5, 2.0, 4.25], [1.0, 2.5, 4.0]
    records = [
        watched.prediction([{"age": 1}], response=f'{{"predictions": [{p}]}}') for p in predicted
    ]
    make.ingest(watched, [*records, watched.traffic({"200": 3})])

    send(watched, *((r.id, a) for r, a in zip(records, actual, strict=True)))
    found = watched.get("quality", range="24h")

    assert found["task"] == "regression"
    assert measures(found["total"]) == pytest.approx(
        {
            "mae": metrics.mean_absolute_error(actual, predicted),
            "rmse": metrics.root_mean_squared_error(actual, predicted),
            "mape": metrics.mean_absolute_percentage_error(actual, predicted),
            "r2": metrics.r2_score(actual, predicted),
        }
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"prediction_id": "p", "value": None},
        {"prediction_id": "p", "value": [None]},
        {"prediction_id": "p", "value": "a\u0000"},
        {"prediction_id": "p\u0000", "value": 1},
        {"prediction_id": "p", "value": 10**400},
        {"prediction_id": "p", "value": 1, "at": "2026-01-01T00:00:00"},
        {"prediction_id": "p", "value": 1, "row": -1},
        {"prediction_id": "p", "label": 1},
    ],
)
def test_what_is_no_outcome_is_refused(watched: make.Watched, wrong: dict[str, Any]):
    assert send(watched, wrong, status=422)["code"] == "request.invalid"


def test_a_viewer_sends_no_outcomes_and_a_batch_has_its_limit(watched: make.Watched):
    send(watched, ("p", 1), role="viewer", status=403)
    send(watched, *(("p", n) for n in range(10_001)), status=422)
    full = send(watched, *((f"p{n}", 1) for n in range(10_000)))
    assert full["waiting"] == 10_000


def test_quality_without_outcomes_is_empty(watched: make.Watched):
    calls(watched, [1])

    total = watched.get("quality", range="30d")["total"]

    assert (total["n"], total["coverage"], total["measures"]) == (0, 0.0, [])


def test_outcomes_go_with_their_deployment(watched: make.Watched):
    ids = calls(watched, [1])
    send(watched, (ids[0], 1), ("never", 1))
    make.forget(watched)

    with watched.workspace.platform.database.session(watched.workspace.id) as db:
        assert db.scalars(select(Outcome)).all() == []
