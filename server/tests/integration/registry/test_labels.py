"""Names, tags, aliases, stages, lists and refusals, on both databases."""

import pytest
from sqlalchemy import event, insert
from tests.make.registry import MLFLOW, a_package, logged, model_id, registered

from modelyard_server.kernel.clock import utcnow
from modelyard_server.kernel.trail import AuditEvent
from modelyard_server.registry.models import Model
from modelyard_server.registry.ports import NothingServed, ServedVersions


def test_an_alias_moves_from_version_to_version(workspace):
    client = workspace.client("developer")
    source = logged(client, a_package())
    for _ in range(2):
        registered(client, "churn", source=source)
    known = model_id(client, "churn")
    for version in (1, 2):
        address = f"/api/v1/models/{known}/aliases/champion"
        assert client.put(address, json={"version": version}).status_code == 204
    assert client.get(f"/api/v1/models/{known}").json()["aliases"] == {"champion": 2}
    assert client.delete(f"/api/v1/models/{known}/aliases/champion").status_code == 204
    asked = {"name": "churn", "alias": "champion"}
    gone = client.get(f"{MLFLOW}/registered-models/alias", params=asked)
    assert gone.json()["error_code"] == "INVALID_PARAMETER_VALUE"


@pytest.mark.parametrize("alias", ["latest", "v3", "a b", "x" * 300])
def test_an_alias_cannot_be_mistaken_for_a_version(workspace, alias):
    client = workspace.client("developer")
    registered(client, "churn")
    address = f"/api/v1/models/{model_id(client, 'churn')}/aliases/{alias}"
    refused = client.put(address, json={"version": 1})
    assert (refused.status_code, refused.json()["code"]) == (422, "registry.name_invalid")


def test_models_are_found_by_name_and_tag(workspace):
    client = workspace.client("developer")
    create = f"{MLFLOW}/registered-models/create"
    for name, team in (("Churn", "growth"), ("churn-2", "growth"), ("fraud", "risk")):
        tags = [{"key": "team", "value": team}]
        client.post(create, json={"name": name, "tags": tags})
    prompt = [{"key": "mlflow.prompt.is_prompt", "value": "true"}]
    client.post(create, json={"name": "greeting", "tags": prompt})

    def found(text, **more):
        asked = {"filter": text, **more}
        answer = client.get(f"{MLFLOW}/registered-models/search", params=asked).json()
        return [model["name"] for model in answer.get("registered_models", [])]

    assert found("name LIKE 'ch%'") == ["churn-2"]
    assert sorted(found("name ILIKE 'CH%'")) == ["Churn", "churn-2"]
    assert found("tags.team = 'risk'") == ["fraud"]
    assert found("tags.team != 'growth'") == ["fraud"]
    assert "greeting" not in found("tags.`mlflow.prompt.is_prompt` != 'true'")
    assert found("name IN ('fraud','Churn')", order_by="name DESC") == ["fraud", "Churn"]
    assert [m["name"] for m in client.get("/api/v1/models?q=CHURN").json()["items"]] == [
        "churn-2",
        "Churn",
    ]


def test_models_are_ordered_as_the_client_asks(workspace):
    client = workspace.client("developer")
    for name in ("b", "a", "c"):
        client.post(f"{MLFLOW}/registered-models/create", json={"name": name})
    client.patch(
        f"{MLFLOW}/registered-models/update", json={"name": "a", "description": "touched last"}
    )

    def ask(*order):
        return client.get(f"{MLFLOW}/registered-models/search", params={"order_by": order})

    for key in ("timestamp", "last_updated_timestamp"):
        assert [m["name"] for m in ask(f"{key} ASC").json()["registered_models"]] == ["b", "c", "a"]
        assert ask(f"{key} DESC", "name").json()["registered_models"][0]["name"] == "a"
    for order, said in (
        (("timestamp", "last_updated_timestamp DESC"), "duplicate fields"),
        (("creation_timestamp",), "Invalid order by key 'creation_timestamp' specified"),
        (("name ASC", "timestamp DESC now"), "Invalid order_by clause"),
    ):
        refused = ask(*order)
        assert refused.status_code == 400
        assert refused.json()["error_code"] == "INVALID_PARAMETER_VALUE"
        assert said in refused.json()["message"]


