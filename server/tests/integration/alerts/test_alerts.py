"""From stored counts to an alert, to people, and to its end; the clock is the test's."""

import datetime as dt
from typing import Any

import pytest
from tests.make import monitoring as make
from tests.make.alerts import Stage, stage, trained_stage
from tests.make.channels import receiver
from tests.make.deployments import Serving
from tests.make.fixtures import TeamSpace

from modelyard_server.alerts import evaluating
from modelyard_server.deployments.models import Deployment
from modelyard_server.kernel import clock
from modelyard_server.monitoring import measuring

__all__ = ["receiver", "stage", "trained_stage"]
SLOW = {
    "name": "Calls are slow",
    "severity": "warning",
    "condition": {"kind": "threshold", "signal": "p95_ms", "threshold": 500},
}


def test_a_deployment_starts_with_rules_nobody_filled_in_a_form_for(serving: Serving) -> None:
    deployment = serving.deploy()
    answer = serving.client.get("/api/v1/alert-rules", params={"deployment_id": deployment["id"]})
    rules = answer.json()
    assert {rule["name"] for rule in rules} == {
        "Endpoint is down",
        "Calls fail",
        "Calls are slow",
        "No calls arrive",
        "Calls do not fit the schema",
        "Values are missing",
        "Values break constraints",
        "Safeguards hold",
        "Inputs have drifted",
        "Inputs have drifted together",
        "Predictions have drifted",
        "Predictions got worse",
    }
    assert all(rule["is_default"] and rule["is_enabled"] for rule in rules)
    gone = rules[0]["id"]
    assert serving.client.delete(f"/api/v1/alert-rules/{gone}").status_code == 204
    services, workspace = serving.platform.services, serving.workspace
    evaluating.evaluate(services, workspace.id, workspace.slug)
    left = serving.client.get("/api/v1/alert-rules").json()
    assert gone not in {rule["id"] for rule in left}
    assert len(left) == len(rules) - 1

    serving.post(deployment["id"], "stop")
    serving.reconcile()
    assert serving.client.delete(f"/api/v1/deployments/{deployment['id']}").status_code == 204
    assert serving.client.get("/api/v1/alert-rules").json() == []


def test_failing_calls_fire_after_their_time_are_told_once_and_end(stage: Stage) -> None:
    stage.judge()
    rule = next(r for r in stage.get("alert-rules") if r["name"] == "Calls fail")
    assert rule["hold_seconds"] == 120
    told: list[str] = []
    for _ in range(6):
        stage.calls(100, failed=30)
        told += stage.judge()
        stage.pass_time(minutes=1)
    assert told == ["fired"]
    alert = stage.alert()
    assert alert["severity"] == "critical"
    assert "Failed calls 30.0%" in alert["signals"][0]["text"]
    assert alert["impact"]["failed"] >= 30
    data = stage.receiver.posts[0].json["data"]
    assert data["alert_id"] == alert["id"]
    assert data["link"].endswith(f"/w/{stage.workspace.slug}/alerts/{alert['id']}")

    for _ in range(12):
        stage.calls(300)
        told += stage.judge()
        stage.pass_time(minutes=1)
    assert told == ["fired", "resolved"]
    [ended] = stage.alerts("resolved")
    assert ended["resolution"] == "recovered"
    summary = stage.get(f"alerts/{ended['id']}")["summary"]
    assert "Resolved by Modelyard" in summary
    assert stage.alerts() == []


def test_silence_of_the_data_is_no_recovery(stage: Stage) -> None:
    stage.only({})
    stage.calls(100, failed=50)
    assert stage.judge() == ["fired"]
    stage.pass_time(minutes=30)
    assert stage.judge() == []
    assert stage.get("alert-rules")[0]["id"]
    assert "no_data" in {rule["state"] for rule in stage.get("alert-rules")}
    assert len(stage.alerts()) == 1
    stage.calls(100)
    assert stage.judge() == ["resolved"]


