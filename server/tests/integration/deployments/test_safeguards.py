"""Safeguards: chosen, handed to the node, counted and alarmed about."""

import datetime as dt
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.make import monitoring as make
from tests.make.deployments import Serving
from tests.make.fixtures import TeamSpace

from modelyard_protocol.records import Guarded
from modelyard_server.alerts import evaluating
from modelyard_server.kernel import clock

NEVER = {"name": "never-negative", "check": "range", "minimum": 0, "action": "refuse"}
UNSURE = {"name": "unsure", "check": "confidence", "minimum": 0.7}
INPUT = {"name": "x", "on": "input", "column": "x", "check": "range", "maximum": 9}


def test_safeguards_reach_the_node_with_an_audit_entry_and_nonsense_is_refused(
    serving: Serving,
) -> None:
    deployment = serving.deploy(environment="production")
    address = f"/api/v1/deployments/{deployment['id']}/safeguards"
    first = serving.client.get(address).json()
    assert (first["version"], first["safeguards"], first["inputs"]) == (0, [], ["x"])
    for wrong, code in (
        ([{"name": "a", "check": "range"}], "request.invalid"),
        ([NEVER, NEVER], "request.invalid"),
        ([INPUT | {"column": "y"}], "deployments.safeguard_invalid"),
    ):
        refused = serving.client.put(address, json={"safeguards": wrong})
        assert (refused.status_code, refused.json()["code"]) == (422, code)
    generation = serving.node.desired().generation

    kept = serving.client.put(address, json={"safeguards": [NEVER, INPUT], "based_on": 0})
    assert (kept.status_code, kept.json()["version"]) == (200, 1)
    late = serving.client.put(address, json={"safeguards": [], "based_on": 0})
    assert (late.status_code, late.json()["code"]) == (409, "deployments.safeguards_moved")

    assert serving.node.desired().generation > generation
    told = [one.model_dump(mode="json") for one in serving.node.desired().routes[-1].safeguards]
    assert [(one["name"], one["action"]) for one in told] == [
        ("never-negative", "refuse"),
        ("x", "flag"),
    ]
    admin = serving.workspace.client("admin")
    audit = admin.get("/api/v1/audit", params={"action": "deployments.set_safeguards"}).json()
    assert [one["name"] for one in audit["items"][0]["after"]["safeguards"]] == [
        "never-negative",
        "x",
    ]
    viewer = serving.workspace.client("viewer")
    assert viewer.get(address).json()["updated_by_name"]
    assert viewer.put(address, json={"safeguards": []}).status_code == 403


def a_record(watched: make.Watched, name: str, calls: int, **changed: Any) -> Guarded:
    facts = {
        "workspace_id": watched.workspace.id,
        "deployment_id": str(watched.id),
        "revision": 1,
        "version": 1,
        "at": int(time.time()),
        "safeguard": name,
        "action": "flag",
        "calls": calls,
        "rows": 2 * calls,
        "examples": [("p-1", 3)],
    }
    return Guarded.model_validate(facts | changed)


@pytest.fixture(params=["now", "the first moment of an hour"])
def second(request: pytest.FixtureRequest) -> Iterator[int]:
    """The second in which calls happen and are asked about."""
    now = int(time.time())
    if request.param == "now":
        yield now
        return
    hour = now // 3600 * 3600
    clock.set_source(lambda: dt.datetime.fromtimestamp(hour + 0.4, dt.UTC))
    yield hour
    clock.set_source(None)


def test_what_held_is_counted_shown_and_alarmed_about(
    workspace: TeamSpace, tmp_path: Path, second: int
) -> None:
    watched = make.a_watched_deployment(workspace, tmp_path)
    client = workspace.client("developer")
    address = f"/api/v1/deployments/{watched.id}/safeguards"
    rules = {"safeguards": [UNSURE, NEVER]}
    assert client.put(address, json=rules).status_code == 200
    assert alarm(watched)["state"] in {"ok", "no_data"}

    records = [a_record(watched, "unsure", calls, at=second) for calls in (4, 6)]
    make.ingest(watched, [*records, watched.traffic({"200": 100}, at=second)])
    make.ingest(watched, [a_record(watched, "gone", 1, examples=[("p-2", 0)], at=second)])

    found = watched.get("safeguards/held", role="viewer", window="1h")
    assert (found["calls"], found["step_seconds"]) == (100, 300)
    unsure, gone, never = found["safeguards"]
    assert (unsure["name"], unsure["calls"], unsure["rows"]) == ("unsure", 10, 20)
    assert (unsure["share"], unsure["asks"]) == (0.1, "the model is at least 70% sure")
    assert unsure["examples"] == [{"prediction_id": "p-1", "row": 3}] * 2
    assert sum(unsure["points"]) == 10
    assert (gone["asks"], gone["examples"][0]["prediction_id"]) == (None, "p-2")
    assert (never["calls"], never["action"]) == (0, "refuse")
    assert watched.get("safeguards/held", window="7d")["safeguards"][0]["calls"] == 10

    fired = alarm(watched)
    assert (fired["state"], fired["value"], fired["limit"]) == ("firing", 0.1, 0.05)
    assert "unsure (10.0%)" in fired["text"]
    preview = client.post(
        "/api/v1/alert-rules/preview",
        json={
            "deployment_id": str(watched.id),
            "condition": fired["condition"],
            "days": 1,
            "hold_seconds": 0,
        },
    )
    assert preview.json()["sentence"] == "It would have fired once in 1 days."
    make.forget(watched)
    assert watched.get("safeguards/held")["safeguards"][0]["calls"] == 0


def alarm(watched: make.Watched) -> dict[str, Any]:
    """Evaluate the rules; give the default one of safeguards."""
    team = watched.workspace
    evaluating.evaluate(team.platform.services, team.id, "team")
    listed = team.client("developer").get("/api/v1/alert-rules").json()
    own = [one for one in listed if one["deployment_id"] == str(watched.id)]
    found: dict[str, Any] = next(one for one in own if one["name"] == "Safeguards hold")
    return found
