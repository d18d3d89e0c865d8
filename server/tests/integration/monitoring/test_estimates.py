"""Estimated quality through the API: learned from outcomes or an upload, refused with a reason."""

import io
import json
import random
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pa_parquet
import pytest
from tests.make import monitoring as make
from tests.make.fixtures import TeamSpace

from modelyard_protocol.package import Column, DType, Signature

AGE = (Column(name="age", dtype=DType.double),)
SCORES = Signature(inputs=AGE, outputs=(Column(name="prediction", dtype=DType.double),))
CLASSES = Signature(inputs=AGE, outputs=(Column(name="prediction", dtype=DType.long),))
Drawn = list[tuple[float, float, int]]


def people(count: int, seed: int, *, low: float = 0.0) -> Drawn:
    """Draw ages with a model's score and what came true with that probability."""
    draw = random.Random(seed)
    found: Drawn = []
    for _ in range(count):
        score = round(low + (1 - low) * draw.random(), 4)
        found.append((20 + 60 * score + draw.random(), score, int(draw.random() < score)))
    return found


def predict(
    watched: make.Watched, drawn: Drawn, *, ago: int = 0, age: float = 0.0, size: int = 50
) -> list[str]:
    """Log calls of `size` people each, and cut them into segments."""
    at = (int(time.time()) - ago) * 1_000_000
    records = []
    for start in range(0, len(drawn), size):
        part = drawn[start : start + size]
        said = json.dumps({"predictions": [score for _, score, _ in part]})
        rows = [{"age": years + age} for years, _, _ in part]
        records.append(watched.prediction(rows, at_us=at + start, response=said))
    make.ingest(watched, [*records, watched.traffic({"200": len(records)}, at=at // 1_000_000)])
    make.cut(watched)
    return [record.id for record in records]


def as_parquet(drawn: Drawn) -> bytes:
    ages, scores, actual = zip(*drawn, strict=True)
    stream = io.BytesIO()
    columns = {"age": list(ages), "score": list(scores), "actual": list(actual)}
    pa_parquet.write_table(pa.table(columns), stream)
    return stream.getvalue()


def upload(watched: make.Watched, content: bytes, status: int = 200) -> Any:
    answer = watched.workspace.client("developer").put(
        f"/api/v1/deployments/{watched.id}/reference",
        params={"name": "validation.parquet"},
        content=content,
        headers={"Content-Type": "application/octet-stream"},
    )
    assert answer.status_code == status, answer.text
    return answer.json()


def refused(watched: make.Watched) -> tuple[int, str]:
    answer = watched.workspace.client("viewer").get(
        f"/api/v1/deployments/{watched.id}/quality/estimate", params={"range": "24h"}
    )
    return answer.status_code, answer.json()["code"]


def test_classes_are_estimated_from_an_uploaded_reference(workspace: TeamSpace, tmp_path: Path):
    watched = make.a_watched_deployment(workspace, tmp_path, signature=SCORES)
    assert refused(watched) == (404, "monitoring.nothing_captured")
    live = people(2000, seed=1, low=0.3)
    predict(watched, live)
    assert refused(watched) == (409, "monitoring.estimate_without_reference")
    why = watched.get("quality/estimate", role="viewer", range="24h", or_reason=True)
    assert (why["code"], "300 rows" in why["detail"]) == (
        "monitoring.estimate_without_reference", True,
    )  # fmt: skip
    for unset in ("reference", "value", "outcome-source"):
        assert watched.get(unset, role="viewer", or_none=True) is None

    kept = upload(watched, as_parquet(people(1500, seed=2)))
    assert (kept["rows"], kept["columns"], kept["has_outcomes"]) == (1500, ["age"], True)
    found = watched.get("quality/estimate", role="viewer", range="24h")

    assert (found["method"], found["task"]) == ("CBPE", "classification")
    assert found["basis"]["name"] == "validation.parquet, uploaded"
    came = sum((score >= 0.5) == bool(was) for _, score, was in live) / len(live)
    total = {m["name"]: m for m in found["total"]["measures"]}
    assert total["accuracy"]["value"] == pytest.approx(came, abs=0.03)
    assert total["accuracy"]["low"] < came < total["accuracy"]["high"]
    assert found["points"][-1]["n"] + found["points"][-2]["n"] == 2000

    predict(watched, live[:1000], ago=7200, age=500.0)
    shifted = watched.get("quality/estimate", range="24h")
    outside = [point for point in shifted["points"] if point["is_outside"]]
    assert [(p["n"], p["measures"]) for p in outside] == [(1000, [])]
    assert shifted["total"]["n"] == 2000


def test_outcomes_that_came_are_the_basis_of_those_that_have_not(
    workspace: TeamSpace, tmp_path: Path
):
    watched = make.a_watched_deployment(workspace, tmp_path, signature=SCORES)
    drawn = people(1000, seed=3)
    calls = predict(watched, drawn, ago=3 * 3600)
    lines = [f"{calls[n // 50]},{n % 50},{was}" for n, (_, _, was) in enumerate(drawn)]
    sent = ("prediction_id,row,value\n" + "\n".join(lines)).encode()
    answer = workspace.client("developer").post(
        f"/api/v1/deployments/{watched.id}/outcomes/file",
        content=sent,
        headers={"Content-Type": "application/octet-stream"},
    )
    kept = answer.json()["matched"]  # the log keeps the first rows of each call
    assert kept == 100
    assert refused(watched) == (409, "monitoring.estimate_without_reference")
    more = people(300, seed=4)
    single = predict(watched, more, size=1)
    outcomes = [{"prediction_id": c, "value": p[2]} for c, p in zip(single, more, strict=True)]
    workspace.client("developer").post(
        f"/api/v1/deployments/{watched.id}/outcomes", json={"outcomes": outcomes}
    )
    found = watched.get("quality/estimate", range="24h")
    assert (found["basis"]["source"], found["basis"]["rows"]) == ("outcomes", 400)
    assert found["total"]["n"] == 1300


def test_the_error_of_numbers_is_estimated_and_a_wild_shift_is_refused(
    workspace: TeamSpace, tmp_path: Path
):
    watched = make.a_watched_deployment(workspace, tmp_path, signature=SCORES)
    draw = random.Random(5)
    reference = [
        (x := 20 + 60 * draw.random(), 2 * x, 2 * x + draw.gauss(0, 5)) for _ in range(800)
    ]
    upload(watched, as_parquet_of_numbers(reference))
    live = [(20 + 60 * draw.random(), 0.0, 0) for _ in range(500)]
    predict(watched, [(x, round(2 * x, 3), 0) for x, _, _ in live])
    found = watched.get("quality/estimate", range="24h")
    assert (found["method"], found["check"]["metric"]) == ("DLE", "mae")
    mae = next(m["value"] for m in found["total"]["measures"] if m["name"] == "mae")
    assert mae == pytest.approx(5 * 0.798, rel=0.15)  # the mean distance of a normal error

    other = make.a_watched_deployment(workspace, tmp_path / "other", signature=SCORES)
    upload(other, as_parquet_of_numbers(reference))
    predict(other, [(x, round(2 * x, 3), 0) for x, _, _ in live], age=900.0)
    assert refused(other) == (409, "monitoring.estimate_outside_support")


def as_parquet_of_numbers(rows: list[tuple[float, float, float]]) -> bytes:
    ages, predicted, actual = zip(*rows, strict=True)
    stream = io.BytesIO()
    columns = {"age": list(ages), "prediction": list(predicted), "actual": list(actual)}
    pa_parquet.write_table(pa.table(columns), stream)
    return stream.getvalue()


def test_what_cannot_be_estimated_or_read_is_refused(workspace: TeamSpace, tmp_path: Path):
    watched = make.a_watched_deployment(workspace, tmp_path, signature=CLASSES)
    make.ingest(watched, watched.calls([{"age": 20.0}, {"age": 21.0}]))
    make.cut(watched)
    assert refused(watched) == (409, "monitoring.estimate_without_scores")
    for content in (b"a,b\n1,2\n", b"PAR1 and no more", b" "):
        assert upload(watched, content, 422)["code"] in {
            "monitoring.reference_unreadable",
            "request.invalid",
        }

    scored = make.a_watched_deployment(workspace, tmp_path / "other", signature=SCORES)
    live = people(400, seed=6)
    predict(scored, live)
    draw = random.Random(7)
    upload(scored, as_parquet([(age, s, draw.randrange(2)) for age, s, _ in people(600, seed=8)]))
    found = scored.get("quality/estimate", range="24h")  # useless scores are corrected to a half
    total = {m["name"]: m["value"] for m in found["total"]["measures"]}
    assert total["accuracy"] == pytest.approx(0.5, abs=0.06)
    path = f"/api/v1/deployments/{scored.id}/reference"
    assert workspace.client("viewer").delete(path).status_code == 403
    assert workspace.client("developer").delete(path).status_code == 204
    assert workspace.client("developer").get(path).json()["code"] == "monitoring.reference_unknown"
