"""Strategies: who gets which share when, what guards take back, and how fast one gets back."""

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from tests.make.deployments import SIGNATURE, Serving

from modelyard_protocol.routing import Override
from modelyard_server.deployments.models import Revision
from modelyard_server.deployments.ports import Measured
from modelyard_server.deployments.reconcile import Reconciler
from modelyard_server.kernel.clock import utcnow
from modelyard_server.registry.errors import RequirementsUnresolvable

CANARY = {"kind": "canary", "percent": 10, "bake_seconds": 60}
FAILING = Measured(requests=100, errors_5xx=50)
WELL = Measured(requests=100, p95_ms=10.0)


def _two(serving: Serving, strategy: Any, **more: Any) -> dict[str, Any]:
    """Version 1 is live, version 2 is rolled out with a strategy."""
    deployment = serving.deploy(**more)
    serving.register()
    return serving.update(deployment["id"], strategy=strategy)


def _shares(serving: Serving) -> dict[int, int]:
    return serving.node.shares_of(serving.workspace)


def _weights(deployment: dict[str, Any]) -> dict[int, int]:
    return {entry["revision"]: entry["weight"] for entry in deployment["weights"]}


def test_a_canary_gets_its_share_and_then_everything(serving: Serving) -> None:
    deployment = _two(serving, CANARY)
    assert (deployment["status"], deployment["live_revision"]["number"]) == ("ready", 1)
    assert deployment["latest_revision"]["status"] == "shifting"
    assert _weights(deployment) == _shares(serving) == {1: 90, 2: 10}

    serving.look(deployment["id"])
    assert _shares(serving) == {1: 90, 2: 10}
    serving.let_pass(deployment["id"], 60)
    serving.look(deployment["id"])

    done = serving.get(deployment["id"])
    assert (done["live_revision"]["number"], done["standby_revision"]) == (2, 1)
    assert _shares(serving) == {2: 100}
    assert serving.node.servers_of(serving.workspace) == ["churn@1", "churn@2"]
    serving.let_pass(deployment["id"], 60)
    serving.look(deployment["id"])
    assert serving.node.servers_of(serving.workspace) == ["churn@2"]
    assert serving.get(deployment["id"])["standby_revision"] is None


def test_linear_steps_follow_each_other(serving: Serving) -> None:
    deployment = _two(serving, {"kind": "linear", "percent": 40, "bake_seconds": 10})
    seen = [_shares(serving)]
    for _ in range(2):
        serving.let_pass(deployment["id"], 10)
        serving.look(deployment["id"])
        seen.append(_shares(serving))
    assert seen == [{1: 60, 2: 40}, {1: 20, 2: 80}, {2: 100}]


def test_a_failing_canary_is_taken_back_with_the_reason(serving: Serving) -> None:
    deployment = _two(serving, CANARY)
    serving.measured.facts = {1: WELL, 2: FAILING}
    serving.look(deployment["id"])

    after = serving.get(deployment["id"])
    bad = after["latest_revision"]
    assert (after["status"], after["live_revision"]["number"]) == ("ready", 1)
    assert bad["status"] == "failed"
    assert "50.0% of its 100 calls failed" in bad["status_reason"]
    assert bad["shift"]["new"]["errors_5xx"] == 50
    assert _shares(serving) == {1: 100}
    assert serving.node.servers_of(serving.workspace) == ["churn@1"]
    audit = serving.workspace.client("admin").get(
        "/api/v1/audit", params={"action": "deployments.guard_rolled_back"}
    )
    assert "calls failed" in audit.json()["items"][0]["after"]["reason"]
    assert after["good_revisions"] == []


def test_in_production_the_old_revision_stands_by_and_comes_back_by_itself(
    serving: Serving,
) -> None:
    deployment = serving.deploy(environment="production")
    serving.register()
    updated = serving.update(deployment["id"])
    assert updated["latest_revision"]["strategy"]["kind"] == "blue_green"
    assert (updated["live_revision"]["number"], updated["standby_revision"]) == (2, 1)
    assert _shares(serving) == {2: 100}

    serving.measured.facts = {1: WELL, 2: FAILING}
    before = len(serving.node.states)
    serving.look(deployment["id"])

    after = serving.get(deployment["id"])
    assert (after["live_revision"]["number"], after["live_revision"]["version"]) == (1, 1)
    assert after["latest_revision"]["status"] == "failed"
    assert len(serving.node.states) == before + 1  # one publication: switch and stop
    assert _shares(serving) == {1: 100}
    serving.reconcile()
    assert serving.get(deployment["id"])["status"] == "ready"


