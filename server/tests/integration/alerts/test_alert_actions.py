"""What an alert's page does and shows beyond its story: shifted traffic, the worst slices."""

import uuid
from pathlib import Path

import pytest
from tests.make import monitoring as make
from tests.make.alerts import Stage, stage
from tests.make.channels import Receiver, receiver
from tests.make.deployments import Serving

from modelyard_server.kernel import clock

__all__ = ["receiver", "stage"]


def test_traffic_is_shifted_from_an_alert_after_both_sides_were_shown(
    serving: Serving, receiver: Receiver, tmp_path: Path
) -> None:
    deployment = serving.deploy(environment="production")
    alone = make.Watched(serving.workspace, uuid.UUID(deployment["id"]), tmp_path)
    stage = Stage(serving.workspace, alone, receiver)
    try:
        stage.only({})
        stage.calls(100, failed=50)
        assert stage.judge() == ["fired"]
        path = f"alerts/{stage.alert()['id']}/shift"
        assert stage.get(path)["reason"] == "No other version has served here."
        nothing = stage.post(path, {"revision": 1, "percent": 5}, 409)
        assert nothing["code"] == "alerts.nothing_to_shift_to"

        serving.register()
        serving.update(deployment["id"], version=2)
        shown = stage.get(path)
        sides = [(one["revision"], one["version"], one["weight"]) for one in shown["sides"]]
        assert (sides, shown["is_shared"]) == ([(2, 2, 100), (1, 1, 0)], False)
        assert shown["sides"][1]["error_rate"] == 0.5
        assert shown["calls_per_minute"] == pytest.approx(100 / 60)
        acted = stage.post(path, {"revision": 1, "percent": 30}, 202)
        assert acted["action"] == "Gave version 1 30 % of the traffic"
        assert stage.get(path)["reason"].startswith("Another revision is on its way")
        serving.roll_out(deployment["id"], 3)
        assert serving.node.shares_of(serving.workspace) == {2: 70, 3: 30}

        shown = stage.get(path)
        assert [one["weight"] for one in shown["sides"]] == [70, 30]
        assert shown["is_shared"]
        stale = stage.post(path, {"revision": 1, "percent": 60}, 409)
        assert stale["code"] == "alerts.shift_moved"
        stage.post(path, {"revision": 3, "percent": 60}, 202)
        assert serving.node.shares_of(serving.workspace) == {2: 40, 3: 60}
        viewer = serving.workspace.client("viewer")
        assert viewer.get(f"/api/v1/{path}").status_code == 200
        assert viewer.post(f"/api/v1/{path}", json={"revision": 3, "percent": 9}).status_code == 403
        trail = serving.workspace.client("admin").get("/api/v1/audit").json()["items"]
        assert {"deployments.set_traffic", "alerts.act"} <= {e["action"] for e in trail}
    finally:
        clock.set_source(None)


def test_the_worst_slices_of_its_time_are_on_the_alert(stage: Stage) -> None:
    stage.only({})
    stage.calls(100, failed=50)
    stage.judge()
    path = f"alerts/{stage.alert()['id']}/slices"
    assert stage.get(path)["reason"] == "No rows were kept in that time."

    cities = ["Bern"] * 200 + ["Basel"] * 400
    people = [{"age": 30.0 + n % 40, "city": city} for n, city in enumerate(cities)]
    at_us = int(stage.now.timestamp() - 1) * 1_000_000  # this machine's time may be later by now
    calls = [stage.watched.prediction([row], at_us=at_us) for row in people]
    make.ingest(stage.watched, calls)
    make.cut(stage.watched)
    assert stage.get(path)["reason"] == "No row of that time has an outcome yet."
    outcomes = [
        {"prediction_id": call.id, "value": int(30 + n % 40 + (n < 150)) % 2}
        for n, call in enumerate(calls)
    ]
    stage.post(f"deployments/{stage.deployment_id}/outcomes", {"outcomes": outcomes})
    found = stage.get(path)
    assert (found["rows"], found["loss"], found["reason"]) == (600, 0.25, None)
    worst = found["slices"][0]
    assert (worst["feature"], worst["label"], worst["loss"]) == ("city", "Bern", 0.75)
    viewer = stage.workspace.client("viewer")
    assert viewer.get(f"/api/v1/{path}").status_code == 403
