"""Card, facts, protected aliases, differences and lineage, on both databases."""

import pytest
from tests.make.registry import MLFLOW, a_package, logged, model_id, registered

RUN_TAGS = [{"key": "mlflow.source.git.commit", "value": "c0ffee" * 6}]


def a_model(client, name="churn", **more):
    registered(client, name, **more)
    return f"/api/v1/models/{model_id(client, name)}"


def measured(client, source, rate="0.1"):
    """Give the run of a source metrics, a parameter, a data set and a commit."""
    run_id = source.split("/")[1]
    batch = {
        "run_id": run_id,
        "metrics": [{"key": "auc", "value": float(rate), "timestamp": 1, "step": 1}],
        "params": [{"key": "rate", "value": rate}],
        "tags": RUN_TAGS,
    }
    client.post(f"{MLFLOW}/runs/log-batch", json=batch)
    dataset = {
        "name": "customers",
        "digest": "abc123",
        "source_type": "local",
        "source": "{}",
        "profile": '{"num_rows": 4000}',
    }
    tags = [{"key": "mlflow.data.context", "value": "training"}]
    body = {"run_id": run_id, "datasets": [{"dataset": dataset, "tags": tags}]}
    assert client.post(f"{MLFLOW}/runs/log-inputs", json=body).status_code == 200
    return source


def test_a_card_knows_what_it_lacks_and_what_is_filled_in(workspace):
    client = workspace.client("developer")
    address = a_model(client, source=measured(client, logged(client, a_package())))
    text = "---\nlicense: apache-2.0\n---\n## Purpose\nWho leaves."
    card = client.put(f"{address}/card", json={"text": text}).json()
    assert {p["key"] for p in card["parts"] if p["is_written"]} == {"purpose"}
    assert {p["key"] for p in card["parts"] if p["is_automatic"]} == {"data", "metrics"}
    data, metrics, interface = card["automatic"]
    assert data["rows"] == [{"name": "customers (training)", "value": "digest abc123, 4,000 rows"}]
    assert metrics["rows"] == [{"name": "auc", "value": "0.1"}]
    assert interface["rows"][0] == {"name": "input x", "value": "double, required"}
    assert client.get(address).json()["licence"] == "apache-2.0"
    assert client.get(f"{address}/card").json() == card


def test_owner_licence_task_and_tags_are_kept(workspace):
    client = workspace.client("developer")
    address = a_model(client)
    person = workspace.a_person("viewer")
    facts = {"licence": "MIT", "task": "classification", "owner_id": str(person.id)}
    changed = client.patch(address, json=facts).json()
    assert changed["owner_name"] == person.display_name
    assert (changed["licence"], changed["task"]) == ("MIT", "classification")
    stranger = {"owner_id": "00000000-0000-4000-8000-000000000009"}
    refused = client.patch(address, json=stranger)
    assert (refused.status_code, refused.json()["code"]) == (422, "registry.owner_unknown")
    assert client.put(f"{address}/tags/team/one", json={"value": "growth"}).status_code == 204
    assert client.get(address).json()["tags"] == {"team/one": "growth"}
    client.delete(f"{address}/tags/team/one")
    assert client.get(address).json()["tags"] == {}


def test_a_protected_alias_needs_the_permission_on_every_way(workspace):
    developer, admin = workspace.client("developer"), workspace.client("admin")
    address = a_model(developer)
    assert admin.put("/api/v1/protected-aliases/champion").status_code == 200
    held = [one["alias"] for one in developer.get("/api/v1/protected-aliases").json()]
    assert held == ["champion", "production"]
    own = developer.put(f"{address}/aliases/champion", json={"version": 1})
    assert (own.status_code, own.json()["code"]) == (403, "registry.alias_protected")
    body = {"name": "churn", "alias": "champion", "version": "1"}
    theirs = developer.post(f"{MLFLOW}/registered-models/alias", json=body)
    assert (theirs.status_code, theirs.json()["error_code"]) == (403, "PERMISSION_DENIED")

    assert admin.post(f"{MLFLOW}/registered-models/alias", json=body).status_code == 200

    removals = (
        ("DELETE", f"{address}/aliases/champion", None),
        ("DELETE", f"{address}/versions/1", None),
        ("DELETE", address, None),
        ("DELETE", f"{MLFLOW}/registered-models/alias", {"name": "churn", "alias": "champion"}),
        ("DELETE", f"{MLFLOW}/model-versions/delete", {"name": "churn", "version": "1"}),
        ("DELETE", f"{MLFLOW}/registered-models/delete", {"name": "churn"}),
    )
    for method, path, sent in removals:
        refused = developer.request(method, path, json=sent)
        assert refused.status_code == 403, (path, refused.text)
    assert developer.get(address).json()["aliases"] == {"champion": 1}
    assert developer.put(f"{address}/aliases/next", json={"version": 1}).status_code == 204
    assert developer.delete("/api/v1/protected-aliases/champion").status_code == 403
    assert admin.delete("/api/v1/protected-aliases/champion").status_code == 204
    assert admin.delete("/api/v1/protected-aliases/champion").status_code == 404
    assert developer.delete(f"{address}/aliases/champion").status_code == 204


