"""How many processes serve a deployment: what holds by default, what may be set, what is told."""

from typing import Any

from tests.make.deployments import Serving

from modelyard_server.deployments.ports import Machine


def _told(serving: Serving, place: str = "production") -> list[dict[str, Any] | None]:
    """Give what the node is told of the scaling of each server there."""
    start = f"{serving.workspace.slug}/{place}/"
    servers = [s for s in serving.node.desired().servers if s.label.startswith(start)]
    return [s.scaling.model_dump() if s.scaling is not None else None for s in servers]


def test_only_dev_sleeps_unless_somebody_says_otherwise(serving: Serving) -> None:
    serving.deploy(environment="production")
    assert _told(serving) == [None]
    deployment = serving.deploy(environment="dev")
    assert [one and one["idle_seconds"] for one in _told(serving, "dev")] == [30 * 60]
    address = f"/api/v1/deployments/{deployment['id']}/scaling"
    shown = serving.client.get(address).json()
    assert (shown["min_replicas"], shown["idle_minutes"], shown["is_default"]) == (0, 30, True)
    assert (shown["replicas"], shown["is_asleep"]) == (1, False)


def test_processes_are_set_with_an_audit_entry_and_contradictions_are_refused(
    serving: Serving,
) -> None:
    deployment = serving.deploy(environment="production")
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
    admin, place = serving.workspace.client("admin"), "/api/v1/environments/production"
    admin.patch(place, json={"quota": {"cpu": 4}})
    beyond = serving.client.put(address, json={"max_replicas": 30})
    assert (beyond.status_code, beyond.json()["code"]) == (409, "deployments.quota_reached")
    admin.patch(place, json={"quota": {}})
    asked = {"min_replicas": 2, "max_replicas": 6, "target_concurrency": 8}
    assert serving.client.put(address, json=asked).json()["max_replicas"] == 6
    told = {"min_replicas": 2, "max_replicas": 6, "target_concurrency": 8, "idle_seconds": None}
    assert _told(serving) == [told]
    audit = admin.get("/api/v1/audit", params={"action": "deployments.set_scaling"})
    assert audit.json()["items"][0]["after"]["max_replicas"] == 6


def test_nothing_sleeps_beside_another_revision(serving: Serving) -> None:
    deployment = serving.deploy(environment="dev")
    serving.register()
    canary = {"kind": "canary", "percent": 10, "bake_seconds": 60}
    serving.update(deployment["id"], strategy=canary)
    assert _told(serving, "dev") == [None, None]
    for _ in ("the bake", "the standby"):
        serving.let_pass(deployment["id"], 60)
        serving.look(deployment["id"])
    assert [one and one["min_replicas"] for one in _told(serving, "dev")] == [0]
