"""Keys of a deployment that may send outcomes, and nothing else."""

import datetime as dt
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from starlette.testclient import TestClient
from tests.make import monitoring as make
from tests.make.fixtures import TeamSpace

from modelyard_server.kernel.clock import utcnow
from modelyard_server.kernel.trail import AuditEvent
from modelyard_server.traffic.models import EndpointKey


@pytest.fixture
def watched(workspace: TeamSpace, tmp_path: Path) -> make.Watched:
    return make.a_watched_deployment(workspace, tmp_path)


def a_key(watched: make.Watched, *scopes: str) -> str:
    body = {"name": "shop", "scopes": list(scopes)}
    answer = watched.workspace.client("developer").post(
        f"/api/v1/deployments/{watched.id}/keys", json=body
    )
    assert answer.status_code == 201, answer.text
    return str(answer.json()["key"])


def send(watched: make.Watched, key: str, **more: Any) -> httpx.Response:
    """Send an outcome as a program does that has nothing but a key."""
    place = f"/w/{more.get('workspace', watched.workspace.slug)}"
    outcome = {"prediction_id": more.get("prediction_id", "p-1"), "value": 1}
    with TestClient(watched.workspace.platform.app, raise_server_exceptions=False) as http:
        return http.post(
            f"{place}/api/v1/deployments/{more.get('deployment', watched.id)}/outcomes",
            json=outcome,
            headers={"Authorization": f"Bearer {key}"},
        )


def test_a_key_for_feedback_sends_outcomes_and_the_trail_names_it(watched: make.Watched):
    record = watched.prediction([{"age": 3}], at_us=int(time.time()) * 1_000_000)
    make.ingest(watched, [record])

    answer = send(watched, a_key(watched, "feedback"), prediction_id=record.id)

    assert answer.status_code == 200, answer.text
    assert answer.json()["matched"] == 1
    with watched.workspace.platform.database.session(watched.workspace.id, write=False) as db:
        action = AuditEvent.action == "monitoring.outcomes_received"
        here = AuditEvent.workspace_id == watched.workspace.id
        [event] = db.scalars(select(AuditEvent).where(action, here))
        assert (event.actor_name, event.actor_id) == ("key shop", None)
        assert db.scalar(select(EndpointKey.last_used_at)) is not None


def test_a_key_for_predictions_sends_none_and_that_is_audited(watched: make.Watched):
    answer = send(watched, a_key(watched, "predict"))

    assert (answer.status_code, answer.json()["code"]) == (403, "traffic.scope_missing")
    with watched.workspace.platform.database.platform_session(write=False) as db:
        denied = AuditEvent.action == "workspaces.denied"
        here = AuditEvent.workspace_id == watched.workspace.id
        assert [e.actor_name for e in db.scalars(select(AuditEvent).where(denied, here))] == [
            "key shop"
        ]


def test_keys_that_are_wrong_open_nothing(watched: make.Watched, tmp_path: Path):
    key = a_key(watched, "feedback")
    elsewhere = watched.workspace.platform.a_workspace()
    other = make.a_watched_deployment(elsewhere, tmp_path / "other")
    tries = [
        send(watched, key[:-1] + ("a" if key[-1] != "a" else "b")),
        send(watched, key, workspace=elsewhere.slug),
        send(watched, key, workspace="nowhere"),
        send(watched, key, workspace=elsewhere.slug, deployment=other.id),
        send(watched, a_key(other, "feedback")),
        send(watched, "myk_"),
    ]
    with watched.workspace.platform.database.session(watched.workspace.id) as db:
        row = db.scalars(select(EndpointKey)).one()
        row.expires_at = utcnow() - dt.timedelta(seconds=1)
    tries.append(send(watched, key))

    assert [(t.status_code, t.json()["code"]) for t in tries] == [
        (401, "traffic.key_refused")
    ] * len(tries)
    assert len({t.json()["detail"] for t in tries}) == 1


