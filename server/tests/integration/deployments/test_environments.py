"""Environments: variables, sealed secrets, limits, policy, and promotion of the identical thing."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from tests.make.deployments import Serving

from modelyard_server.deployments.models import EnvironmentSecret, Revision
from modelyard_server.kernel.trail import AuditEvent

PLACES = "/api/v1/environments"


@pytest.fixture
def admin(serving: Serving) -> Any:
    return serving.workspace.client("admin")


def _place(admin: Any, slug: str) -> dict[str, Any]:
    found: dict[str, Any] = next(p for p in admin.get(PLACES).json() if p["slug"] == slug)
    return found


def test_there_are_three_and_more_can_be_added_renamed_and_removed(admin: Any) -> None:
    assert [place["slug"] for place in admin.get(PLACES).json()] == ["dev", "staging", "production"]
    made = admin.post(PLACES, json={"name": "EU production"})
    assert (made.status_code, made.json()["slug"], made.json()["rank"]) == (
        201,
        "eu-production",
        3,
    )
    assert admin.post(PLACES, json={"name": "EU production"}).status_code == 409
    renamed = admin.patch(f"{PLACES}/dev", json={"name": "Playground"})
    assert renamed.json()["name"] == "Playground"
    assert admin.patch(f"{PLACES}/dev", json={"name": None}).json()["name"] == "Playground"
    assert admin.delete(f"{PLACES}/eu-production").status_code == 204
    kept = admin.delete(f"{PLACES}/dev")
    assert (kept.status_code, kept.json()["code"]) == (409, "deployments.environment_in_use")


def test_a_secret_is_sealed_written_only_and_reaches_the_server_alone(
    serving: Serving, admin: Any
) -> None:
    admin.patch(f"{PLACES}/staging", json={"variables": {"REGION": "eu-1"}})
    address = f"{PLACES}/staging/secrets/API_TOKEN"
    assert admin.put(address, json={"value": "hunter2-hunter2"}).status_code == 204
    deployment = serving.deploy()
    assert serving.variables_of(deployment) == {"REGION": "eu-1", "API_TOKEN": "hunter2-hunter2"}
    assert serving.preparation.variables == serving.variables_of(deployment)

    with serving.platform.database.session(serving.workspace.id, write=False) as db:
        sealed = db.scalars(select(EnvironmentSecret.sealed)).one()
        events = db.scalars(
            select(AuditEvent).where(AuditEvent.workspace_id == serving.workspace.id)
        ).all()
        said = " ".join(f"{event.before} {event.after}" for event in events)
    assert b"hunter2" not in sealed
    shown = admin.get(PLACES).text + admin.get(f"/api/v1/deployments/{deployment['id']}").text
    desired = serving.node.desired().model_dump_json()
    assert "hunter2" not in said + shown + desired
    assert [secret["name"] for secret in _place(admin, "staging")["secrets"]] == ["API_TOKEN"]

    admin.put(address, json={"value": "rotated-rotated"})
    assert serving.variables_of(deployment)["API_TOKEN"] == "hunter2-hunter2"
    serving.register()
    updated = serving.update(deployment["id"])
    assert serving.variables_of(updated)["API_TOKEN"] == "rotated-rotated"
    assert admin.delete(address).status_code == 204
    assert admin.delete(address).status_code == 404


@pytest.mark.parametrize(
    "name", ["PATH", "LD_PRELOAD", "PYTHONPATH", "MODELYARD_X", "lower", "A B"]
)
def test_a_name_the_runtime_needs_cannot_be_set(admin: Any, name: str) -> None:
    refused = admin.patch(f"{PLACES}/dev", json={"variables": {name: "1"}})
    assert (refused.status_code, refused.json()["code"]) == (422, "deployments.variable_invalid")
    assert admin.put(f"{PLACES}/dev/secrets/{name}", json={"value": "1"}).status_code == 422


def test_limits_hold_for_deployments_and_their_next_revisions(serving: Serving, admin: Any) -> None:
    admin.patch(f"{PLACES}/staging", json={"quota": {"deployments": 1, "memory_gb": 1}})
    deployment = serving.deploy()
    body = {"model_id": str(serving.model_id), "use_auto_config": True}
    refused = serving.client.post("/api/v1/serving/deploy", json=body)
    assert (refused.status_code, refused.json()["code"]) == (409, "deployments.quota_reached")
    assert (refused.json()["limit"], refused.json()["allowed"]) == ("deployments", 1)
    config = {"engine": "sklearn", "cpu": 1, "memory_gb": 2}
    bigger = {"use_auto_config": False, "config": config}
    refused = serving.post(deployment["id"], "revisions", bigger, status=409)
    assert (refused["limit"], refused["wanted"]) == ("GB of memory", 2.0)
    assert _place(admin, "staging")["used"]["deployments"] == 1
    serving.post(deployment["id"], "revisions", {})  # its own memory is not counted twice


def test_who_may_deploy_may_not_change_environments(serving: Serving) -> None:
    assert serving.client.patch(f"{PLACES}/dev", json={"name": "x"}).status_code == 403
    assert serving.client.put(f"{PLACES}/dev/secrets/A", json={"value": "x"}).status_code == 403


def test_promotion_serves_the_identical_files_environment_and_proof(
    serving: Serving, admin: Any
) -> None:
    deployment = serving.deploy()
    serving.register()  # a newer version is not what is promoted
    made = serving.post(deployment["id"], "promote", {"environment": "production"})
    serving.roll_out(made["id"], 1)

    promoted = serving.get(made["id"])
    assert (promoted["environment"], promoted["name"]) == ("production", "churn")
    assert promoted["live_revision"]["version"] == 1
    assert promoted["live_revision"]["promoted_from"] == "staging/churn@1"
    with serving.platform.database.session(serving.workspace.id, write=False) as db:
        proofs = list(db.scalars(select(Revision.proof)))
    assert len(proofs) == 2
    assert proofs[0] == proofs[1]
    again = serving.post(deployment["id"], "promote", {"environment": "production"}, status=409)
    assert again["unmet"] == ["Production serves exactly this already."]


def test_what_does_not_come_out_the_same_is_not_promoted(serving: Serving) -> None:
    deployment = serving.deploy()
    made = serving.post(deployment["id"], "promote", {"environment": "production"})
    with serving.platform.database.session(serving.workspace.id) as db:
        for row in db.scalars(select(Revision).where(Revision.promoted_from.is_not(None))):
            row.proof = "another-digest/another-lock/sklearn"
    serving.roll_out(made["id"], 1)
    failed = serving.get(made["id"])
    assert failed["status"] == "failed"
    assert "not those of the revision it repeats" in failed["status_reason"]


def test_the_track_shows_every_stage_and_what_stands_in_the_way(serving: Serving) -> None:
    deployment = serving.deploy(environment="dev")
    address = f"/api/v1/deployments/{deployment['id']}/track"
    dev, staging, production = serving.client.get(address).json()["stages"]
    assert (dev["version"], dev["next_environment"], dev["unmet"]) == (1, "staging", [])
    assert (staging["deployment_id"], staging["next_environment"]) == (None, "production")
    assert production["next_environment"] is None
    serving.post(deployment["id"], "stop")
    dev = serving.client.get(address).json()["stages"][0]
    assert dev["unmet"] == ["No revision of it is live."]


def test_an_environment_may_take_promoted_deployments_only(serving: Serving, admin: Any) -> None:
    admin.patch(f"{PLACES}/production", json={"policy": {"promote_only": True}})
    body = {"model_id": str(serving.model_id), "environment": "production"}
    refused = serving.client.post("/api/v1/serving/deploy", json=body)
    assert (refused.status_code, refused.json()["code"]) == (409, "deployments.promotion_needed")
    deployment = serving.deploy()
    serving.post(deployment["id"], "promote", {"environment": "production"})


def test_an_environment_may_take_versions_only_that_somebody_approved(
    serving: Serving, admin: Any
) -> None:
    admin.patch(f"{PLACES}/production", json={"policy": {"needs_approval": True}})
    deployment = serving.deploy()
    wanted = {"environment": "production"}
    refused = serving.post(deployment["id"], "promote", wanted, status=422)
    assert refused["code"] == "deployments.approval_needed"
    body = {"model_id": str(serving.model_id), "use_auto_config": True, **wanted}
    assert serving.client.post("/api/v1/serving/deploy", json=body).status_code == 422
    for wrong in ({"by": "  "}, {"by": "Mia Park", "url": "javascript:alert(1)"}):
        serving.post(deployment["id"], "promote", {**wanted, "approval": wrong}, status=422)

    approval = {"by": "Mia Park", "url": "https://tickets.example.org/CHG-7"}
    made = serving.post(deployment["id"], "promote", {**wanted, "approval": approval})
    serving.roll_out(made["id"], 1)
    serving.post(made["id"], "revisions", {}, status=422)
    serving.post(made["id"], "stop")
    again = serving.post(made["id"], "start")["latest_revision"]
    assert again["approval"] == approval  # the version that was approved comes back
    with serving.platform.database.session(serving.workspace.id, write=False) as db:
        kept = db.scalars(
            select(AuditEvent.after).where(
                AuditEvent.workspace_id == serving.workspace.id,
                AuditEvent.action == "deployments.promote",
            )
        ).one()
    assert kept["approval"] == approval


def test_a_deployment_tells_its_cost_where_a_price_is_said(serving: Serving, admin: Any) -> None:
    deployment = serving.deploy()
    assert serving.get(deployment["id"])["cost"] is None
    price = {"currency": "EUR", "cpu_hour": 3600.0, "gb_hour": 0.0, "gpu_hour": 0.0}
    admin.patch(f"{PLACES}/staging", json={"price": price})
    listed = serving.client.get("/api/v1/deployments").json()["items"][0]["cost"]
    assert listed["currency"] == "EUR"
    assert listed["amount"] > 0


def test_an_environments_own_strategy_is_used_when_nobody_asks(
    serving: Serving, admin: Any
) -> None:
    strategy = {"kind": "canary", "percent": 20, "bake_seconds": 30}
    admin.patch(f"{PLACES}/staging", json={"policy": {"strategy": strategy}})
    deployment = serving.deploy()
    serving.register()
    updated = serving.update(deployment["id"])
    assert updated["latest_revision"]["strategy"]["percent"] == 20
    assert updated["latest_revision"]["status"] == "shifting"


def test_environments_are_compared_without_showing_secrets(serving: Serving, admin: Any) -> None:
    admin.patch(f"{PLACES}/staging", json={"variables": {"REGION": "eu-1", "SAME": "1"}})
    admin.patch(f"{PLACES}/production", json={"variables": {"REGION": "us-1", "SAME": "1"}})
    admin.put(f"{PLACES}/staging/secrets/TOKEN", json={"value": "hunter2-hunter2"})
    serving.deploy()
    answer = serving.client.get(f"{PLACES}/staging/differences", params={"other": "production"})
    found = {row["what"]: (row["left"], row["right"]) for row in answer.json()}
    assert found["variable REGION"] == ("eu-1", "us-1")
    assert found["secret TOKEN"] == ("set", None)
    assert "variable SAME" not in found
    assert found["deployment churn"][0].startswith("churn v1, sklearn, 1 cores")
    assert "hunter2" not in answer.text


def test_changed_variables_are_proved_anew(serving: Serving, admin: Any) -> None:
    admin.patch(f"{PLACES}/staging", json={"variables": {"REGION": "eu-1"}})
    serving.preparation.lane = {"compiled": None, "reason": "Not faster."}  # known, without any
    deployment = serving.deploy()
    verified = serving.preparation.calls.count
    assert verified("verify") == 1, "the check that is known had no variables"
    serving.update(deployment["id"], version=1)
    assert verified("verify") == 1, "nothing changed"

    admin.put(f"{PLACES}/staging/secrets/API_TOKEN", json={"value": "another-secret"})
    serving.update(deployment["id"], version=1)
    assert verified("verify") == 2
    assert serving.preparation.variables == {"REGION": "eu-1", "API_TOKEN": "another-secret"}
    with serving.platform.database.session(serving.workspace.id, write=False) as db:
        marks = set(db.scalars(select(Revision.proof_variables)))
    assert len(marks) == 2
    assert all(mark and len(mark) == 64 and "secret" not in mark for mark in marks)


@pytest.mark.parametrize(("there", "times"), [({"REGION": "us-1"}, 2), ({"REGION": "eu-1"}, 1)])
def test_a_promoted_version_is_proved_with_the_variables_of_its_new_place(
    serving: Serving, admin: Any, tmp_path: Path, there: dict[str, str], times: int
) -> None:
    admin.patch(f"{PLACES}/staging", json={"variables": {"REGION": "eu-1"}})
    admin.patch(f"{PLACES}/production", json={"variables": there})
    deployment = serving.deploy()
    with serving.platform.database.session(serving.workspace.id) as db:
        for row in db.scalars(select(Revision)):  # files that are really there
            row.model_dir = row.python = row.environment_dir = str(tmp_path)
    made = serving.post(deployment["id"], "promote", {"environment": "production"})
    serving.roll_out(made["id"], 1)
    promoted = serving.get(made["id"])
    assert promoted["status"] == "ready", promoted["status_reason"]
    assert serving.preparation.calls.count("verify") == times
    assert serving.variables_of(promoted) == there
