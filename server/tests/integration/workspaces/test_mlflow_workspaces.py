"""MLflow's workspaces are ours: chosen by token, header or address."""

import pytest

WORKSPACES = "/api/3.0/mlflow/workspaces"
EXPERIMENT = "/api/2.0/mlflow/experiments/get?experiment_id=0"


def create(client, name):
    return client.post("/api/2.0/mlflow/experiments/create", json={"name": name})


def test_a_token_sees_its_workspace_and_no_other(platform, workspace):
    client, other = workspace.client(), platform.a_workspace()
    assert client.get(WORKSPACES).json() == {"workspaces": [{"name": workspace.slug}]}
    assert client.get(f"{WORKSPACES}/{workspace.slug}").json()["workspace"]["name"] == (
        workspace.slug
    )
    assert client.get(f"{WORKSPACES}/default").json()["workspace"]["name"] == workspace.slug
    for slug in (other.slug, "nowhere"):
        gone = client.get(f"{WORKSPACES}/{slug}")
        assert (gone.status_code, gone.json()["error_code"]) == (404, "RESOURCE_DOES_NOT_EXIST")


@pytest.mark.parametrize("named", ["", "default", None])
def test_the_token_alone_decides(workspace, named):
    headers = {} if named is None else {"X-MLFLOW-WORKSPACE": named}
    found = workspace.client().get(EXPERIMENT, headers=headers)
    assert found.json()["experiment"]["name"] == "Default"


def test_a_header_or_address_of_another_workspace_is_refused(platform, workspace):
    client, other = workspace.client(), platform.a_workspace()
    for slug in (other.slug, "nowhere"):
        by_header = client.get(EXPERIMENT, headers={"X-MLFLOW-WORKSPACE": slug})
        by_address = client.get(f"/w/{slug}{EXPERIMENT}")
        for refused in (by_header, by_address):
            assert refused.status_code == 400
            assert refused.json()["error_code"] == "INVALID_PARAMETER_VALUE"
    both = client.get(
        f"/w/{workspace.slug}{EXPERIMENT}", headers={"X-MLFLOW-WORKSPACE": other.slug}
    )
    assert both.status_code == 400


def test_an_address_below_a_workspace_is_the_same_api(workspace):
    client = workspace.client()
    below = f"/w/{workspace.slug}"
    assert client.get(f"{below}/health").text == "OK"
    assert client.get(f"{below}/api/3.0/mlflow/server-info").json()["workspaces_enabled"] is True
    body = {"name": "boxes"}
    made = client.post(f"{below}/api/2.0/mlflow/experiments/create", json=body)
    assert made.status_code == 200
    assert create(client, "boxes").status_code == 400
    missing = client.get(f"{below}/api/2.0/mlflow/nowhere")
    assert missing.json()["error_code"] == "ENDPOINT_NOT_FOUND"


def test_a_browser_session_chooses_by_address(platform, workspace):
    person = workspace.a_person("developer")
    client = workspace.browser(of=person)
    del client.headers["X-Modelyard-Workspace"]
    assert client.get(f"/w/{workspace.slug}{EXPERIMENT}").status_code == 200
    assert client.get(f"/w/{platform.a_workspace().slug}{EXPERIMENT}").status_code == 404


def test_owners_make_and_describe_workspaces(workspace):
    slug = f"{workspace.slug}-two"
    owner = workspace.client("owner")
    made = owner.post(WORKSPACES, json={"name": slug, "description": "The second"})
    assert made.status_code == 201
    assert made.json() == {"workspace": {"name": slug, "description": "The second"}}
    again = owner.post(WORKSPACES, json={"name": slug})
    assert (again.status_code, again.json()["error_code"]) == (400, "RESOURCE_ALREADY_EXISTS")
    assert workspace.client("admin").post(WORKSPACES, json={"name": "x-y"}).status_code == 403
    changed = owner.patch(f"{WORKSPACES}/{workspace.slug}", json={"description": "The first"})
    assert changed.json()["workspace"]["description"] == "The first"
    assert owner.patch(f"{WORKSPACES}/{slug}", json={"description": "Not mine"}).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {"name": "default"},
        {"name": "workspaces"},
        {"name": "Upper"},
        {"name": "a/../b"},
        {"name": "x" * 64},
        {"name": "fine", "default_artifact_root": "file:///etc"},
        {"name": "fine", "trace_archival_config": {"location": "s3://b"}},
        {"name": "fine", "description": "x" * 2001},
        {},
    ],
)
def test_a_malformed_workspace_is_refused(workspace, body):
    refused = workspace.client("owner").post(WORKSPACES, json=body)
    assert (refused.status_code, refused.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
