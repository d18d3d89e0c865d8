"""Columns together through the API: learned, added up by the hour, judged, alarmed about."""

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler
from sqlalchemy import func, select
from tests.make import monitoring as make
from tests.make.fixtures import TeamSpace

from modelyard_protocol.package import Column, DType, Signature
from modelyard_server.alerts import evaluating
from modelyard_server.kernel import clock
from modelyard_server.monitoring import joint_hours
from modelyard_server.monitoring.models import JointHour, JointReference

NAMES = ("income", "rent", "age", "debt")
PEOPLE = Signature(
    inputs=tuple(Column(name=name, dtype=DType.double) for name in NAMES),
    outputs=(Column(name="prediction", dtype=DType.double),),
)
NOW = dt.datetime.now(dt.UTC).replace(minute=10)
PASSED: list[str] = []
HOUR = dt.timedelta(hours=1)


@pytest.fixture(autouse=True)
def half_past() -> Iterator[None]:
    """Let no hour end while a test counts them; each look is some minutes after the last."""
    PASSED.clear()
    clock.set_source(lambda: NOW + joint_hours.EVERY * len(PASSED))
    yield
    clock.set_source(None)


def people(rows: int, seed: int, rho: float = 0.9) -> list[dict[str, float]]:
    """Draw people whose rent follows their income; without `rho` each column stays as it was."""
    draw = np.random.default_rng(seed)
    income, noise, age, debt = draw.normal(size=(4, rows))
    rent = rho * income + np.sqrt(1 - rho**2) * noise
    columns = (income, rent, age, debt)
    return [dict(zip(NAMES, map(float, row), strict=True)) for row in zip(*columns, strict=True)]


def table(rows: list[dict[str, float]]) -> bytes:
    data = [[*row.values(), 0.5] for row in rows]
    return json.dumps({"columns": [*NAMES, "prediction"], "data": data}).encode()


def calls(watched: make.Watched, rows: list[dict[str, float]], *, hours_ago: int = 0) -> None:
    """Answer rows in one hour, and let the background job do its round."""
    second = int((NOW - hours_ago * HOUR).timestamp())
    at = second * 1_000_000
    records = [
        watched.prediction(part, at_us=at + n, response=json.dumps({"predictions": [0.5] * 100}))
        for n, part in enumerate(rows[start : start + 100] for start in range(0, len(rows), 100))
    ]
    make.ingest(watched, [*records, watched.traffic({"200": len(records)}, at=second)])
    make.cut(watched)


def judged(watched: make.Watched, window: str = "1h", **params: Any) -> dict[str, Any]:
    PASSED.append(window)
    make.tidy(watched)
    found: dict[str, Any] = watched.get("drift/joint", role="viewer", window=window, **params)
    return found


def test_a_lost_correlation_is_drift_once_two_windows_show_it(workspace: TeamSpace, tmp_path: Path):
    model = make.a_trained_version(
        workspace, {"datasets/train.json": table(people(3000, 1))}, signature=PEOPLE
    )
    watched = make.a_watched_deployment(workspace, tmp_path, signature=PEOPLE, model_id=model)
    waiting = judged(watched)
    assert (waiting["verdict"], waiting["points"]) == ("not_enough_data", [])

    calls(watched, people(600, 2), hours_ago=3)
    calls(watched, people(600, 3))
    calm = judged(watched)
    assert (calm["verdict"], calm["baseline"], calm["rows"]) == ("ok", "training", 600)
    assert (calm["baseline_rows"], calm["columns"]) == (3000, list(NAMES))
    assert [point["n"] for point in calm["points"] if point["n"]] == [600, 600]

    calls(watched, people(600, 4, rho=0.0), hours_ago=1)
    calls(watched, people(3000, 5, rho=0.0))
    moved = judged(watched)

    assert watched.get("drift", window="1h")["verdict"] == "ok"  # no column shows it alone
    assert (moved["verdict"], moved["is_confirmed"]) == ("drifting", True)
    assert moved["error"]["is_out"]
    agrees(moved, people(3000, 1), [*people(600, 3), *people(3000, 5, rho=0.0)])
    pair = moved["pairs"][0]
    assert (pair["first"], pair["second"], pair["is_drifting"]) == ("income", "rent", True)
    assert [point["is_out"] for point in moved["points"]][-2:] == [True, True]
    assert judged(watched, "24h")["rows"] == 4800
    assert judged(watched, "7d")["verdict"] == "drifting"
    fires(watched)
    make.forget(watched)
    assert kept(watched) == (0, 0)


def agrees(told: dict[str, Any], before: list[dict[str, float]], live: list[dict[str, float]]):
    """Scikit-learn and SciPy say the same about the same rows."""
    reference, window = (np.array([[*row.values()] for row in rows]) for rows in (before, live))
    scaler = StandardScaler().fit(reference)
    axes = PCA(0.65, svd_solver="full").fit(scaler.transform(reference))
    scaled = scaler.transform(window)
    rest = np.linalg.norm(scaled - axes.inverse_transform(axes.transform(scaled)), axis=1)
    assert (told["rows"], told["components"]) == (len(live), axes.n_components_)
    assert told["error"]["value"] == pytest.approx(rest.mean(), abs=1e-9)
    for pair in told["pairs"]:
        at = NAMES.index(pair["first"]), NAMES.index(pair["second"])
        assert pair["current"] == pytest.approx(stats.spearmanr(window).statistic[at], abs=0.01)


def fires(watched: make.Watched) -> None:
    """The default rule opens an alert that names the pair."""
    team = watched.workspace
    client = team.client("developer")
    evaluating.evaluate(team.platform.services, team.id, "team")
    rules = client.get("/api/v1/alert-rules", params={"deployment_id": str(watched.id)}).json()
    rule = next(r for r in rules if r["name"] == "Inputs have drifted together")
    assert rule["state"] == "firing", rule
    preview = client.post(
        "/api/v1/alert-rules/preview",
        json={"deployment_id": str(watched.id), "condition": rule["condition"], "days": 7},
    )
    assert preview.status_code == 200, preview.text


def kept(watched: make.Watched) -> tuple[int, int]:
    with watched.workspace.platform.database.session(watched.workspace.id) as db:
        hours = select(func.count()).select_from(JointHour)
        references = select(func.count()).select_from(JointReference)
        return (
            db.scalar(hours.where(JointHour.deployment_id == watched.id)) or 0,
            db.scalar(references.where(JointReference.deployment_id == watched.id)) or 0,
        )


def test_without_training_data_the_first_rows_are_the_baseline_and_hidden_columns_are_left_out(
    workspace: TeamSpace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    watched = make.a_watched_deployment(workspace, tmp_path, signature=PEOPLE)
    calls(watched, people(300, 1), hours_ago=2)
    assert judged(watched)["verdict"] == "not_enough_data"
    calls(watched, people(900, 2), hours_ago=1)
    first = judged(watched)
    assert (first["verdict"], first["baseline"]) == ("ok", "provisional")

    client = watched.workspace.client("developer")
    policy = {"columns": {"debt": "count_only"}, "rate": 1.0, "retention_days": 30}
    assert client.put(f"/api/v1/deployments/{watched.id}/capture", json=policy).status_code == 200
    monkeypatch.setattr(joint_hours, "HOUR_ROWS", 500)
    calls(watched, people(1200, 3))
    again = judged(watched)
    assert again["columns"] == ["income", "rent", "age"]
    assert again["rows"] == 500