def test_a_standby_server_takes_over_in_the_request_itself(serving: Serving) -> None:
    deployment = serving.deploy(environment="production")
    serving.register()
    serving.update(deployment["id"])
    own = f"{serving.workspace.slug}/production/churn@1"
    first = next(spec.id for spec in serving.node.desired().servers if spec.label == own)

    made = serving.post(deployment["id"], "rollback", {"reason": "wrong scores"})

    assert (made["number"], made["version"], made["status"]) == (3, 1, "ready")
    assert _shares(serving) == {3: 100}
    assert serving.node.servers_of(serving.workspace) == ["churn@3"]
    assert first in [spec.id for spec in serving.node.desired().servers]
    after = serving.get(deployment["id"])
    assert after["live_revision"]["reason"] == "wrong scores"
    serving.reconcile()
    assert serving.get(deployment["id"])["status"] == "ready"


def test_a_rollback_needs_neither_registry_nor_builder(serving: Serving, tmp_path: Path) -> None:
    deployment = serving.deploy()
    with serving.platform.database.session(serving.workspace.id) as db:
        for row in db.scalars(select(Revision)):  # as on a machine where they were made
            row.model_dir = row.python = row.environment_dir = str(tmp_path)
    serving.register()
    serving.update(deployment["id"])
    serving.preparation.refusal = RequirementsUnresolvable("The builder is down.")
    serving.preparation.calls.clear()

    made = serving.post(deployment["id"], "rollback")
    serving.roll_out(deployment["id"], made["number"])

    after = serving.get(deployment["id"])
    assert (after["status"], after["live_revision"]["version"]) == ("ready", 1)
    assert serving.preparation.calls == []
    assert all(step["status"] == "done" for step in after["live_revision"]["steps"])


def test_a_rollback_decided_on_the_node_is_taken_over_with_its_audit_entry(
    serving: Serving, tmp_path: Path
) -> None:
    deployment = serving.deploy()
    with serving.platform.database.session(serving.workspace.id) as db:
        for row in db.scalars(select(Revision)):
            row.model_dir = row.python = row.environment_dir = str(tmp_path)
    serving.register()
    serving.update(deployment["id"])
    kept = serving.node.reserve.routes[deployment["id"]]
    assert [good.revision for good in kept] == [2, 1]
    decided = Override(
        id="o",
        workspace_id=serving.workspace.id,
        deployment_id=deployment["id"],
        good=kept[1],
        at=utcnow(),
        by="pat",
        reason="wrong scores",
        is_serving=True,
    )
    serving.node.overrides = (decided,)
    reconciler = Reconciler(serving.platform.services)
    reconciler.tick()
    reconciler.tick()  # the node has not dropped it yet: nothing happens twice

    after = serving.get(deployment["id"])
    live = after["live_revision"]
    assert (live["number"], live["version"], live["reason"]) == (3, 1, "wrong scores")
    assert live["created_by_name"] == "pat (on the node)"
    route = serving.node.routes_of(serving.workspace)[0]
    assert [target["server_id"] for target in route["targets"]] == [kept[1].server.id]
    audit = serving.workspace.client("admin").get(
        "/api/v1/audit", params={"action": "deployments.node_rolled_back"}
    )
    [entry] = audit.json()["items"]
    assert (entry["after"]["reason"], entry["before"]["revision"]) == ("wrong scores", 2)


def test_any_of_the_last_ten_good_revisions_can_be_returned_to(serving: Serving) -> None:
    deployment = serving.deploy()
    for _ in range(11):
        serving.register()
        deployment = serving.update(deployment["id"])
    assert deployment["good_revisions"] == list(range(11, 1, -1))
    made = serving.post(deployment["id"], "rollback", {"revision": 4})
    serving.roll_out(deployment["id"], made["number"])
    assert serving.get(deployment["id"])["live_revision"]["version"] == 4


def test_people_set_the_share_and_the_weights_sum_to_100(serving: Serving) -> None:
    deployment = _two(serving, {**CANARY, "bake_seconds": None})
    address = f"/api/v1/deployments/{deployment['id']}/traffic"

    def put(**shares: int) -> Any:
        weights = [{"revision": int(k[1:]), "weight": v} for k, v in shares.items()]
        return serving.client.put(address, json={"weights": weights})

    for wrong in (put(r1=90, r2=20), put(r2=50), put(r1=50, r7=50)):
        assert (wrong.status_code, wrong.json()["code"]) == (422, "deployments.weights_wrong")
    assert _weights(put(r1=60, r2=40).json()) == _shares(serving) == {1: 60, 2: 40}
    serving.let_pass(deployment["id"], 10_000)
    serving.look(deployment["id"])
    assert _shares(serving) == {1: 60, 2: 40}  # a person holds it now
    assert put(r2=100).json()["live_revision"]["number"] == 2
    assert put(r1=50, r2=50).status_code == 422


