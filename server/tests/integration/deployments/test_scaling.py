"""How many processes serve a deployment: what holds by default, what may be set, what is told."""

from typing import Any

from tests.make.deployments import Serving

from modelyard_server.deployments.ports import Machine


def _spec(serving: Serving) -> dict[str, Any]:
    own = [s for s in serving.node.desired().servers if s.label.startswith(serving.workspace.slug)]
    return own[-1].model_dump(mode="json")


def test_only_dev_sleeps_unless_somebody_says_otherwise(serving: Serving) -> None:
    serving.deploy(environment="production")
    assert _spec(serving)["scaling"] is None
    deployment = serving.deploy(environment="dev")
    assert _spec(serving)["scaling"]["idle_seconds"] == 30 * 60
    address = f"/api/v1/deployments/{deployment['id']}/scaling"
    shown = serving.client.get(address).json()
    assert (shown["min_replicas"], shown["idle_minutes"], shown["is_default"]) == (0, 30, True)
    assert (shown["replicas"], shown["is_asleep"]) == (1, False)


def test_processes_are_set_with_an_audit_entry_and_contradictions_are_refused(
    serving: Serving,
) -> None:
    deployment = serving.deploy()
    address = f"/api/v1/deployments/{deployment['id']}/scaling"
    for wrong in (
        {"min_replicas": 3, "max_replicas": 2},
        {"min_replicas": 0},
        {"min_replicas": 1, "idle_minutes": 5},
    ):
        refused = serving.client.put(address, json=wrong)
        assert (refused.status_code, refused.json()["code"]) == (422, "deployments.scaling_invalid")
    serving.here.facts = Machine("amd64", 2, 1.0, 1.0)
    too_many = serving.client.put(address, json={"max_replicas": 30})
    assert (too_many.status_code, too_many.json()["code"]) == (409, "deployments.no_capacity")
    serving.here.facts = Machine("amd64", 8, 64.0, 64.0)
    asked = {"min_replicas": 2, "max_replicas": 6, "target_concurrency": 8}
    assert serving.client.put(address, json=asked).json()["max_replicas"] == 6
    scaling = _spec(serving)["scaling"]
    assert (scaling["min_replicas"], scaling["max_replicas"], scaling["idle_seconds"]) == (
        2, 6, None,
    )  # fmt: skip
    audit = serving.workspace.client("admin").get(
        "/api/v1/audit", params={"action": "deployments.set_scaling"}
    )
    assert audit.json()["items"][0]["after"]["max_replicas"] == 6
