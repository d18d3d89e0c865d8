"""Endpoint keys: shown once, published as digests, taken back."""

import datetime as dt
import hashlib
from typing import Any

import pytest
from sqlalchemy import select
from tests.make.deployments import Serving

from modelyard_server.traffic import service
from modelyard_server.traffic.models import EndpointKey


def _published(serving: Serving) -> dict[str, Any]:
    [route] = serving.node.routes_of(serving.workspace)
    return {key["id"]: key for key in route["keys"]}


def test_a_key_is_shown_once_and_the_node_knows_only_its_digest(serving: Serving) -> None:
    deployment = serving.deploy()
    made = serving.post(
        deployment["id"],
        "keys",
        {"name": "shop", "requests_per_minute": 60, "requests_per_month": 500},
        status=201,
    )
    prefix, public_id, secret = made["key"].split("_")

    known = _published(serving)[made["id"]]
    listed = serving.client.get(f"/api/v1/deployments/{deployment['id']}/keys").json()
    assert (prefix, public_id) == ("myk", made["public_id"])
    assert known["secret_sha256"] == hashlib.sha256(secret.encode()).hexdigest()
    assert (known["requests_per_minute"], known["requests_per_month"]) == (60, 500)
    assert [key["calls_this_month"] for key in listed] == [0]
    assert secret not in str(listed)
    with serving.platform.database.session(serving.workspace.id, write=False) as db:
        [row] = db.scalars(select(EndpointKey))
        assert secret not in str(vars(row))


def test_a_revoked_key_is_gone_from_the_node_and_the_trail_has_both(serving: Serving) -> None:
    deployment = serving.deploy()
    made = serving.post(deployment["id"], "keys", {"name": "shop"}, status=201)
    address = f"/api/v1/deployments/{deployment['id']}/keys/{made['id']}"
    assert serving.client.delete(address).status_code == 204
    assert serving.client.delete(address).status_code == 404
    assert set(_published(serving)) == {"console"}
    found = serving.workspace.client("admin").get("/api/v1/audit", params={"object_id": made["id"]})
    assert [e["action"] for e in found.json()["items"]] == [
        "traffic.revoke_key",
        "traffic.create_key",
    ]
    assert made["key"].split("_")[2] not in found.text


@pytest.mark.parametrize(
    "body",
    [
        {"name": ""},
        {"name": "x", "scopes": []},
        {"name": "x", "scopes": ["admin"]},
        {"name": "x", "expires_at": "2001-01-01T00:00:00Z"},
        {"name": "x", "requests_per_minute": 0},
        {"name": "x", "requests_per_month": 0},
        {"name": "x", "tokens_per_month": 1000},  # it has none
    ],
)
def test_a_key_that_makes_no_sense_is_refused(serving: Serving, body: dict[str, Any]) -> None:
    deployment = serving.deploy()
    serving.post(deployment["id"], "keys", body, status=422)
    assert set(_published(serving)) == {"console"}


def test_a_generation_is_written_only_when_something_changed(serving: Serving) -> None:
    serving.deploy()
    services = serving.platform.services
    first, states = service.publish(services), len(serving.node.states)
    assert service.publish(services) == first
    assert len(serving.node.states) == states


def test_the_endpoint_is_described_also_while_nothing_runs(serving: Serving) -> None:
    deployment = serving.deploy()
    serving.post(deployment["id"], "stop")
    document = serving.client.get(f"/api/v1/deployments/{deployment['id']}/api").json()
    assert document["openapi"].startswith("3.1")
    assert document["servers"] == [{"url": deployment["url"]}]
    assert "x" in str(document["paths"]["/predict"])
    assert "x-modelyard-grpc" not in document


def test_where_grpc_is_spoken_its_address_is_told(serving: Serving) -> None:
    serving.node.grpc_port = 18082
    deployment = serving.deploy()
    document = serving.client.get(f"/api/v1/deployments/{deployment['id']}/api").json()
    told = document["x-modelyard-grpc"]
    assert told["address"].endswith(":18082")
    assert deployment["url"].endswith(f"/{told['model']}")


def test_trying_what_does_not_run_is_refused(serving: Serving) -> None:
    deployment = serving.deploy()
    serving.post(deployment["id"], "try", {"body": {"rows": []}}, status=503)
    serving.post(deployment["id"], "stop")
    refused = serving.post(deployment["id"], "try", {"body": {"rows": []}}, status=409)
    assert refused["code"] == "traffic.not_served"


def test_the_last_use_of_a_key_only_moves_forward(serving: Serving) -> None:
    deployment = serving.deploy()
    made = serving.post(deployment["id"], "keys", {"name": "shop"}, status=201)
    early, late = dt.datetime(2026, 1, 1, tzinfo=dt.UTC), dt.datetime(2026, 1, 2, tzinfo=dt.UTC)
    for at in (late, early):
        with serving.platform.database.session(serving.workspace.id) as db:
            service.note_use(db, {made["id"]: at, "console": at})
    [listed] = serving.client.get(f"/api/v1/deployments/{deployment['id']}/keys").json()
    assert dt.datetime.fromisoformat(listed["last_used_at"]) == late


def test_a_rotated_key_works_beside_its_successor_for_a_while(serving: Serving) -> None:
    deployment = serving.deploy()
    limits = {"requests_per_minute": 60, "requests_per_month": 900}
    body = {"name": "shop", "scopes": ["predict", "feedback"], **limits}
    old = serving.post(deployment["id"], "keys", body, status=201)
    path = f"keys/{old['id']}/rotate"
    new = serving.post(deployment["id"], path, {"overlap_hours": 2}, status=201)

    published = _published(serving)
    ends = dt.datetime.fromisoformat(published[old["id"]]["expires_at"])
    left = ends - dt.datetime.now(dt.UTC)
    assert dt.timedelta(hours=1.9) < left <= dt.timedelta(hours=2)
    assert new["key"] != old["key"]
    assert (new["name"], new["scopes"]) == ("shop", ["feedback", "predict"])
    assert {name: new[name] for name in limits} == limits
    assert (new["expires_at"], new["replaced_by"]) == (None, None)
    assert {old["id"], new["id"]} < set(published)


def test_a_key_is_rotated_once_and_its_successors_live_as_long_as_it_was_to(
    serving: Serving,
) -> None:
    deployment = serving.deploy()
    ends = dt.datetime.now(dt.UTC) + dt.timedelta(days=90)
    body = {"name": "shop", "expires_at": ends.isoformat()}
    old = serving.post(deployment["id"], "keys", body, status=201)
    new = serving.post(deployment["id"], f"keys/{old['id']}/rotate", {"overlap_hours": 2}, 201)

    refused = serving.post(deployment["id"], f"keys/{old['id']}/rotate", {"overlap_hours": 2}, 409)
    assert refused["code"] == "traffic.key_replaced"
    assert f"myk_{new['public_id']}_" in refused["detail"]
    newest = serving.post(deployment["id"], f"keys/{new['id']}/rotate", {"overlap_hours": 2}, 201)
    for made in (new, newest):
        left = dt.datetime.fromisoformat(made["expires_at"]) - dt.datetime.now(dt.UTC)
        assert dt.timedelta(days=89.9) < left <= dt.timedelta(days=90)
    listed = serving.client.get(f"/api/v1/deployments/{deployment['id']}/keys").json()
    assert {one["id"]: one["replaced_by"] for one in listed} == {
        old["id"]: new["public_id"],
        new["id"]: newest["public_id"],
        newest["id"]: None,
    }
