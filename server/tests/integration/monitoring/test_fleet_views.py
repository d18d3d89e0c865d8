"""Saved views of the fleet page: private or shared, of one name each, and whose they are."""

from typing import Any

from tests.make.fixtures import TeamSpace

PLACE = "/api/v1/fleet-views"


def test_views_are_private_until_they_are_shared_and_their_owner_s(workspace: TeamSpace) -> None:
    ana, ben, lead = (workspace.client(role) for role in ("developer", "developer", "admin"))

    def save(name: str, status: int = 201, **more: Any) -> Any:
        answer = ana.post(PLACE, json={"name": name, "state": "health=failing", **more})
        assert answer.status_code == status, answer.text
        return answer.json()

    def names(client: Any) -> list[str]:
        return [view["name"] for view in client.get(PLACE).json()]

    view = save(" Mornings ")
    assert (view["name"], view["may_change"]) == ("Mornings", True)
    assert (names(ana), names(ben)) == (["Mornings"], [])
    assert save("Mornings", 409)["code"] == "monitoring.fleet_view_name_taken"
    for wrong in ({"name": " "}, {"state": "a b"}, {"state": "x" * 2001}, {"more": 1}):
        body = {"name": "x", "state": "", **wrong}
        assert ana.post(PLACE, json=body).status_code == 422

    one = f"{PLACE}/{view['id']}"
    assert ben.patch(one, json={"name": "Mine"}).json()["code"] == "monitoring.fleet_view_missing"
    shared = ana.patch(one, json={"is_shared": True, "state": "range=7d"}).json()
    assert (shared["is_shared"], shared["state"], shared["name"]) == (True, "range=7d", "Mornings")
    [seen] = ben.get(PLACE).json()
    assert seen["may_change"] is False
    assert ben.delete(one).json()["code"] == "monitoring.not_your_fleet_view"
    assert workspace.client("viewer").get(PLACE).json()[0]["name"] == "Mornings"
    assert workspace.client("viewer").delete(one).status_code == 403
    assert lead.delete(one).status_code == 204  # admins tidy what is shared
    assert names(ana) == []
    trail = lead.get("/api/v1/audit", params={"object_id": view["id"]}).json()["items"]
    assert [event["action"] for event in trail] == [
        "fleet_views.delete",
        "fleet_views.change",
        "fleet_views.create",
    ]
