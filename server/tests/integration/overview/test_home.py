"""The first page: steps ticked by facts, and only this workspace's."""

from typing import Any

from tests.make.deployments import Serving
from tests.make.fixtures import Platform


def _done(home: dict[str, Any]) -> dict[str, bool]:
    return {step["key"]: step["done"] for step in home["steps"]}


def test_steps_are_done_when_their_facts_are_there(serving: Serving) -> None:
    before = serving.client.get("/api/v1/home").json()
    deployment = serving.deploy()
    after = serving.client.get("/api/v1/home").json()

    assert _done(before)["model"]
    assert not _done(before)["deployment"]
    assert _done(after)["deployment"]
    assert not _done(after)["prediction"]
    assert (after["model_count"], after["deployment_count"]) == (1, 1)
    newest = after["recent_activity"][0]
    assert newest["object_id"] == deployment["id"]


def test_a_crashed_deployment_needs_attention(serving: Serving) -> None:
    serving.deploy()
    serving.node.crashing["sklearn"] = 1
    serving.reconcile()
    [row] = serving.client.get("/api/v1/home").json()["needs_attention"]
    assert (row["name"], row["status"]) == ("churn", "degraded")
    assert any("crashed" in reason for reason in row["reasons"])


def test_another_workspace_starts_empty(serving: Serving, platform: Platform) -> None:
    serving.deploy()
    home = platform.a_workspace().client("viewer").get("/api/v1/home").json()
    assert not any(_done(home).values())
    assert home["needs_attention"] == []
    told = [one["action"] for one in home["recent_activity"]]
    assert told == ["flags.decide_for_organisation"]  # as a new installation's own set-up
