"""Deployments of language models: published as such, guarded from what cannot be done, counted."""

import datetime as dt
import uuid
from typing import Any

import pytest
from sqlalchemy import select
from tests.make.deployments import Serving

from modelyard_protocol.records import Tokens
from modelyard_server.deployments.ports import NodeAnswer
from modelyard_server.kernel.clock import utcnow
from modelyard_server.kernel.trail import AuditEvent
from modelyard_server.traffic import service
from modelyard_server.traffic.models import TokenCount

CONFIG = {"engine": "llama.cpp", "cpu": 1, "memory_gb": 1, "gpu": 0}


@pytest.fixture
def spoken(serving: Serving) -> dict[str, Any]:
    version = serving.register(flavors=["gguf"], signature={}, input_example=None)
    return serving.deploy(version=version, use_auto_config=False, config=CONFIG)


def _route(serving: Serving) -> dict[str, Any]:
    [route] = serving.node.routes_of(serving.workspace)
    return route


def test_its_texts_are_written_down_only_where_an_admin_says_so(
    serving: Serving, spoken: dict[str, Any]
) -> None:
    assert _route(serving)["language"] == {"keeps_prompt": False, "keeps_response": False}
    address = f"/api/v1/deployments/{spoken['id']}/capture"
    admin = serving.workspace.client("admin")
    assert [one["keep"] for one in admin.get(address).json()["columns"]] == ["count_only"] * 2
    for keep, kept in (("store", True), ("hash", True), ("drop", False), ("count_only", False)):
        assert admin.put(address, json={"columns": {"prompt": keep}}).status_code == 200
        assert _route(serving)["language"] == {"keeps_prompt": kept, "keeps_response": False}


def test_its_endpoint_is_described_and_what_needs_values_is_refused(
    serving: Serving, spoken: dict[str, Any]
) -> None:
    paths = serving.client.get(f"/api/v1/deployments/{spoken['id']}/api").json()["paths"]
    assert set(paths) == {
        "/v1/chat/completions",
        "/v1/completions",
        "/v1/embeddings",
        "/v1/models",
    }
    guard = {"name": "a", "kind": "missing", "on": "answer", "action": "flag"}
    serving.post(spoken["id"], "revisions", {"strategy": {"kind": "shadow", "percent": 5}}, 422)
    answer = serving.client.put(
        f"/api/v1/deployments/{spoken['id']}/safeguards", json={"safeguards": [guard]}
    )
    assert answer.status_code == 422, answer.text
    other = {"version": 1, "strategy": {"kind": "canary", "percent": 5, "bake_seconds": 1}}
    told = {"config": {**CONFIG, "engine": "sklearn"}}
    refused = serving.post(spoken["id"], "revisions", {**other, **told}, 422)
    assert refused["code"] == "deployments.strategy_refused"


def test_tokens_are_added_up_by_time_version_and_key_and_forgotten_with_time(
    serving: Serving, spoken: dict[str, Any]
) -> None:
    made = serving.post(spoken["id"], "keys", {"name": "shop"}, status=201)
    own, now = uuid.UUID(spoken["id"]), int(utcnow().timestamp())

    def told(key_id: str, at: int, prompt: int, deployment_id: Any = own) -> Tokens:
        return Tokens(
            workspace_id=serving.workspace.id,
            deployment_id=str(deployment_id),
            revision=1,
            version=2,
            at=at,
            key_id=key_id,
            calls=1,
            prompt=prompt,
            completion=2,
        )

    day = 86_400
    batch = [told(made["id"], now, 5), told(made["id"], now, 6), told("gone", now - 3 * day, 7)]
    with serving.platform.database.session(serving.workspace.id) as db:
        service.count_tokens(db, [*batch, told("x", now, 9, uuid.uuid4())], {own})
        service.count_tokens(db, [told(made["id"], now, 1)], {own})
        service.prune_tokens(db)
        assert service.tokens_ever(db)[own].model_dump() == {
            "calls": 4,
            "prompt": 19,
            "completion": 8,
        }
        minutes = db.query(TokenCount).where(TokenCount.resolution == 60)
        assert all(row.at > utcnow() - dt.timedelta(days=2) for row in minutes)

    address = f"/api/v1/deployments/{spoken['id']}/tokens"
    lately = serving.client.get(address).json()
    assert lately["total"] == {"calls": 3, "prompt": 12, "completion": 6}
    assert [(one["name"], one["calls"]) for one in lately["by_key"]] == [("shop", 3)]
    assert len(lately["points"]) == 24 * 12
    assert sum(point["prompt"] for point in lately["points"]) == 12
    week = serving.client.get(address, params={"window": "7d"}).json()
    assert {one["name"] for one in week["by_key"]} == {"shop", None}
    assert week["by_version"] == [{"version": 2, "calls": 4, "prompt": 19, "completion": 8}]
    assert week["ever"]["calls"] == 4


