"""Constraints: proposed from training, chosen by people, broken by live rows."""

from pathlib import Path

import pytest
from tests.make import monitoring as make
from tests.make.fixtures import TeamSpace

from modelyard_server.monitoring import measuring


@pytest.fixture
def trained(workspace: TeamSpace, tmp_path: Path) -> make.Watched:
    measuring.forget()
    table = make.a_table(make.rows(1000, seed=9))
    model_id = make.a_trained_version(workspace, {"datasets/train.json": table})
    return make.a_watched_deployment(workspace, tmp_path, model_id=model_id)


def test_constraints_are_proposed_changed_and_judged_on_live_rows(trained: make.Watched):
    client = trained.workspace.client("developer")
    path = f"/api/v1/deployments/{trained.id}/constraints"
    before = trained.get("constraints")
    assert (before["version"], before["columns"], before["is_provisional"]) == (0, [], False)
    assert before["source"] == "datasets/train.json"
    age, city = (one for one in before["proposed"] if one["column"] in {"age", "city"})
    assert (age["type"], city["allowed"]) == ("number", ["Bern", "Genf", "Basel"])
    assert trained.get("constraints/violations")["status"] == "none"

    wanted = {"columns": [age | {"maximum": 100}, city | {"max_missing_share": 0.1}]}
    assert client.put(path, json=wanted | {"based_on": 0}).json()["version"] == 1
    stale = client.put(path, json=wanted | {"based_on": 0})
    assert (stale.status_code, stale.json()["code"]) == (409, "monitoring.constraints_moved")
    viewer = trained.workspace.client("viewer")
    assert viewer.put(path, json=wanted).status_code == 403
    assert trained.get("constraints/violations")["status"] == "no_data"

    good = make.rows(200)
    bad = [{"age": 130.0, "city": "Bern"}] * 10 + [{"age": 40.0, "city": None}] * 50
    calls = [trained.prediction([row]) for row in good]
    calls.append(trained.prediction([*good[:3], *bad], id="broken-1"))
    make.ingest(trained, calls)
    found = trained.get("constraints/violations", window="1h")
    assert (found["status"], found["rows"], found["version"]) == ("broken", 263, 1)
    checks = {(one["column"], one["check"]): one for one in found["checks"]}
    assert [(one["column"], one["check"]) for one in found["checks"][:2]] == [
        ("city", "missing"),
        ("age", "range"),
    ]
    over = checks["age", "range"]
    assert (over["values"], over["broken"], over["status"]) == (263, 10, "broken")
    assert over["examples"] == [{"prediction_id": "broken-1", "row": n} for n in (12, 11, 10)]
    assert checks["city", "allowed"]["status"] == "ok"
    assert checks["city", "allowed"]["values"] == 213

    measuring.forget()
    drift = trained.get("drift", window="1h")
    assert drift["quality"] == "faulty"
    assert "city is there: 50 of 263" in drift["quality_reason"]
    [row] = trained.workspace.client().get("/api/v1/fleet", params={"range": "1h"}).json()["rows"]
    assert row["deployment_id"] == str(trained.id)

    assert client.put(path, json={"columns": []}).json()["version"] == 2
    assert trained.get("constraints/violations")["status"] == "none"
    events = trained.workspace.client().get("/api/v1/audit").json()["items"]
    changes = [e for e in events if e["action"] == "monitoring.constraints_changed"]
    assert [e["after"]["version"] for e in changes] == [2, 1]
    make.forget(trained)


@pytest.mark.parametrize(
    "column",
    [
        {"column": "age", "minimum": 5, "maximum": 1},
        {"column": "age", "allowed": []},
        {"column": "age", "allowed": ["a", "a"]},
        {"column": "age", "max_missing_share": 1.5},
        {"column": "", "type": "number"},
        {"column": "age", "surprise": 1},
    ],
)
def test_constraints_that_cannot_be_kept_are_refused(
    sqlite_platform, tmp_path: Path, column: dict[str, object]
):
    watched = make.a_watched_deployment(sqlite_platform.a_workspace(), tmp_path)
    client = watched.workspace.client("developer")
    answer = client.put(f"/api/v1/deployments/{watched.id}/constraints", json={"columns": [column]})
    assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid")