def test_a_search_is_read_page_by_page(workspace):
    client = workspace.client("developer")
    for number in range(5):
        create = {"name": f"m{number}"}
        client.post(f"{MLFLOW}/registered-models/create", json=create)
    names, token = [], ""
    while token is not None:
        asked = {"max_results": 2, "page_token": token}
        answer = client.get(f"{MLFLOW}/registered-models/search", params=asked).json()
        names += [model["name"] for model in answer["registered_models"]]
        token = answer.get("next_page_token")
    assert names == [f"m{number}" for number in range(5)]


def test_a_stage_can_archive_what_was_there(workspace):
    client = workspace.client("developer")
    source = logged(client, a_package())
    for version in (1, 2):
        registered(client, "churn", source=source)
        body = {"name": "churn", "version": version, "stage": "production"}
        body["archive_existing_versions"] = True
        assert client.post(f"{MLFLOW}/model-versions/transition-stage", json=body).is_success
    latest = client.post(f"{MLFLOW}/registered-models/get-latest-versions", json={"name": "churn"})
    stages = {v["version"]: v["current_stage"] for v in latest.json()["model_versions"]}
    assert stages == {"1": "Archived", "2": "Production"}


def test_renaming_keeps_versions_and_deleting_takes_everything(workspace):
    client = workspace.client("developer")
    registered(client, "churn")
    rename = {"name": "churn", "new_name": "attrition"}
    assert client.post(f"{MLFLOW}/registered-models/rename", json=rename).is_success
    known = model_id(client, "attrition")
    assert client.get(f"/api/v1/models/{known}/versions/1").json()["model_name"] == "attrition"
    assert client.delete(f"/api/v1/models/{known}").status_code == 204
    assert client.get(f"/api/v1/models/{known}").status_code == 404
    assert registered(client, "attrition")["version"] == "1"


class ServedByStaging(NothingServed):
    def deployments_of_model(self, db, model_id):
        return ["staging/churn"]

    def deployments_of_version(self, db, model_id, version):
        return ["staging/churn"] if version == 1 else []


def test_what_is_served_cannot_be_deleted(workspace, platform):
    client = workspace.client("developer")
    source = logged(client, a_package())
    for _ in range(2):
        registered(client, "churn", source=source)
    known = model_id(client, "churn")
    before = platform.services.get(ServedVersions)
    platform.services.provide(ServedVersions, ServedByStaging())
    try:
        refused = client.delete(f"/api/v1/models/{known}")
        assert (refused.status_code, refused.json()["code"]) == (409, "registry.still_served")
        assert refused.json()["deployments"] == ["staging/churn"]
        assert client.delete(f"/api/v1/models/{known}/versions/1").status_code == 409
        assert client.delete(f"/api/v1/models/{known}/versions/2").status_code == 204
    finally:
        platform.services.provide(ServedVersions, before)


def test_every_change_is_in_the_trail(workspace, platform):
    client = workspace.client("developer")
    registered(client, "churn")
    known = model_id(client, "churn")
    client.put(f"/api/v1/models/{known}/aliases/best", json={"version": 1})
    client.patch(f"/api/v1/models/{known}", json={"description": "who leaves"})
    client.delete(f"/api/v1/models/{known}")
    with platform.database.session(workspace.id, write=False) as db:
        rows = db.query(AuditEvent).filter_by(workspace_id=workspace.id).all()
    found = {row.action for row in rows if row.action.startswith("registry.")}
    assert found == {
        "registry.create_model",
        "registry.create_version",
        "registry.set_alias",
        "registry.update_model",
        "registry.delete_model",
    }


def test_a_thousand_models_are_listed_with_a_handful_of_queries(workspace, platform):
    now = utcnow()
    with platform.database.session(workspace.id) as db:
        rows = [
            {
                "workspace_id": workspace.id,
                "name": f"model {number:04}",
                "created_at": now,
                "updated_at": now,
                "created_by_name": "Pat",
            }
            for number in range(1000)
        ]
        db.execute(insert(Model), rows)
    client = workspace.client("viewer")
    statements = []
    listen = (platform.database.engine, "before_cursor_execute")

    def count(_connection, _cursor, statement, *_rest):
        statements.append(statement)

    event.listen(*listen, count)
    try:
        items = client.get("/api/v1/models?limit=1000").json()["items"]
    finally:
        event.remove(*listen, count)
    assert len(items) == 1000
    assert len(statements) < 15
