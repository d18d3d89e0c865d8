"""What is published to the node, and from which workspaces it is read."""

from sqlalchemy import event

from modelyard_server.app import compose
from modelyard_server.deployments.ports import ComputeDriver, Publisher


def test_a_change_reads_its_own_workspace_and_keeps_what_others_serve(serving, platform):
    other = platform.a_workspace()
    mine = serving.deploy()
    bound = set()

    @event.listens_for(platform.database.engine, "before_cursor_execute")
    def note(conn, _cursor, _statement, _parameters, _context, _many):  # type: ignore[no-untyped-def]
        bound.add(conn.info.get("workspace_id"))

    try:
        key = serving.client.post(f"/api/v1/deployments/{mine['id']}/keys", json={"name": "app"})
    finally:
        event.remove(platform.database.engine, "before_cursor_execute", note)

    assert key.status_code == 201, key.text
    assert serving.workspace.id in bound
    assert other.id not in bound
    [route] = serving.node.routes_of(serving.workspace)
    assert key.json()["public_id"] in {one["public_id"] for one in route["keys"]}


def test_what_another_process_published_is_not_taken_back(serving, platform):
    mine, other = serving.deploy(), platform.a_workspace()
    one, two = (compose(platform.settings, platform.database) for _ in range(2))
    one.get(Publisher).now()
    key = serving.client.post(f"/api/v1/deployments/{mine['id']}/keys", json={"name": "app"})

    two.get(Publisher).now(serving.workspace.id)
    one.get(Publisher).now(other.id)

    everything = one.get(ComputeDriver).desired().routes
    [route] = [route for route in everything if route.deployment_id == mine["id"]]
    assert key.json()["public_id"] in {known.public_id for known in route.keys}
