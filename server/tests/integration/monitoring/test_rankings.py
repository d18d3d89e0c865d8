"""Outcomes of models that put items in order, through the API."""

import io
import json
import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pa_parquet
import pytest
from sqlalchemy import delete
from tests.make import monitoring as make
from tests.make.fixtures import TeamSpace

from modelyard_protocol.package import Column, DType, Signature
from modelyard_server.monitoring.models import LoggedPrediction

LISTS = Signature(inputs=(Column(name="age", dtype=DType.double),), outputs=())


@pytest.fixture
def watched(workspace: TeamSpace, tmp_path: Path) -> make.Watched:
    return make.a_watched_deployment(workspace, tmp_path, signature=LISTS)


def rank(watched: make.Watched, answers: list[Any]) -> list[str]:
    """Log a call per answer and keep its rows."""
    records = [
        watched.prediction([{"age": n}], response=json.dumps({"predictions": [answer]}))
        for n, answer in enumerate(answers)
    ]
    make.ingest(watched, [*records, watched.traffic({"200": len(records)})])
    make.cut(watched)
    return [record.id for record in records]


def send(watched: make.Watched, pairs: list[tuple[str, Any]], status: int = 200) -> Any:
    given = [{"prediction_id": name, "value": value} for name, value in pairs]
    answer = watched.workspace.client("developer").post(
        f"/api/v1/deployments/{watched.id}/outcomes", json={"outcomes": given}
    )
    assert answer.status_code == status, answer.text
    return answer.json()


def upload(watched: make.Watched, content: bytes) -> Any:
    return (
        watched.workspace.client("developer")
        .post(
            f"/api/v1/deployments/{watched.id}/outcomes/file",
            content=content,
            headers={"Content-Type": "application/octet-stream"},
        )
        .json()
    )


def values(point: dict[str, Any]) -> dict[str, float]:
    return {one["name"]: one["value"] for one in point["measures"]}


def test_rankings_have_metrics_that_count_the_first_k_places(watched: make.Watched):
    scored = [{"item": "b", "score": 0.1}, {"item": "a", "score": 0.9}]
    ids = rank(watched, [["a", "b", "c"], ["a", "b", "c"], scored, ["x"], ["a", "b"], 0.5])

    answer = send(
        watched,
        [
            (ids[0], ["a"]),
            (ids[1], {"c": 2, "b": 1}),
            (ids[2], ["b"]),
            (ids[3], "a"),
            (ids[4], ["a", "a"]),
            (ids[5], ["a"]),
        ],
    )

    assert (answer["matched"], answer["rejected"]) == (4, 2)
    assert [one["problem"] for one in answer["problems"]] == [
        "Item 'a' is named twice.",
        "The prediction is no list of items.",
    ]
    found = watched.get("quality", range="24h", k=2)
    assert (found["task"], found["k"], found["total"]["n"]) == ("ranking", 2, 4)
    told = values(found["total"])
    assert told["mrr"] == pytest.approx((1 + 1 / 2 + 1 / 2 + 0) / 4)
    assert told["precision_at_k"] == pytest.approx((1 + 1 + 1 + 0) / 2 / 4)
    assert told["recall_at_k"] == pytest.approx((1 + 1 / 2 + 1 + 0) / 4)
    assert told["hit_rate"] == 3 / 4
    wide = values(watched.get("quality", range="24h")["total"])
    assert (wide["recall_at_k"], wide["precision_at_k"]) == (3 / 4, pytest.approx(4 / 10 / 4))
    corrected = send(watched, [(ids[3], ["x"]), (ids[0], 1)])
    assert corrected["corrected"] == 2
    again = values(watched.get("quality", range="24h", k=2)["total"])
    assert again["hit_rate"] == 3 / 4  # one found more, one that is no longer
    client = watched.workspace.client("developer")
    refused = client.get(f"/api/v1/deployments/{watched.id}/quality", params={"k": 101})
    assert refused.status_code == 422


def test_files_and_kept_rows_bring_rankings_too(watched: make.Watched):
    long = [f"item {n}" for n in range(200)]  # kept as one text, short ones as columns
    scored = [{"id": n, "score": n} for n in range(12)]
    ids = rank(watched, [long, ["a", "b"], scored, ["c"], ["a", "b", "c", "d"]])
    with watched.workspace.platform.database.session(watched.workspace.id) as db:
        db.execute(delete(LoggedPrediction))
    table = pa.table({"prediction_id": ids[:2], "value": pa.array([["item 1", "item 150"], ["b"]])})
    stream = io.BytesIO()
    pa_parquet.write_table(table, stream)
    lines = (
        f'prediction_id,value\n{ids[2]},"{{""11"": 3, ""0"": 1}}"\n{ids[3]},"[""z""]"\n{ids[4]},d\n'
    )

    sent = [upload(watched, stream.getvalue()), upload(watched, lines.encode())]

    assert [(one["waiting"], one["rejected"]) for one in sent] == [(2, 0), (3, 0)]
    make.recall_predictions(watched)
    make.tidy(watched)
    found = watched.get("quality", range="24h", k=10)
    assert (found["task"], found["total"]["n"], found["waiting"]) == ("ranking", 5, 0)
    told = values(found["total"])
    assert told["mrr"] == pytest.approx((1 / 2 + 1 / 2 + 1 + 0 + 1 / 4) / 5)
    assert told["recall_at_k"] == pytest.approx((1 / 2 + 1 + 1 / 2 + 0 + 1) / 5)


def test_the_inputs_for_which_rankings_are_worse_are_found(watched: make.Watched):
    draw = random.Random(2)
    answers = [[f"i{n}" for n in draw.sample(range(8), 5)] for _ in range(600)]
    ids = rank(watched, answers)
    wanted = [
        answer[0] if n >= 240 or draw.random() < 0.2 else "none" for n, answer in enumerate(answers)
    ]
    send(watched, [(name, [item]) for name, item in zip(ids, wanted, strict=True)])

    found = watched.get("quality/slices", range="24h")

    assert (found["task"], found["rows"], found["slices"][0]["feature"]) == ("ranking", 600, "age")
    assert ": NDCG 0." in found["slices"][0]["explain"]
    part = watched.get("quality/slice", range="24h", condition="age < 240")
    missed = sum(item == "none" for item in wanted)
    assert values(part)["hit_rate"] == pytest.approx(1 - missed / 240)
    assert part["n"] == 240
    rule = {"kind": "threshold", "signal": "realised_ndcg", "direction": "below", "threshold": 0.8}
    asked = {"deployment_id": str(watched.id), "condition": rule}
    told = watched.workspace.client("developer").post(
        "/api/v1/alert-rules/preview", json={**asked, "hold_seconds": 0, "recover_seconds": 0}
    )
    assert told.json()["sentence"] == "It would have fired once in 30 days."
    ndcg = values(watched.get("quality", range="24h")["total"])["ndcg"]
    assert told.json()["points"][-1]["value"] == pytest.approx(ndcg, abs=1e-12)


@pytest.mark.parametrize(
    "value", [[], {}, {"a": -1}, ["a"] * 1001, [1.5], [["a"]], {"a": "much"}, [""]]
)
def test_what_names_no_relevant_items_is_refused(watched: make.Watched, value: Any):
    assert send(watched, [("p", value)], 422)["code"] == "request.invalid"