def test_signals_of_one_cause_are_one_alert(stage: Stage) -> None:
    also = {"name": "Calls fail a little", "severity": "warning"}
    stage.only({}, also, SLOW)
    stage.calls(100, failed=50, ms=900)
    assert sorted(stage.judge()) == ["fired", "fired"]
    rows = {row["cause"]: row for row in stage.alerts()}
    assert {one["rule_name"] for one in rows["availability"]["signals"]} == {
        "Calls fail",
        "Calls fail a little",
    }
    assert rows["availability"]["severity"] == "critical"
    assert len(rows["latency"]["signals"]) == 1
    assert stage.judge() == []


def test_drifting_columns_are_one_alert_that_lists_them(trained_stage: Stage) -> None:
    trained_stage.rows(400, age=60, city="Genf", seed=2)
    trained_stage.calls(400)
    assert trained_stage.judge() == []
    rules = {rule["name"]: rule["text"] for rule in trained_stage.get("alert-rules")}
    assert rules["Inputs have drifted"] == (
        "2 input columns have moved once so far, and may stay: age, city."
    )
    trained_stage.pass_time(minutes=1)
    trained_stage.rows(400, age=60, city="Genf", seed=3)
    assert trained_stage.judge() == ["fired"]
    alert = trained_stage.alert()
    assert (alert["cause"], alert["title"]) == ("drift", "The data have drifted")
    [signal] = alert["signals"]
    assert set(signal["items"]) == {"age", "city"}
    found = trained_stage.get(f"alerts/{alert['id']}/features")
    assert {one["feature"] for one in found} == {"age", "city"}
    for one in found:
        assert sum(one["reference_shares"]) == pytest.approx(1)
        assert sum(one["current_shares"]) == pytest.approx(1)
        assert len(one["labels"]) == len(one["current_shares"])
    changes = trained_stage.get(f"alerts/{alert['id']}/changes")
    assert {c["title"] for c in changes if c["kind"] == "drift"} == {"age moved", "city moved"}


def test_values_that_break_constraints_fire_and_end(trained_stage: Stage) -> None:
    place = f"/api/v1/deployments/{trained_stage.deployment_id}/constraints"
    asked = {"columns": [{"column": "age", "maximum": 200}, {"column": "city", "type": "text"}]}
    assert trained_stage.client.put(place, json=asked).status_code == 200
    [rule] = trained_stage.only(
        {"name": "Values break constraints", "condition": {"kind": "constraints"}}
    )
    trained_stage.rows(300)
    assert trained_stage.judge() == []
    trained_stage.rows(20, age=900)
    assert trained_stage.judge() == ["fired"]
    alert = trained_stage.alert()
    [signal] = alert["signals"]
    assert (alert["cause"], signal["items"]) == ("data", ["age"])
    assert "age is at most 200: 20 of 320 values are not" in signal["text"]
    draft = {
        "deployment_id": trained_stage.deployment_id,
        "condition": rule["condition"],
        "hold_seconds": 0,
        "days": 1,
    }
    assert trained_stage.post("alert-rules/preview", draft)["points"][-1]["value"] == 1.0
    trained_stage.post(f"alerts/{alert['id']}/mute", {"feature": "age"})
    assert trained_stage.judge() == ["resolved"]


def test_one_bad_minute_does_not_fire(trained_stage: Stage) -> None:
    for seed in (2, 3):
        trained_stage.rows(400, seed=seed)
        trained_stage.pass_time(minutes=1)
    trained_stage.rows(400, age=60, seed=4)
    assert trained_stage.judge() == []
    trained_stage.pass_time(minutes=1)
    trained_stage.rows(400, seed=5)
    trained_stage.pass_time(minutes=10)
    measuring.forget()
    assert trained_stage.judge() == []


def test_a_muted_column_fires_no_more(trained_stage: Stage) -> None:
    trained_stage.rows(400, age=60, seed=2)
    trained_stage.calls(400)
    trained_stage.pass_time(minutes=2)
    assert trained_stage.judge() == ["fired"]  # nothing came after them
    alert = trained_stage.alert()
    nothing = trained_stage.client.post(
        f"/api/v1/alerts/{alert['id']}/mute", json={"feature": "city"}
    )
    assert nothing.json()["code"] == "alerts.nothing_to_mute"
    trained_stage.post(f"alerts/{alert['id']}/mute", {"feature": "age"})
    trained_stage.judge()
    trained_stage.pass_time(minutes=61)
    trained_stage.calls(400)
    trained_stage.judge()
    [ended] = trained_stage.alerts("resolved")
    assert ended["action"] == "Muted the column age"
    rule = next(r for r in trained_stage.get("alert-rules") if r["name"] == "Inputs have drifted")
    assert rule["condition"]["muted"] == ["age"]
    history = trained_stage.get(f"alert-rules/{rule['id']}/history")
    assert history[0]["after"]["condition"]["muted"] == ["age"]


