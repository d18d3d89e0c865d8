"""Quick deploy: what is picked, what is recorded about it, and what people correct."""

import uuid
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select
from tests.make.deployments import Serving
from tests.make.fixtures import Platform

from modelyard_server.kernel.trail import AuditEvent

AUTO, DEPLOY = "/api/v1/serving/auto-config", "/api/v1/serving/deploy"
PICKED = {"engine": "sklearn", "cpu": 1.0, "memory_gb": 0.75, "gpu": 0}


def _events(serving: Serving) -> list[AuditEvent]:
    with serving.platform.database.platform_session(write=False) as db:
        query = select(AuditEvent).where(
            AuditEvent.workspace_id == serving.workspace.id,
            AuditEvent.action.in_(["deployment.auto_config", "deployment.create"]),
        )
        return list(db.scalars(query.order_by(AuditEvent.action)))


def _body(serving: Serving, **more: Any) -> dict[str, Any]:
    return {"model_id": str(serving.model_id), **more}


@pytest.mark.parametrize("value", ["7", "not-a-uuid", None])
def test_a_model_id_that_is_no_uuid_is_malformed(serving: Serving, value: Any) -> None:
    answer = serving.client.post(AUTO, json={"model_id": value})
    assert answer.status_code == 422
    assert answer.json()["fields"][0]["location"] == "body.model_id"


def test_an_unknown_model_and_a_hidden_one_are_refused_alike(
    serving: Serving, platform: Platform
) -> None:
    stranger = platform.a_workspace().client("viewer")
    hidden = stranger.post(AUTO, json=_body(serving))
    unknown = stranger.post(AUTO, json={"model_id": str(uuid.uuid4())})
    assert hidden.status_code == unknown.status_code == 404
    same = [{**answer.json(), "request_id": ""} for answer in (hidden, unknown)]
    assert same[0] == same[1]


def test_a_viewer_may_look_at_the_picked_setup(serving: Serving) -> None:
    answer = serving.workspace.client("viewer").post(AUTO, json=_body(serving))
    assert answer.status_code == 200
    assert {name: answer.json()[name] for name in PICKED} == PICKED
    assert answer.headers["RateLimit-Limit"] == "10"
    assert answer.headers["RateLimit-Remaining"] == "9"
    assert answer.headers["RateLimit-Policy"] == "10;w=60"


def test_no_capacity_is_a_conflict_that_names_what_is_missing(serving: Serving) -> None:
    serving.here.facts = replace(serving.here.facts, free_memory_gb=0.1)
    answer = serving.client.post(AUTO, json=_body(serving))
    assert (answer.status_code, answer.json()["code"]) == (409, "deployments.no_capacity")
    assert answer.json()["missing"] == ["sklearn needs 0.6 GB of memory, 0.1 GB are free"]
    answer = serving.client.post(DEPLOY, json=_body(serving, use_auto_config=True))
    assert answer.status_code == 409
    assert serving.client.get("/api/v1/deployments").json()["items"] == []


def test_an_automatic_deployment_leaves_two_entries(serving: Serving) -> None:
    answer = serving.client.post(DEPLOY, json=_body(serving, use_auto_config=True))
    assert answer.json()["auto_configured"] is True
    auto, create = _events(serving)
    assert (auto.action, create.action) == ("deployment.auto_config", "deployment.create")
    assert auto.after is not None
    assert {name: auto.after[name] for name in PICKED} == PICKED
    assert (auto.after["format"], auto.after["confidence"]) == ("sklearn", "high")
    assert auto.object_id == create.object_id == answer.json()["id"]


def test_a_manual_deployment_leaves_one(serving: Serving) -> None:
    answer = serving.client.post(DEPLOY, json=_body(serving, config=PICKED))
    assert answer.json()["auto_configured"] is False
    assert [event.action for event in _events(serving)] == ["deployment.create"]


def test_a_setup_that_changed_since_it_was_shown_needs_one_more_click(serving: Serving) -> None:
    seen = {**PICKED, "memory_gb": 2.0}
    body = _body(serving, use_auto_config=True, reviewed=seen)
    refused = serving.client.post(DEPLOY, json=body)
    assert (refused.status_code, refused.json()["code"]) == (409, "deployments.setup_changed")
    difference = {"field": "memory_gb", "seen": 2.0, "picked": 0.75}
    assert refused.json()["differences"] == [difference]
    assert serving.client.post(DEPLOY, json={**body, "accept_changes": True}).status_code == 202
    auto = _events(serving)[0]
    assert auto.after is not None
    assert auto.after["differences"] == [difference]
    assert auto.before == seen


def test_corrections_and_adoption_are_reported_by_month(serving: Serving) -> None:
    serving.deploy()
    serving.deploy()
    chosen = {**PICKED, "engine": "python"}
    serving.deploy(use_auto_config=False, config=chosen, reviewed=PICKED)
    serving.client.post(DEPLOY, json=_body(serving, config=PICKED, reviewed=PICKED))
    assert serving.client.get(f"{AUTO}/report").status_code == 403
    found = serving.workspace.client("admin").get(f"{AUTO}/report").json()
    [month] = found["months"]
    assert (month["deployments_auto"], month["deployments_manual"]) == (2, 2)
    assert (month["adoption"], month["corrections"]) == (0.5, 1)
    assert (month["failed_auto"], month["rollouts_auto"]) == (0, 2)
    assert found["corrections"] == [{"picked": "sklearn", "chosen": "python", "count": 1}]
    assert found["target"] == 0.7
