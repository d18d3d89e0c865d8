"""What people ask of deployments, and what is refused."""

import uuid
from typing import Any

import pytest
from tests.make.deployments import Serving
from tests.make.fixtures import Platform


def _deploy(serving: Serving, status: int, **body: Any) -> dict[str, Any]:
    whole = {"model_id": str(serving.model_id), **body}
    answer = serving.client.post("/api/v1/serving/deploy", json=whole)
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_taken_name_is_refused_with_a_free_one(serving: Serving) -> None:
    _deploy(serving, 202, name="churn")
    refused = _deploy(serving, 409, name="churn")
    assert (refused["code"], refused["suggested_name"]) == ("deployments.name_taken", "churn-2")
    assert _deploy(serving, 202)["name"] == "churn-2"
    assert _deploy(serving, 202, name="churn", environment="dev")["environment"] == "dev"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"name": "Not a slug"}, 422, "deployments.name_invalid"),
        ({"environment": "moon"}, 422, "deployments.environment_not_found"),
        ({"version": 7}, 404, "registry.version_not_found"),
        (
            {"config": {"engine": "onnx", "cpu": 1, "memory_gb": 1}},
            422,
            "deployments.config_invalid",
        ),
        ({"surprise": 1}, 422, "request.invalid"),
    ],
)
def test_what_cannot_be_deployed_is_refused_and_leaves_nothing(
    serving: Serving, body: dict[str, Any], status: int, code: str
) -> None:
    assert _deploy(serving, status, **body)["code"] == code
    assert serving.client.get("/api/v1/deployments").json()["items"] == []


def test_a_version_that_failed_to_register_is_refused(serving: Serving) -> None:
    number = serving.register(status="FAILED_REGISTRATION", status_message="There is no MLmodel.")
    refused = _deploy(serving, 409, version=number)
    assert "There is no MLmodel." in refused["detail"]


def test_rolling_back_repeats_the_previous_good_revision(serving: Serving) -> None:
    deployment = serving.deploy()
    serving.register()
    serving.update(deployment["id"])
    serving.preparation.calls.clear()

    made = serving.post(deployment["id"], "rollback")
    serving.roll_out(deployment["id"], made["number"])

    now = serving.get(deployment["id"])
    assert (now["live_revision"]["number"], now["live_revision"]["version"]) == (3, 1)
    assert now["live_revision"]["reason"] == "Rolled back to revision 1."
    assert "verify" not in serving.preparation.calls  # proven with revision 1
    assert now["previous_good_revision"] == 2


def test_a_rollback_in_production_needs_a_reason(serving: Serving) -> None:
    deployment = serving.deploy(environment="production")
    serving.register()
    serving.update(deployment["id"])
    refused = serving.post(deployment["id"], "rollback", {}, status=422)
    assert refused["code"] == "deployments.reason_needed"
    made = serving.post(deployment["id"], "rollback", {"reason": "Too many refusals"})
    assert made["reason"] == "Too many refusals"


def test_there_is_nothing_to_roll_back_to_at_first(serving: Serving) -> None:
    deployment = serving.deploy()
    refused = serving.post(deployment["id"], "rollback", {}, status=409)
    assert refused["code"] == "deployments.no_previous_revision"


def test_stop_start_and_delete(serving: Serving) -> None:
    deployment = serving.deploy()
    address = f"/api/v1/deployments/{deployment['id']}"
    assert serving.client.delete(address).json()["code"] == "deployments.still_running"

    assert serving.post(deployment["id"], "stop")["status"] == "stopping"
    assert serving.node.routes_of(serving.workspace) == []
    serving.reconcile()
    assert serving.get(deployment["id"])["status"] == "stopped"

    serving.post(deployment["id"], "start")
    serving.post(deployment["id"], "start", status=409)
    serving.roll_out(deployment["id"], 2)
    assert serving.get(deployment["id"])["status"] == "ready"

    serving.post(deployment["id"], "stop")
    assert serving.client.delete(address).status_code == 204
    assert serving.client.get(address).status_code == 404


def test_a_deployment_keeps_its_model_from_being_deleted(serving: Serving) -> None:
    deployment = serving.deploy()
    address = f"/api/v1/models/{serving.model_id}"
    refused = serving.client.delete(address)
    assert (refused.status_code, refused.json()["deployments"]) == (409, ["staging/churn"])
    serving.post(deployment["id"], "stop")
    serving.reconcile()
    assert serving.client.delete(address).status_code == 204


def test_viewers_look_and_do_not_touch(serving: Serving) -> None:
    deployment = serving.deploy()
    viewer = serving.workspace.client("viewer")
    address = f"/api/v1/deployments/{deployment['id']}"
    assert viewer.get(address).status_code == 200
    for refused in (
        viewer.post(f"{address}/stop"),
        viewer.post(f"{address}/rollback", json={}),
        viewer.post(f"{address}/keys", json={"name": "mine"}),
        viewer.post(f"{address}/try", json={"body": {}}),
        viewer.post(f"{address}/try/stream", json={"body": {}}),
        viewer.delete(address),
    ):
        assert refused.status_code == 403


def test_another_tenant_sees_nothing(serving: Serving, platform: Platform) -> None:
    deployment = serving.deploy()
    stranger = platform.a_workspace().client("admin")
    address = f"/api/v1/deployments/{deployment['id']}"
    for path in ("", "/revisions", "/keys", "/api", "/logs"):
        assert stranger.get(address + path).status_code == 404
    for path in ("/stop", "/start", "/revisions", "/rollback"):
        assert stranger.post(address + path, json={}).status_code == 404
    assert stranger.get("/api/v1/deployments").json()["items"] == []
    body = {"model_id": str(serving.model_id)}
    assert stranger.post("/api/v1/serving/deploy", json=body).status_code == 404


def test_auto_config_answers_with_reasons_ten_times_a_minute(serving: Serving) -> None:
    other = serving.workspace.client("developer")  # another credential, another person
    body = {"model_id": str(serving.model_id)}
    asked = [body, {"model_id": "no uuid"}, {"model_id": str(uuid.uuid4())}, *[body] * 8]
    answers = [serving.client.post("/api/v1/serving/auto-config", json=one) for one in asked]
    first, last = answers[0], answers[-1]
    assert (first.json()["engine"], first.json()["confidence"]) == ("sklearn", "high")
    assert first.json()["suggested_name"] == "churn"
    statuses = [answer.status_code for answer in answers]
    assert statuses == [200, 422, 404, *[200] * 7, 429]  # bad requests count like good ones
    left = [int(answer.headers["RateLimit-Remaining"]) for answer in answers]
    assert left == [*range(9, -1, -1), 0]
    assert {answer.headers["RateLimit-Policy"] for answer in answers} == {"10;w=60"}
    assert last.json()["code"] == "throttling.too_many_requests"
    assert int(last.headers["Retry-After"]) > 30  # until the first call is a minute old
    assert last.headers["RateLimit-Reset"] == last.headers["Retry-After"]
    assert other.post("/api/v1/serving/auto-config", json=body).status_code == 200


def test_deployments_are_listed_page_by_page(serving: Serving) -> None:
    for name in ("a", "b", "c"):
        _deploy(serving, 202, name=name)
    names, cursor = [], None
    while True:
        params = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        page = serving.client.get("/api/v1/deployments", params=params).json()
        names += [row["name"] for row in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert names == ["c", "b", "a"]