@pytest.mark.parametrize("alias", ["latest", "v1", "a b"])
def test_only_what_can_be_an_alias_is_protected(workspace, alias):
    refused = workspace.client().put(f"/api/v1/protected-aliases/{alias}")
    assert (refused.status_code, refused.json()["code"]) == (422, "registry.name_invalid")


def test_two_versions_are_compared_in_every_group(workspace):
    client = workspace.client("developer")
    address = a_model(client, source=measured(client, logged(client, a_package())))
    other = a_package(**{"requirements.txt": b"numpy==2.4.5\n", "notes.txt": b"new"})
    registered(client, "churn", source=measured(client, logged(client, other), "0.2"))
    found = client.get(f"{address}/diff", params={"a": 1, "b": 2}).json()
    groups = {group["key"]: group for group in found["groups"]}
    changed = {key: group["changed"] for key, group in groups.items()}
    assert changed == {
        "signature": 0,
        "environment": 1,
        "metrics": 1,
        "params": 1,
        "files": 2,
        "tags": 0,
    }
    assert groups["params"]["rows"][0] == {
        "name": "rate",
        "a": "0.1",
        "b": "0.2",
        "changed": True,
    }
    assert client.get(f"{address}/diff", params={"a": 1, "b": 9}).status_code == 404


def test_lineage_reaches_from_data_to_copies_and_aliases(workspace):
    client = workspace.client("developer")
    source = measured(client, logged(client, a_package()))
    address = a_model(client, source=source)
    registered(client, "copy", source="models:/churn/1")
    client.put(f"{address}/aliases/champion", json={"version": 1})

    found = client.get(f"{address}/versions/1/lineage").json()

    depths = {node["kind"]: node["depth"] for node in found["nodes"] if node["name"] != "copy v1"}
    assert depths == {"dataset": -2, "commit": -2, "run": -1, "version": 0, "alias": 1}
    assert [c["effect"] for c in found["if_deleted"]] == ["removed", "stays"]
    copied = f"/api/v1/models/{model_id(client, 'copy')}/versions/1/lineage"
    back = client.get(copied).json()
    assert {node["kind"] for node in back["nodes"]} == {"dataset", "commit", "run", "version"}
    assert {"churn v1", "copy v1"} <= {node["name"] for node in back["nodes"]}


def test_lineage_names_the_deployment_that_deleting_would_break(workspace):
    client = workspace.client("developer")
    address = a_model(client)
    body = {"model_id": address.rpartition("/")[2], "name": "live", "use_auto_config": True}
    assert client.post("/api/v1/serving/deploy", json=body).status_code == 202
    found = client.get(f"{address}/versions/1/lineage").json()
    [place] = [node for node in found["nodes"] if node["kind"] == "deployment"]
    assert place["name"] == "staging/live"
    assert [(c["node"], c["effect"]) for c in found["if_deleted"]] == [(place["id"], "refused")]


def test_who_only_reads_makes_no_model_and_no_experiment(workspace):
    viewer = workspace.client("viewer")
    refusals = [
        viewer.post(f"{MLFLOW}/registered-models/create", json={"name": "mine"}),
        viewer.post(f"{MLFLOW}/experiments/create", json={"name": "mine"}),
        viewer.post("/api/v1/experiments", json={"name": "mine"}),
    ]
    assert [refused.status_code for refused in refusals] == [403, 403, 403]
    assert "models.create" in refusals[0].json()["message"]
