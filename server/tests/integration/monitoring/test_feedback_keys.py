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
