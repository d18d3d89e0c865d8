"""The quickstart's model behind a real node, over real sockets."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.make.nodes import SECRET, RunningNode

from modelyard_protocol.openapi import v2_body
from modelyard_protocol.records import Prediction, Traffic


@pytest.fixture(scope="module")
def rows(classifier: Path) -> list[dict[str, float]]:
    split = json.loads((classifier / "input_example.json").read_text())
    return [dict(zip(split["columns"], row, strict=True)) for row in split["data"]]


def test_every_skin_predicts_what_the_model_predicted_where_it_was_trained(
    serving: RunningNode, rows: list[dict[str, float]], classifier: Path
) -> None:
    from modelyard_protocol.package import read_signature

    typed = serving.client.post(f"{serving.address}/predict", json={"rows": rows})
    mlflow_body = json.loads((classifier / "serving_input_example.json").read_text())
    mlflow = serving.client.post(f"{serving.address}/invocations", json=mlflow_body)
    tensors = v2_body(read_signature(None), rows)
    infer = serving.client.post(f"{serving.address}/v2/models/model/infer", json=tensors)
    assert [typed.status_code, mlflow.status_code, infer.status_code] == [200, 200, 200]
    assert typed.json()["predictions"] == mlflow.json()["predictions"] == [0, 0, 0]
    assert infer.json()["outputs"][0]["data"] == [0, 0, 0]
    assert infer.json()["model_name"] == "model"  # as in its path
    assert (typed.json()["model"], typed.json()["version"]) == ("breast-cancer", 11)
    assert typed.headers["x-prediction-id"] == typed.json()["prediction_id"]
    assert (typed.headers["x-model-version"], typed.headers["x-modelyard-revision"]) == ("11", "1")


def test_csv_predicts(serving: RunningNode, rows: list[dict[str, float]]) -> None:
    lines = [",".join(rows[0]), *(",".join(map(repr, row.values())) for row in rows)]
    answer = serving.client.post(
        f"{serving.address}/predict",
        content="\n".join(lines).encode(),
        headers={"Content-Type": "text/csv"},
    )
    assert answer.json()["predictions"] == [0, 0, 0]


def test_wrong_cell_is_a_422_that_names_row_and_column(
    serving: RunningNode, rows: list[dict[str, float]]
) -> None:
    wrong: list[dict[str, Any]] = [rows[0], {**rows[1], "mean area": "large"}]
    answer = serving.client.post(f"{serving.address}/predict", json={"rows": wrong})
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "inference.invalid_rows")
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["fields"][0]["row"] == 1
    assert problem["fields"][0]["column"] == "mean area"


def test_unknown_address_and_wrong_key_are_the_same_answer(serving: RunningNode) -> None:
    answers = [
        serving.client.post(f"{serving.url}/team/production/nothing/predict", json={}),
        serving.client.post(
            f"{serving.address}/predict", json={}, headers={"Authorization": "Bearer myk_pub_x"}
        ),
        httpx.get(f"{serving.address}/openapi.json", timeout=60),
        httpx.get(
            f"{serving.address}/v2/health/live", headers={"Authorization": SECRET}, timeout=60
        ),
    ]
    told = [
        {k: v for k, v in a.json().items() if k not in {"request_id", "error"}} for a in answers
    ]
    assert [answer.status_code for answer in answers] == [401] * 4
    assert all(one == told[0] for one in told)


def test_metadata_and_health_answer_a_key_holder(serving: RunningNode) -> None:
    address = serving.address
    assert serving.client.get(f"{address}/v2/health/ready").json() == {"ready": True}
    assert serving.client.get(f"{address}/v2/models/model/versions/11/ready").json()["ready"]
    for path in ("versions/12/ready", "versions/12"):
        absent = serving.client.get(f"{address}/v2/models/model/{path}")
        assert (absent.status_code, absent.json()["code"]) == (404, "inference.version_not_served")
    described = serving.client.get(f"{address}/v2/models/model").json()
    assert described["inputs"][0]["datatype"] == "FP64"
    assert serving.client.get(f"{address}/openapi.json").json()["openapi"] == "3.1.0"
    assert serving.client.get(f"{address}/nothing").status_code == 404
    assert serving.client.get(f"{address}/predict").status_code == 405
    assert httpx.get(f"{serving.url}/livez", timeout=60).status_code == 200


def test_pinned_version_that_is_not_served_is_a_404(serving: RunningNode) -> None:
    answer = serving.client.post(f"{serving.address}/v2/models/model/versions/9/infer", json={})
    assert answer.json()["code"] == "inference.version_not_served"


def test_body_over_the_limit_is_a_413(serving: RunningNode) -> None:
    big = b" " * (16 * 1024 * 1024 + 1)
    answer = serving.client.post(f"{serving.address}/predict", content=big)
    assert answer.json()["code"] == "inference.too_large"


def test_journal_holds_every_call_and_complete_counts(
    serving: RunningNode, rows: list[dict[str, float]]
) -> None:
    sent = [
        serving.client.post(f"{serving.address}/predict", json={"rows": rows[:1]}) for _ in range(5)
    ]
    ids = {answer.json()["prediction_id"] for answer in sent}

    def written(_: object) -> bool:
        found = serving.records()
        live = [r for r in found if isinstance(r, Prediction) and r.source == "live"]
        counted = sum(r.requests for r in found if isinstance(r, Traffic))
        return ids <= {record.id for record in live} and counted == len(live)

    serving.wait_until(written, seconds=10)
    record = next(r for r in serving.records() if isinstance(r, Prediction) and r.id in ids)
    assert (record.workspace_id, record.deployment_id, record.revision) == (7, "d1", 1)
    assert json.loads(record.request or "") == {"rows": rows[:1]}
    assert json.loads(record.response or "")["predictions"] == [0]
    assert record.key_id == "pub"