def test_a_silence_keeps_quiet_and_what_fires_at_its_end_is_announced(stage: Stage) -> None:
    stage.only({})
    body = {"reason": "planned work", "ends_at": (stage.now + dt.timedelta(hours=1)).isoformat()}
    stage.post("silences", body, 201)
    stage.calls(100, failed=50)
    assert stage.judge() == []
    assert stage.alert()["muted_by"] == "Silenced: planned work"
    stage.pass_time(minutes=59)
    stage.calls(100, failed=50)
    assert stage.judge() == []
    stage.pass_time(minutes=1)
    assert stage.judge() == ["announced"]
    assert stage.judge() == []


def test_an_endpoint_that_is_down_mutes_what_it_explains(stage: Stage) -> None:
    stage.only(
        {"name": "Endpoint is down", "condition": {"kind": "down"}},
        SLOW,
    )
    with stage.workspace.platform.database.session(stage.workspace.id) as db:
        row = db.get_one(Deployment, (stage.workspace.id, stage.watched.id))
        row.status, row.status_reason = "degraded", "The model server is being restarted."
    stage.calls(100, ms=900)
    assert stage.judge() == ["fired"]
    muted = {row["cause"]: row["muted_by"] for row in stage.alerts()}
    assert muted["availability"] is None
    assert "down" in muted["latency"]
    with stage.workspace.platform.database.session(stage.workspace.id) as db:
        db.get_one(Deployment, (stage.workspace.id, stage.watched.id)).status = "ready"
    assert sorted(stage.judge()) == ["announced", "resolved"]


def test_what_nobody_acknowledges_is_escalated_then_repeated(stage: Stage) -> None:
    stage.only({})
    stage.policy(group_wait_seconds=0, escalate_minutes=10, repeat_minutes=60)
    told: list[str] = []
    for _ in range(6):
        stage.calls(100, failed=50)
        told += stage.judge()
        stage.pass_time(minutes=15)
    assert told == ["fired", "escalated", "repeated"]
    stage.post(f"alerts/{stage.alert()['id']}/acknowledge")
    for _ in range(3):
        stage.calls(100, failed=50)
        told += stage.judge()
        stage.pass_time(minutes=60)
    assert told == ["fired", "escalated", "repeated"]
    alert = stage.alert()
    assert alert["seconds_to_acknowledge"] == 90 * 60
    assert [e["kind"] for e in alert["events"]][:3] == ["fired", "escalated", "acknowledged"]


def test_people_handle_an_alert_and_it_is_written_down(stage: Stage) -> None:
    stage.only({})
    stage.calls(100, failed=50)
    stage.judge()
    alert_id = stage.alert()["id"]
    ana = stage.workspace.a_person("developer")
    stage.post(f"alerts/{alert_id}/assign", {"user_id": str(ana.id)})
    stage.post(f"alerts/{alert_id}/comments", {"text": "The upstream team knows."}, 201)
    stage.post(f"alerts/{alert_id}/snooze", {"minutes": 60})
    assert (stage.alerts(), len(stage.alerts("snoozed"))) == ([], 1)
    stage.pass_time(minutes=20)
    stage.calls(100, failed=50)
    assert stage.judge() == []
    assert stage.client.delete(f"/api/v1/alerts/{alert_id}/snooze").status_code == 200
    assert stage.judge() == ["announced"]
    done = stage.post(
        f"alerts/{alert_id}/resolve", {"resolution": "bad_data", "note": "Feed repaired."}
    )
    assert (done["resolution"], done["assignee_name"]) == ("bad_data", ana.display_name)
    assert "Feed repaired." in done["summary"]
    assert done["seconds_to_resolve"] == 20 * 60
    assert stage.judge() == ["resolved"]
    again = stage.client.post(f"/api/v1/alerts/{alert_id}/acknowledge")
    assert again.json()["code"] == "alerts.already_resolved"
    counts = stage.get("alert-counts")
    assert (counts["open"], counts["median_seconds_to_resolve"]) == (0, 20 * 60)
    stage.calls(100, failed=50)
    assert stage.judge() == []  # resolved by a person: quiet until it was clear once
    trail = stage.workspace.client("admin").get("/api/v1/audit", params={"object_id": alert_id})
    assert {e["action"] for e in trail.json()["items"]} == {
        "alerts.assign",
        "alerts.comment",
        "alerts.snooze",
        "alerts.wake",
        "alerts.resolve",
    }