def test_a_key_for_feedback_may_do_nothing_else(watched: make.Watched):
    key = a_key(watched, "feedback", "predict")
    base = f"/w/{watched.workspace.slug}/api/v1/deployments/{watched.id}"
    headers = {"Authorization": f"Bearer {key}"}
    with TestClient(watched.workspace.platform.app, raise_server_exceptions=False) as http:
        asked = [
            http.get(base, headers=headers),
            http.get(f"{base}/quality", headers=headers),
            http.post(f"{base}/reports", json={"rows": []}, headers=headers),
            http.get(f"{base}/keys", headers=headers),
        ]

    assert {answer.status_code for answer in asked} == {401}


def a_token(watched: make.Watched, scope: str | None = None, **client: Any) -> tuple[str, str]:
    """Make an OAuth client and get a token; give both."""
    body = {"name": "shop", "scopes": ["feedback", "predict"], **client}
    made = watched.workspace.client("developer").post("/api/v1/oauth-clients", json=body).json()
    form = {"grant_type": "client_credentials"} | ({"scope": scope} if scope else {})
    with TestClient(watched.workspace.platform.app) as http:
        secret = (made["client_id"], made["client_secret"])
        answer = http.post("/oauth/token", data=form, auth=secret)
    return made["id"], str(answer.json()["access_token"])


def send_by_token(
    watched: make.Watched, token: str, prefix: str = "", deployment: object = None
) -> httpx.Response:
    address = f"{prefix}/api/v1/deployments/{deployment or watched.id}/outcomes"
    with TestClient(watched.workspace.platform.app, raise_server_exceptions=False) as http:
        return http.post(
            address,
            json={"prediction_id": "p-1", "value": 1},
            headers={"Authorization": f"Bearer {token}"},
        )


def test_a_client_for_feedback_sends_outcomes_of_its_environments(
    watched: make.Watched, tmp_path: Path
):
    environment = watched.workspace.client("viewer").get(f"/api/v1/deployments/{watched.id}")
    place = environment.json()["environment"]
    client_id, token = a_token(watched, environments=[place])
    answer = send_by_token(watched, token)
    assert answer.status_code == 200, answer.text
    assert send_by_token(watched, token, f"/w/{watched.workspace.slug}").status_code == 200
    with watched.workspace.platform.database.session(watched.workspace.id, write=False) as db:
        action = AuditEvent.action == "monitoring.outcomes_received"
        here = AuditEvent.workspace_id == watched.workspace.id
        actors = {
            (e.actor_name, e.actor_id) for e in db.scalars(select(AuditEvent).where(action, here))
        }
    assert actors == {("client shop", None)}
    [listed] = watched.workspace.client("viewer").get("/api/v1/oauth-clients").json()["items"]
    assert listed["last_used_at"] is not None

    other = next(one for one in ("dev", "staging", "production") if one != place)
    elsewhere = make.a_watched_deployment(
        watched.workspace.platform.a_workspace(), tmp_path / "other"
    )
    for made, status, code in (
        (a_token(watched, scope="predict"), 403, "traffic.scope_missing"),
        (a_token(watched, scopes=["predict"]), 403, "traffic.scope_missing"),
        (a_token(watched, environments=[other]), 403, "traffic.environment_not_allowed"),
        (a_token(elsewhere), 404, "deployments.not_found"),
    ):
        refused = send_by_token(watched, made[1])
        assert (refused.status_code, refused.json()["code"]) == (status, code)
    named = send_by_token(watched, token, f"/w/{elsewhere.workspace.slug}")
    assert named.json()["code"] == "traffic.invalid_access_token"

    gone = watched.workspace.client("developer").delete(f"/api/v1/oauth-clients/{client_id}")
    assert gone.status_code == 204
    assert send_by_token(watched, token).json()["code"] == "traffic.invalid_access_token"