def test_a_rollback_during_a_canary_ends_it(serving: Serving) -> None:
    deployment = _two(serving, CANARY)
    made = serving.post(deployment["id"], "rollback", {"reason": "no"})
    assert made["number"] == 1
    assert _shares(serving) == {1: 100}
    ended = serving.get(deployment["id"])["latest_revision"]
    assert ended["status"] in ("stopping", "stopped")
    traffic = ended["steps"][-1]
    assert (traffic["status"], traffic["detail"]) == ("done", "Ended: no")
    assert traffic["finished_at"] is not None


@pytest.mark.parametrize("kind", ["canary", "linear"])
def test_a_strategy_that_cannot_be_honoured_is_refused(serving: Serving, kind: str) -> None:
    deployment = serving.deploy()
    address = f"/api/v1/deployments/{deployment['id']}/revisions"
    other = {**SIGNATURE, "inputs": [*SIGNATURE["inputs"], {**SIGNATURE["inputs"][0], "name": "y"}]}
    serving.register(signature=other)
    refused = serving.client.post(address, json={"strategy": {"kind": kind}})
    assert (refused.status_code, refused.json()["code"]) == (422, "deployments.strategy_refused")
    assert "column y" in refused.json()["detail"]
    assert len(serving.client.get(address).json()) == 1
    serving.post(deployment["id"], "stop")
    refused = serving.client.post(address, json={"strategy": {"kind": "blue_green"}})
    assert refused.status_code == 422


def test_going_back_to_other_columns_is_said_first(serving: Serving) -> None:
    other = {**SIGNATURE, "inputs": [{**SIGNATURE["inputs"][0], "name": "y"}]}
    deployment = serving.deploy()
    serving.register(signature=other)
    serving.update(deployment["id"])
    refused = serving.post(deployment["id"], "rollback", {}, status=409)
    assert refused["code"] == "deployments.schema_differs"
    serving.post(deployment["id"], "rollback", {"accept_schema_change": True})


def test_what_answered_when_is_kept_and_exported(serving: Serving) -> None:
    approval = {"by": "Mia Park", "url": "https://tickets.example.org/CHG-7"}
    deployment = serving.deploy()
    serving.register()
    serving.update(deployment["id"], strategy=CANARY, approval=approval)
    serving.let_pass(deployment["id"], 60)
    serving.look(deployment["id"])
    serving.post(deployment["id"], "stop")
    address = f"/api/v1/deployments/{deployment['id']}/history"
    rows = serving.client.get(address).json()
    said = [(row["revision"], row["weight"], row["until_at"] is None) for row in rows]
    assert said == [(2, 100, False), (2, 10, False), (1, 90, False), (1, 100, False)]
    assert [row["approval"] for row in rows] == [approval, approval, None, None]
    shared = next(row for row in rows if row["weight"] == 10)
    at = serving.client.get(address, params={"at": shared["from_at"]}).json()
    assert {(row["revision"], row["weight"]) for row in at} == {(2, 10), (1, 90)}
    exported = serving.client.get(f"{address}.csv")
    lines = list(csv.DictReader(io.StringIO(exported.text)))
    assert [line["weight"] for line in lines] == ["100", "10", "90", "100"]
    assert [line["approved_by"] for line in lines] == ["Mia Park", "Mia Park", "", ""]
    assert lines[0]["approval_url"] == approval["url"]
    assert exported.headers["content-type"].startswith("text/csv")


def test_a_newer_revision_ends_a_canary(serving: Serving) -> None:
    deployment = _two(serving, CANARY)
    serving.register()
    made = serving.post(deployment["id"], "revisions", {})
    assert _weights(serving.get(deployment["id"])) == {1: 100}
    left = serving.client.get(f"/api/v1/deployments/{deployment['id']}/revisions").json()[1]
    assert "running" not in {step["status"] for step in left["steps"]}
    serving.roll_out(deployment["id"], made["number"])
    assert _shares(serving) == {3: 100}


def test_a_repeated_job_of_a_canary_changes_nothing(serving: Serving) -> None:
    deployment = _two(serving, CANARY)
    serving.roll_out(deployment["id"], 2)
    assert _weights(serving.get(deployment["id"])) == {1: 90, 2: 10}