def test_a_stranger_cannot_be_assigned(stage: Stage, workspace: TeamSpace) -> None:
    stage.only({})
    stage.calls(100, failed=50)
    stage.judge()
    outsider = workspace.platform.a_workspace().a_person()
    answer = stage.client.post(
        f"/api/v1/alerts/{stage.alert()['id']}/assign", json={"user_id": str(outsider.id)}
    )
    assert answer.json()["code"] == "alerts.assignee_unknown"


def test_a_rule_that_is_switched_off_takes_its_alert_with_it(stage: Stage) -> None:
    [rule] = stage.only({})
    stage.calls(100, failed=50)
    stage.judge()
    stage.client.patch(f"/api/v1/alert-rules/{rule['id']}", json={"is_enabled": False})
    assert stage.judge() == ["resolved"]
    assert stage.alerts("resolved")[0]["resolution"] == "rule_removed"


def test_only_one_process_evaluates_at_a_time(stage: Stage) -> None:
    database, every = stage.workspace.platform.database, dt.timedelta(seconds=30)
    turns = [evaluating.claim(database, stage.workspace.id, every) for _ in range(3)]
    assert turns == [True, False, False]
    stage.pass_time(seconds=30)
    assert evaluating.claim(database, stage.workspace.id, every)


def test_a_back_test_counts_what_would_have_happened(stage: Stage) -> None:
    """Hand-worked: three bursts of errors in ten days; the fourth is too short for `hold`."""
    start = stage.now - dt.timedelta(days=10)
    bursts = [(1, 4), (3, 6), (6, 5), (8, 1)]  # day, slots of five minutes
    stage.history(
        {
            start + dt.timedelta(days=day, minutes=5 * slot): {
                "200": 60 if slot < length else 100,
                "500": 40 if slot < length else 0,
            }
            for day, length in bursts
            for slot in range(8)
        }
    )
    body: dict[str, Any] = {
        "deployment_id": stage.deployment_id,
        "condition": {"kind": "threshold", "signal": "error_rate", "threshold": 0.05},
        "hold_seconds": 600,
        "recover_seconds": 300,
        "days": 12,
    }
    found = stage.post("alert-rules/preview", body)
    assert found["sentence"] == "It would have fired 3 times in 12 days."
    assert len(found["fired"]) == 3
    assert all(one["until"] for one in found["fired"])
    assert 0 < found["known_share"] < 0.05
    assert max(p["value"] or 0 for p in found["points"]) == pytest.approx(0.4)
    body["condition"]["threshold"] = 0.5
    assert stage.post("alert-rules/preview", body)["fired"] == []


@pytest.mark.parametrize(
    "condition",
    [
        {"kind": "anomaly", "signal": "p95_ms"},
        {"kind": "burn_rate", "objective": 0.99},
        {"kind": "change", "signal": "requests_per_minute", "direction": "below"},
        {"kind": "no_data"},
        {"kind": "down"},
        {"kind": "drift"},
        {"kind": "quality"},
    ],
)
def test_every_kind_of_rule_can_be_tried_on_nothing(
    stage: Stage, condition: dict[str, Any]
) -> None:
    body = {"deployment_id": stage.deployment_id, "condition": condition}
    found = stage.post("alert-rules/preview", body)
    assert found["fired"] == []
    assert "not enough data" in found["sentence"]


