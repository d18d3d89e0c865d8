"""Rolling revisions out: what goes live, what does not, and what a killed worker leaves."""

from typing import Any

import pytest
from tests.make.deployments import Killed, Serving

from modelyard_server.deployments.ports import Verified
from modelyard_server.registry.errors import RequirementsUnresolvable


def _actions(serving: Serving, deployment: dict[str, Any]) -> list[str]:
    found = serving.workspace.client("admin").get(
        "/api/v1/audit", params={"object_id": deployment["id"]}
    )
    return [event["action"] for event in found.json()["items"]]


def test_a_version_goes_live_step_by_step(serving: Serving) -> None:
    deployment = serving.deploy()

    live = deployment["live_revision"]
    assert deployment["status"] == "ready"
    assert deployment["url"].endswith(f"/{serving.workspace.slug}/staging/churn")
    assert [step["status"] for step in live["steps"]] == ["done"] * 5
    assert all(step["finished_at"] >= step["started_at"] for step in live["steps"])
    assert (live["environment_note"], live["sandbox"]) == ("Isolated environment a1b2c3.", "bwrap")
    [route] = serving.node.routes_of(serving.workspace)
    assert (route["deployment"], route["model"]) == ("churn", "churn")
    assert {"deployment.create", "deployments.live"} <= set(_actions(serving, deployment))


def test_the_old_revision_serves_until_the_new_one_is_ready(serving: Serving) -> None:
    deployment = serving.deploy()
    serving.register()
    before = len(serving.node.states)

    updated = serving.update(deployment["id"])

    steps = range(before, len(serving.node.states))
    servers = [serving.node.servers_of(serving.workspace, at) for at in steps]
    targets = [serving.node.target_of(serving.workspace, at) for at in steps]
    assert servers == [["churn@1", "churn@2"], ["churn@1", "churn@2"], ["churn@2"]]
    assert targets == [1, 2, 2]  # started beside, switched, then the old one is retired
    assert updated["live_revision"]["version"] == 2
    assert updated["previous_good_revision"] == 1


def test_a_different_prediction_is_refused_and_the_old_revision_keeps_serving(
    serving: Serving,
) -> None:
    deployment = serving.deploy()
    serving.register()
    difference = {"row": 0, "column": None, "expected": 1, "actual": 0}
    serving.preparation.verified = Verified(
        False, "1 value differs.", "bwrap", [difference], ["log"]
    )

    updated = serving.update(deployment["id"])

    failed = updated["latest_revision"]
    assert (updated["status"], updated["live_revision"]["version"]) == ("ready", 1)
    assert (failed["status"], failed["status_reason"]) == ("failed", "1 value differs.")
    assert (failed["differences"], failed["log_tail"]) == ([difference], ["log"])
    assert [s["status"] for s in failed["steps"]][2:] == ["failed", "pending", "pending"]
    assert serving.node.servers_of(serving.workspace) == ["churn@1"]


def test_requirements_that_cannot_be_resolved_fail_with_the_resolvers_reason(
    serving: Serving,
) -> None:
    serving.preparation.refusal = RequirementsUnresolvable("numpy==0.0.1 does not exist.")

    deployment = serving.deploy()

    failed = deployment["latest_revision"]
    assert (deployment["status"], deployment["live_revision"]) == ("failed", None)
    assert failed["status_reason"] == "numpy==0.0.1 does not exist."
    assert failed["log_tail"] == ["Resolved 12 packages"]
    assert serving.node.routes_of(serving.workspace) == []


def test_a_server_that_keeps_crashing_fails_the_roll_out(serving: Serving) -> None:
    serving.node.crashing["sklearn"] = 2

    deployment = serving.deploy()

    failed = deployment["latest_revision"]
    assert failed["status"] == "failed"
    assert "ImportError" in failed["status_reason"]
    assert failed["log_tail"] == ["last words"]
    assert serving.node.servers_of(serving.workspace) == []


@pytest.mark.parametrize("step", ["prepare", "build", "verify"])
def test_a_killed_worker_leaves_a_roll_out_that_another_finishes(
    serving: Serving, step: str
) -> None:
    serving.preparation.killed_at = step
    with pytest.raises(Killed):
        serving.deploy()
    [row] = serving.client.get("/api/v1/deployments").json()["items"]
    assert row["live_revision"] is None

    serving.roll_out(row["id"], 1)

    again = serving.get(row["id"])
    assert again["status"] == "ready"
    assert [s["status"] for s in again["live_revision"]["steps"]] == ["done"] * 5


def test_a_worker_killed_after_the_switch_leaves_only_the_old_server_to_retire(
    serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    from modelyard_server.deployments.rollout import RollOut

    deployment = serving.deploy()
    serving.register()

    def killed(_: RollOut) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(RollOut, "_retire_others", killed)
        with pytest.raises(Killed):
            serving.update(deployment["id"])
    assert serving.node.servers_of(serving.workspace) == ["churn@1", "churn@2"]

    serving.roll_out(deployment["id"], 2)
    serving.reconcile()

    states = serving.client.get(f"/api/v1/deployments/{deployment['id']}/revisions").json()
    assert serving.node.servers_of(serving.workspace) == ["churn@2"]
    assert [row["status"] for row in states] == ["ready", "stopped"]


def test_our_own_failure_is_retried_and_then_told(serving: Serving) -> None:
    serving.preparation.refusal = OSError("disk on fire")
    made = serving.client.post("/api/v1/serving/deploy", json={"model_id": str(serving.model_id)})
    deployment_id = made.json()["id"]

    with pytest.raises(OSError, match="fire"):
        serving.roll_out(deployment_id, 1, is_last_attempt=False)
    assert serving.get(deployment_id)["status"] == "building"
    with pytest.raises(OSError, match="fire"):
        serving.roll_out(deployment_id, 1)

    reason = serving.get(deployment_id)["status_reason"]
    assert reason.startswith("Something failed on our side")
    assert "fire" not in reason


def test_a_newer_revision_supersedes_one_that_is_being_rolled_out(serving: Serving) -> None:
    made = serving.client.post("/api/v1/serving/deploy", json={"model_id": str(serving.model_id)})
    deployment_id = made.json()["id"]
    serving.register()
    serving.post(deployment_id, "revisions")

    serving.roll_out(deployment_id, 1)
    assert serving.preparation.calls == []
    serving.roll_out(deployment_id, 2)

    rows = serving.client.get(f"/api/v1/deployments/{deployment_id}/revisions").json()
    assert [row["status"] for row in rows] == ["ready", "stopped"]
    assert rows[1]["status_reason"] == "Superseded by revision 2."


def test_a_live_server_that_crashes_is_degraded_then_failed_then_ready_again(
    serving: Serving,
) -> None:
    deployment = serving.deploy()
    seen = []
    for crashes in (1, 5, 0):
        serving.node.crashing["sklearn"] = crashes
        serving.reconcile()
        now = serving.get(deployment["id"])
        seen.append((now["status"], now["status_reason"] is None))
    assert seen == [("degraded", False), ("failed", False), ("ready", True)]
    assert _actions(serving, deployment).count("deployments.status_changed") == 3


def test_a_node_that_is_gone_degrades_what_it_served(serving: Serving) -> None:
    deployment = serving.deploy()
    serving.node.up = False
    serving.reconcile()
    assert "node" in serving.get(deployment["id"])["status_reason"]
    serving.node.up = True
    serving.reconcile()
    assert serving.get(deployment["id"])["status"] == "ready"