def test_its_keys_may_have_a_quota_of_tokens_which_their_successors_keep(
    serving: Serving, spoken: dict[str, Any]
) -> None:
    limits = {"tokens_per_month": 5_000_000_000, "requests_per_month": 7}
    old = serving.post(spoken["id"], "keys", {"name": "shop", **limits}, status=201)
    serving.post(spoken["id"], "keys", {"name": "till", "requests_per_month": 7}, status=201)
    new = serving.post(spoken["id"], f"keys/{old['id']}/rotate", {"overlap_hours": 2}, 201)
    assert {name: new[name] for name in limits} == limits
    published = {key["id"]: key for key in _route(serving)["keys"]}
    assert published[new["id"]]["tokens_per_month"] == 5_000_000_000

    def used() -> dict[str, Any]:
        listed = serving.client.get(f"/api/v1/deployments/{spoken['id']}/keys").json()
        return {one["name"]: one["tokens_this_month"] for one in listed if one["id"] != old["id"]}

    serving.node.month, serving.node.month_tokens = f"{utcnow():%Y-%m}", {new["id"]: 12}
    assert used() == {"shop": 12, "till": None}
    serving.node.month = "2026-01"
    assert used() == {"shop": 0, "till": None}


def test_the_console_passes_an_answer_on_as_it_comes_and_says_who_asked(
    serving: Serving, spoken: dict[str, Any]
) -> None:
    written = b'data: {"choices": []}\n\ndata: [DONE]\n\n'
    asked: list[tuple[str, dict[str, str]]] = []

    def answer(path: str, body: bytes, headers: dict[str, str]) -> NodeAnswer:
        asked.append((path, headers))
        named = {"content-type": "text/event-stream", "x-model-version": "1", "server": "x"}
        return NodeAnswer(200, named, written, 1.0)

    address = f"/api/v1/deployments/{spoken['id']}/try/stream"
    without = serving.client.post(address, json={"body": {}})
    assert (without.status_code, without.json()["code"]) == (503, "deployments.node_unreachable")
    serving.node.answers = answer
    said = serving.client.post(address, json={"body": {"messages": [], "stream": True}})
    assert (said.status_code, said.content) == (200, written)
    assert said.headers["content-type"].startswith("text/event-stream")
    assert (said.headers["x-model-version"], said.headers.get("server")) == ("1", None)
    assert asked[0][0].endswith("/churn/v1/chat/completions")
    assert asked[0][1]["X-Modelyard-Source"] == "console"
    assert serving.client.post(address, json={"path": "predict", "body": {}}).status_code == 422
    pinned = {"path": "v1/embeddings", "version": 1, "body": {}}
    refused = serving.client.post(f"/api/v1/deployments/{spoken['id']}/try", json=pinned)
    assert refused.status_code == 422
    with serving.platform.database.session(serving.workspace.id, write=False) as db:
        tried = db.scalars(
            select(AuditEvent.object_name).where(
                AuditEvent.workspace_id == serving.workspace.id,
                AuditEvent.action == "traffic.try",
            )
        ).all()
    assert tried[0] == "staging/churn"