@pytest.mark.parametrize(
    "changed",
    [
        {"condition": {"kind": "threshold", "signal": "error_rate", "threshold": -1}},
        {
            "condition": {
                "kind": "threshold",
                "signal": "error_rate",
                "threshold": 0.1,
                "recover_threshold": 0.2,
            }
        },
        {"condition": {"kind": "weather"}},
        {"condition": {"kind": "burn_rate", "objective": 1}},
        {"channel_ids": ["00000000-0000-4000-8000-000000000000"]},
        {"runbook_url": "javascript:alert(1)"},
        {"name": " "},
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(stage: Stage, changed: dict[str, Any]) -> None:
    body = {
        "deployment_id": stage.deployment_id,
        "name": "x",
        "condition": {"kind": "down"},
        **changed,
    }
    assert stage.client.post("/api/v1/alert-rules", json=body).status_code == 422


def test_example_calls_hide_telling_values_and_need_a_permission(trained_stage: Stage) -> None:
    trained_stage.rows(300, age=60, seed=2)
    trained_stage.calls(300)
    trained_stage.pass_time(minutes=2)
    trained_stage.judge()
    alert_id = trained_stage.alert()["id"]
    found = trained_stage.get(f"alerts/{alert_id}/examples")
    assert len(found) == 10
    assert {"age", "city"} <= set(found[0]["inputs"][0])
    viewer = trained_stage.workspace.client("viewer")
    assert viewer.get(f"/api/v1/alerts/{alert_id}/examples").status_code == 403
    assert viewer.get(f"/api/v1/alerts/{alert_id}").status_code == 200


def test_the_window_is_exported_with_its_outcomes(trained_stage: Stage) -> None:
    trained_stage.rows(300, age=60, seed=2)
    trained_stage.pass_time(minutes=2)
    trained_stage.judge()
    alert_id = trained_stage.alert()["id"]
    trained_stage.pass_time(minutes=1)
    trained_stage.rows(5, age=60, seed=3)
    rows = trained_stage.get(f"deployments/{trained_stage.deployment_id}/predictions", limit=1)
    known = rows["items"][0]["id"]
    trained_stage.post(
        f"deployments/{trained_stage.deployment_id}/outcomes",
        {"prediction_id": known, "value": 1},
    )
    trained_stage.pass_time(seconds=5)
    answer = trained_stage.client.post(f"/api/v1/alerts/{alert_id}/export")
    lines = answer.text.strip().splitlines()
    assert lines[0] == "prediction_id,at,version,age,city,prediction,outcome"
    assert len(lines) == 6
    assert sum(line.endswith(",1") for line in lines[1:] if known in line) == 1


def test_rolling_back_from_an_alert_is_the_real_thing_and_its_recovery_is_watched(
    serving: Serving, receiver: Any, tmp_path: Any
) -> None:
    deployment = serving.deploy(environment="production")
    serving.register()
    serving.update(deployment["id"], version=2)
    watched = make.Watched(serving.workspace, _uuid(deployment["id"]), tmp_path)
    stage = Stage(serving.workspace, watched, receiver)
    try:
        stage.only({})
        stage.calls(100, failed=50)
        assert stage.judge() == ["fired"]
        alert = stage.alert()
        assert (alert["can_roll_back_version"], alert["version"]) == (1, 2)
        changes = stage.get(f"alerts/{alert['id']}/changes")
        assert any(c["title"] == "Version 2 was deployed" for c in changes)

        acted = stage.post(f"alerts/{alert['id']}/roll-back", {}, 202)
        serving.roll_out(deployment["id"], 3)

        assert acted["action"] == "Rolled back to version 1"
        assert acted["acknowledged_at"] is not None
        assert serving.get(deployment["id"])["live_revision"]["version"] == 1
        stage.pass_time(minutes=6)
        stage.calls(100)
        assert stage.judge() == ["resolved"]
        done = stage.get(f"alerts/{alert['id']}")
        assert done["resolution"] == "acted"
        assert "Rolled back to version 1" in done["summary"]
        chart = stage.get(f"alerts/{alert['id']}/signal")
        assert {"A", "C", "R"} <= {mark["letter"] for mark in chart["marks"]}
        assert any(point["value"] == 0.5 for point in chart["points"])
        trail = serving.workspace.client("admin").get("/api/v1/audit").json()["items"]
        assert {"deployments.roll_back", "alerts.act"} <= {e["action"] for e in trail}
    finally:
        clock.set_source(None)


def _uuid(text: str) -> Any:
    import uuid

    return uuid.UUID(text)
