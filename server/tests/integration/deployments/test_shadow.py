"""A shadow gets copies and no traffic, is ended or promoted by a person, and is limited."""

from typing import Any

from tests.make.deployments import Serving


def _route(serving: Serving) -> dict[str, Any]:
    [route] = serving.node.routes_of(serving.workspace)
    return route


def test_a_shadow_gets_copies_until_a_person_promotes_or_ends_it(serving: Serving) -> None:
    deployment = serving.deploy()
    serving.register()
    shadow = {"kind": "shadow", "percent": 30, "tolerance": 0.2}
    shown = serving.update(deployment["id"], strategy=shadow)

    assert shown["weights"] == [{"revision": 1, "weight": 100}]
    assert shown["shadow"] == {"revision": 2, "percent": 30, "tolerance": 0.2}
    route = _route(serving)
    assert [target["revision"] for target in route["targets"]] == [1]
    assert (route["shadow"]["target"]["revision"], route["shadow"]["percent"]) == (2, 30)
    serving.let_pass(deployment["id"], 1_000_000)
    serving.look(deployment["id"])
    assert serving.get(deployment["id"])["shadow"] is not None  # nothing goes on by itself

    traffic = f"/api/v1/deployments/{deployment['id']}/traffic"
    shares = [{"revision": 1, "weight": 90}, {"revision": 2, "weight": 10}]
    shared = serving.client.put(traffic, json={"weights": shares}).json()
    assert (shared["weights"], shared["shadow"]) == (shares, None)
    assert (_route(serving)["shadow"], len(_route(serving)["targets"])) == (None, 2)
    ended = [{"revision": 1, "weight": 100}, {"revision": 2, "weight": 0}]
    assert serving.client.put(traffic, json={"weights": ended}).json()["weights"] == [ended[0]]


def test_a_rollback_beside_a_shadow_moves_the_live_one_and_a_shadow_may_go_live(
    serving: Serving,
) -> None:
    deployment = serving.deploy()
    serving.register()
    serving.update(deployment["id"])
    serving.register()
    serving.update(deployment["id"], strategy={"kind": "shadow", "percent": 50})
    made = serving.post(deployment["id"], "rollback", {"reason": "no"})
    serving.roll_out(deployment["id"], made["number"])
    after = serving.get(deployment["id"])
    assert (after["live_revision"]["version"], after["shadow"]) == (1, None)

    shown = serving.update(deployment["id"], strategy={"kind": "shadow", "percent": 50})
    number, live = shown["shadow"]["revision"], after["live_revision"]["number"]
    weights = [{"revision": live, "weight": 0}, {"revision": number, "weight": 100}]
    done = serving.client.put(
        f"/api/v1/deployments/{deployment['id']}/traffic", json={"weights": weights}
    ).json()
    assert (done["live_revision"]["number"], done["standby_revision"]) == (number, live)


def test_how_much_is_copied_is_limited_by_the_environment(serving: Serving) -> None:
    deployment = serving.deploy()
    serving.register()
    address = f"/api/v1/deployments/{deployment['id']}/revisions"
    asked = {"strategy": {"kind": "shadow", "percent": 80}}
    refused = serving.client.post(address, json=asked)
    assert (refused.status_code, refused.json()["code"]) == (422, "deployments.strategy_refused")
    admin = serving.workspace.client("admin")
    changed = admin.patch("/api/v1/environments/staging", json={"policy": {"shadow_cap": 80}})
    assert changed.status_code == 200, changed.text
    assert serving.client.post(address, json=asked).status_code == 202
