"""Outcomes in files, probabilities, slices, maturity and money, through the API."""

import datetime as dt
import io
import random
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pa_parquet
import pytest
from sklearn import metrics
from tests.make import monitoring as make
from tests.make.fixtures import TeamSpace

from modelyard_protocol.package import Column, DType, Signature

SCORES = Signature(
    inputs=(Column(name="age", dtype=DType.double), Column(name="city", dtype=DType.string)),
    outputs=(Column(name="prediction", dtype=DType.double),),
)


@pytest.fixture
def watched(workspace: TeamSpace, tmp_path: Path) -> make.Watched:
    return make.a_watched_deployment(workspace, tmp_path, signature=SCORES)


def predict(watched: make.Watched, answers: list[Any], *, ago: int = 0, bern: int = 0) -> list[str]:
    """Log a call per answer; the first `bern` of them are about Bern."""
    at = int(time.time()) - ago
    records = [
        watched.prediction(
            [{"age": 20.0 + n % 50, "city": "Bern" if n < bern else "Basel"}],
            at_us=at * 1_000_000 + n,
            response=f'{{"predictions": [{answer}]}}',
        )
        for n, answer in enumerate(answers)
    ]
    make.ingest(watched, [*records, watched.traffic({"200": len(records)}, at=at)])
    make.cut(watched)
    return [record.id for record in records]


def upload(watched: make.Watched, content: bytes, status: int = 200) -> Any:
    answer = watched.workspace.client("developer").post(
        f"/api/v1/deployments/{watched.id}/outcomes/file",
        content=content,
        headers={"Content-Type": "application/octet-stream"},
    )
    assert answer.status_code == status, answer.text
    return answer.json()


def as_csv(pairs: list[tuple[str, Any]]) -> bytes:
    return ("prediction_id,value\n" + "".join(f"{i},{v}\n" for i, v in pairs)).encode()


def measures(point: dict[str, Any]) -> dict[str, Any]:
    return {m["name"]: m["value"] for m in point["measures"]}


def test_a_csv_of_outcomes_gives_the_quality_of_probabilities(watched: make.Watched):
    draw = random.Random(3)
    scores = [round(draw.random(), 3) for _ in range(120)]
    ids = predict(watched, scores)
    actual = [int(draw.random() < score) for score in scores]

    answer = upload(watched, as_csv([*zip(ids, actual, strict=True), ("nobody", 1), ("", 1)]))

    assert (answer["matched"], answer["waiting"], answer["rejected"]) == (120, 1, 1)
    found = watched.get("quality", range="24h")
    assert found["task"] == "classification"
    total = measures(found["total"])
    assert total["auc"] == pytest.approx(metrics.roc_auc_score(actual, scores))
    assert total["log_loss"] == pytest.approx(metrics.log_loss(actual, scores))
    said = [int(score >= 0.5) for score in scores]
    assert total["accuracy"] == pytest.approx(metrics.accuracy_score(actual, said))


def test_lists_of_probabilities_and_objects_say_class_and_score(watched: make.Watched):
    ids = predict(watched, ["[0.2, 0.8]", "[0.9, 0.1]", '{"label": "1", "score": 0.7}'] * 20)
    upload(watched, as_csv([(identifier, n % 2) for n, identifier in enumerate(ids)]))
    total = measures(watched.get("quality", range="24h")["total"])
    assert total["accuracy"] == pytest.approx(0.5)
    assert total["auc"] is not None


def test_a_parquet_file_with_times_and_rows_is_read(watched: make.Watched):
    ids = predict(watched, [0.5, 0.6])
    now = dt.datetime.now(dt.UTC)
    table = pa.table(
        {"prediction_id": ids, "value": [1, 0], "at": [now, now], "row": [0, 0], "note": ["", ""]}
    )
    stream = io.BytesIO()
    pa_parquet.write_table(table, stream)
    assert upload(watched, stream.getvalue())["matched"] == 2


@pytest.mark.parametrize(
    "content", [b"", b"id,value\np,1\n", b"PAR1 and nothing else", b"\xff\xfe\x00"]
)
def test_a_file_that_is_no_table_of_outcomes_is_refused(watched: make.Watched, content: bytes):
    assert upload(watched, content, 422)["code"] in {
        "monitoring.outcomes_unreadable",
        "request.invalid",
    }


def test_the_worst_slice_is_found_and_can_be_asked_for(watched: make.Watched):
    draw = random.Random(5)
    ids = predict(watched, [0.9] * 600, bern=200)
    actual = [int(draw.random() > (0.6 if n < 200 else 0.1)) for n in range(600)]
    upload(watched, as_csv(list(zip(ids, actual, strict=True))))

    found = watched.get("quality/slices", range="24h")

    worst = found["slices"][0]
    assert (worst["feature"], worst["label"], worst["rows"]) == ("city", "Bern", 200)
    part = watched.get("quality/slice", range="24h", condition=worst["condition"])
    assert (part["n"], part["n_whole"]) == (200, 600)
    accuracy = {m["name"]: m["value"] for m in part["measures"]}["accuracy"]
    assert accuracy == pytest.approx(1 - worst["loss"])
    refused = watched.workspace.client("developer").get(
        f"/api/v1/deployments/{watched.id}/quality/slice", params={"condition": "1; drop table x"}
    )
    assert (refused.status_code, refused.json()["code"]) == (422, "monitoring.condition_refused")
    assert (
        watched.workspace.client("viewer")
        .get(f"/api/v1/deployments/{watched.id}/quality/slices")
        .status_code
        == 403
    )


def test_young_windows_are_not_mature_yet(watched: make.Watched):
    """Outcomes of a day ago took about a day; of the last minutes none can be there."""
    old = predict(watched, [0.9] * 40, ago=86400)
    upload(watched, as_csv([(identifier, 1) for identifier in old]))
    predict(watched, [0.9] * 40)
    points = watched.get("quality", range="7d")["points"]
    assert points[-1]["maturity"] < 0.5
    assert points[0]["maturity"] == 1.0


def test_outcomes_are_worth_money(watched: make.Watched):
    ids = predict(watched, [0.9, 0.9, 0.1, 0.1])
    upload(watched, as_csv(list(zip(ids, [1, 0, 0, 1], strict=True))))
    client = watched.workspace.client("developer")
    path = f"/api/v1/deployments/{watched.id}/value"
    assert client.get(path).json()["code"] == "monitoring.value_unknown"

    worth = {"true_positive": 100, "false_positive": -5, "false_negative": -40, "per_row": -1}
    assert client.put(path, json={"currency": "CHF", **worth}).status_code == 200

    found = watched.get("quality", range="24h")
    assert (found["currency"], found["total"]["value"]) == ("CHF", 100 - 5 - 40 - 4)
    assert client.put(path, json={"currency": "francs"}).status_code == 422
