"""What is deleted can be brought back for thirty days, and then is gone with its files."""

import datetime as dt

import pytest
from tests.make.registry import MLFLOW, a_package, model_id, registered

from modelyard_server.artifacts import service as artifacts
from modelyard_server.kernel.clock import utcnow
from modelyard_server.registry import binned
from modelyard_server.workspaces.access import System

BIN = "/api/v1/bin"


@pytest.fixture
def client(workspace):
    return workspace.client("admin")


def a_model(client, name="churn", versions=1):
    for number in range(versions):
        registered(client, name, a_package(**{"n.txt": str(number).encode()}))
    return f"/api/v1/models/{model_id(client, name)}"


def only_item(client):
    [item] = client.get(BIN).json()["items"]
    return item


def test_a_version_comes_back_as_it_was(client):
    address = a_model(client, versions=2)
    tag = {"name": "churn", "version": "1", "key": "team", "value": "growth"}
    client.post(f"{MLFLOW}/model-versions/set-tag", json=tag)
    before = client.get(f"{address}/versions/1").json()
    files = client.get(f"{address}/versions/1/files").json()
    gone = {"name": "churn", "version": "1"}
    assert client.request("DELETE", f"{MLFLOW}/model-versions/delete", json=gone).is_success
    found = client.get(f"{MLFLOW}/model-versions/get", params=gone)
    assert found.json()["error_code"] == "RESOURCE_DOES_NOT_EXIST"
    item = only_item(client)
    assert (item["kind"], item["name"], item["version"]) == ("version", "churn", 1)

    assert client.post(f"{BIN}/{item['id']}/restore").status_code == 200

    after = client.get(f"{address}/versions/1").json()
    assert {**after, "checks": []} == {**before, "checks": []}
    assert client.get(f"{address}/versions/1/files").json() == files
    assert client.get(BIN).json()["items"] == []
    assert registered(client, "churn")["version"] == "3"


def test_a_model_comes_back_with_versions_tags_and_aliases(client):
    address = a_model(client, versions=2)
    client.put(f"{address}/aliases/best", json={"version": 2})
    client.put(f"{address}/tags/team", json={"value": "growth"})
    client.put(f"{address}/card", json={"text": "## Purpose\nWho leaves."})
    before = client.get(address).json()
    assert client.delete(address).status_code == 204
    assert client.get(address).status_code == 404
    restored = client.post(f"{BIN}/{only_item(client)['id']}/restore").json()
    changes = {"updated_at": restored["updated_at"]}
    assert restored == {**before, **changes}
    assert len(client.get(f"{address}/versions").json()["items"]) == 2


def test_a_deleted_name_is_free_and_then_in_the_way(client):
    address = a_model(client)
    client.delete(address)
    item = only_item(client)
    a_model(client)
    refused = client.post(f"{BIN}/{item['id']}/restore")
    assert (refused.status_code, refused.json()["code"]) == (409, "registry.name_taken")
    rename = {"name": "churn", "new_name": "churn-2"}
    client.post(f"{MLFLOW}/registered-models/rename", json=rename)
    assert client.post(f"{BIN}/{item['id']}/restore").status_code == 200


def test_a_version_needs_its_model(client):
    address = a_model(client, versions=2)
    client.delete(f"{address}/versions/2")
    version = only_item(client)
    client.delete(address)
    refused = client.post(f"{BIN}/{version['id']}/restore")
    assert (refused.status_code, refused.json()["code"]) == (409, "registry.origin_missing")
    model = next(i for i in client.get(BIN).json()["items"] if i["kind"] == "model")
    client.post(f"{BIN}/{model['id']}/restore")
    assert client.post(f"{BIN}/{version['id']}/restore").status_code == 200
    numbers = [v["version"] for v in client.get(f"{address}/versions").json()["items"]]
    assert numbers == [2, 1]


def test_purging_needs_an_admin_and_frees_the_files(client, workspace):
    address = a_model(client)
    client.delete(address)
    item = only_item(client)
    with workspace.platform.database.session(workspace.id, write=False) as db:
        assert len(artifacts.files_below(db, "versions/")) == 4
    assert workspace.client("developer").delete(f"{BIN}/{item['id']}").status_code == 403
    assert client.delete(f"{BIN}/{item['id']}").status_code == 204
    assert client.delete(f"{BIN}/{item['id']}").status_code == 404
    with workspace.platform.database.session(workspace.id, write=False) as db:
        assert artifacts.files_below(db, "versions/") == []


def test_after_thirty_days_the_bin_is_emptied(client, workspace):
    client.delete(a_model(client))
    who = System(workspace.id)
    with workspace.platform.database.session(workspace.id) as db:
        assert binned.purge_due(db, who, utcnow() + dt.timedelta(days=29)) == 0
        assert binned.purge_due(db, who, utcnow() + dt.timedelta(days=31)) == 1
    assert client.get(BIN).json()["items"] == []


def test_what_is_served_does_not_go_into_the_bin(client):
    address = a_model(client)
    body = {"model_id": address.rpartition("/")[2], "name": "live", "use_auto_config": True}
    assert client.post("/api/v1/serving/deploy", json=body).status_code == 202
    for path in (address, f"{address}/versions/1"):
        refused = client.delete(path)
        assert (refused.status_code, refused.json()["deployments"]) == (409, ["staging/live"])
    assert client.get(BIN).json()["items"] == []
