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


def test_what_was_set_is_reset_to_the_default_of_the_environment(serving: Serving) -> None:
    deployment = serving.deploy(environment="dev")
    address = f"/api/v1/deployments/{deployment['id']}/scaling"
    serving.client.put(address, json={"min_replicas": 1})
    assert _told(serving, "dev") == [None]
    shown = serving.client.delete(address).json()
    assert (shown["is_default"], shown["min_replicas"], shown["idle_minutes"]) == (True, 0, 30)
    assert [one and one["idle_seconds"] for one in _told(serving, "dev")] == [30 * 60]
    audit = serving.workspace.client("admin").get(
        "/api/v1/audit", params={"action": "deployments.reset_scaling"}
    )
    [entry] = audit.json()["items"]
    assert (entry["before"]["min_replicas"], entry["after"]["min_replicas"]) == (1, 0)


def test_what_sleep_saved_is_counted_once_and_told_where_there_is_a_price(serving: Serving) -> None:
    deployment = serving.deploy(environment="dev")
    address = f"/api/v1/deployments/{deployment['id']}/scaling"
    config = serving.client.get(f"/api/v1/deployments/{deployment['id']}").json()
    config = config["live_revision"]["config"]

    def slept(seconds: float, *, is_asleep: bool) -> float:
        """Let the node say how long it slept; give what is told before and after a look."""
        serving.node.slept_seconds, serving.node.is_asleep = seconds, is_asleep
        before = serving.client.get(address).json()["slept_seconds"]
        serving.reconcile()
        after = serving.client.get(address).json()
        assert (before, after["is_asleep"]) == (after["slept_seconds"], is_asleep)
        return float(before)

    assert slept(0, is_asleep=False) == 0
    assert slept(30, is_asleep=True) == 30
    assert slept(3000, is_asleep=True) == 3000
    assert slept(3010, is_asleep=False) == 3010
    assert slept(0, is_asleep=False) == 3010  # another node, which counts from 0
    assert slept(590, is_asleep=True) == 3600
    assert serving.client.get(address).json()["saved"] is None
    admin, place = serving.workspace.client("admin"), "/api/v1/environments/dev"
    wrong = admin.patch(place, json={"price": {"currency": "euro", "cpu_hour": 1}})
    assert wrong.status_code == 422
    price = {"currency": "EUR", "cpu_hour": 0.5, "gb_hour": 0.25, "gpu_hour": 9.0}
    assert admin.patch(place, json={"price": price}).json()["price"] == price
    expected = config["cpu"] * 0.5 + config["memory_gb"] * 0.25
    told = serving.client.get(address).json()["saved"]
    assert told == {"amount": expected, "currency": "EUR"}
    assert admin.patch(place, json={"price": None}).json()["price"] is None


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
