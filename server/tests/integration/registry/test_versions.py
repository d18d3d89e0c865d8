"""Registering, numbering and reading versions, on both databases."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.make.registry import MLFLOW, a_package, logged, model_id, registered


def test_a_version_shows_what_its_package_says(workspace):
    client = workspace.client("developer")
    made = registered(client, "churn", tags=[{"key": "team", "value": "growth"}])
    assert (made["version"], made["status"]) == ("1", "READY")

    shown = client.get(f"/api/v1/models/{model_id(client, 'churn')}/versions/1").json()

    assert (shown["framework"], shown["flavors"]) == ("sklearn", ["python_function", "sklearn"])
    assert [column["name"] for column in shown["inputs"]] == ["x"]
    assert shown["requirements"] == ["numpy==2.4.6"]
    assert shown["tags"] == {"team": "growth"}
    assert len(shown["digest"]) == 64
    assert [check["status"] for check in shown["checks"]] == ["pending"] * 3


def test_parallel_registrations_are_numbered_without_gaps(workspace):
    client = workspace.client("developer")
    source = logged(client, a_package())
    client.post(f"{MLFLOW}/registered-models/create", json={"name": "churn"})

    with ThreadPoolExecutor(20) as pool:
        made = list(pool.map(lambda _: registered(client, "churn", source=source), range(20)))

    assert sorted(int(version["version"]) for version in made) == list(range(1, 21))


def test_a_refused_registration_leaves_no_gap_and_a_deleted_number_stays_free(workspace):
    client = workspace.client("developer")
    registered(client, "churn")
    body = {"name": "churn", "source": f"runs:/{'0' * 32}/model"}
    assert client.post(f"{MLFLOW}/model-versions/create", json=body).status_code == 404
    assert registered(client, "churn")["version"] == "2"
    gone = {"name": "churn", "version": "2"}
    assert client.request("DELETE", f"{MLFLOW}/model-versions/delete", json=gone).is_success
    assert registered(client, "churn")["version"] == "3"


def test_equal_content_has_an_equal_digest_and_a_version_of_its_own(workspace):
    client = workspace.client("developer")
    registered(client, "churn")
    registered(client, "churn")
    registered(client, "churn", a_package(**{"requirements.txt": b"numpy==2.4.5\n"}))
    page = client.get(f"/api/v1/models/{model_id(client, 'churn')}/versions").json()["items"]
    newest, second, first = page
    assert first["digest"] == second["digest"] != newest["digest"]


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"MLmodel": a_package()["MLmodel"]}, "names model.pkl"),
        ({**a_package(), "MLmodel": b"flavors: ["}, "not valid YAML"),
    ],
)
def test_an_incomplete_package_fails_with_its_reason(workspace, files, reason):
    made = registered(workspace.client("developer"), "churn", files)
    assert made["status"] == "FAILED_REGISTRATION"
    assert reason in made["status_message"]


def test_values_that_no_database_stores_do_not_break_a_registration(workspace):
    files = a_package(**{"input_example.json": b'{"x": [NaN, "\\u0000"]}'})
    files["MLmodel"] += b"saved_input_example_info: {artifact_path: input_example.json}\n"
    files["MLmodel"] += b"metadata: {example_prediction: [.nan, 2026-11-21]}\n"
    client = workspace.client("developer")
    assert registered(client, "churn", files)["status"] == "READY"
    refused = client.get("/api/v1/models", params={"q": "a\0b"})
    assert refused.status_code in {200, 422}
    far = client.get(f"/api/v1/models/{model_id(client, 'churn')}/versions/{10**30}")
    assert far.status_code == 422


def test_a_version_outlives_the_run_that_logged_it_and_never_changes(workspace):
    client = workspace.client("developer")
    source = logged(client, a_package())
    registered(client, "churn", source=source)
    assert client.delete(f"/api/v1/runs/{source.split('/')[1]}").is_success

    address = f"/api/v1/models/{model_id(client, 'churn')}/versions/1/files"
    assert sorted(file["path"] for file in client.get(address).json()) == sorted(a_package())
    asked = {"name": "churn", "version": 1}
    uri = client.get(f"{MLFLOW}/model-versions/get-download-uri", params=asked).json()
    kept = uri["artifact_uri"].removeprefix("mlflow-artifacts:/")
    file = f"/api/2.0/mlflow-artifacts/artifacts/{kept}/requirements.txt"
    assert client.get(file).content == a_package()["requirements.txt"]
    assert client.put(file, content=b"evil").status_code in {400, 404, 422}
    assert client.get(file).content == a_package()["requirements.txt"]


def test_a_name_is_taken_once(workspace):
    client = workspace.client("developer")
    create = f"{MLFLOW}/registered-models/create"
    assert client.post(create, json={"name": "churn"}).is_success
    refused = client.post(create, json={"name": "churn"})
    assert refused.json()["error_code"] == "RESOURCE_ALREADY_EXISTS"
    assert client.post(create, json={"name": "a/b"}).json()["error_code"] == (
        "INVALID_PARAMETER_VALUE"
    )


def test_another_workspace_sees_none_of_it(workspace, platform):
    client, stranger = workspace.client("developer"), platform.a_workspace().client("admin")
    registered(client, "churn")
    known = model_id(client, "churn")
    assert stranger.get("/api/v1/models").json()["items"] == []
    for address in ("", "/versions", "/versions/1", "/versions/1/files"):
        assert stranger.get(f"/api/v1/models/{known}{address}").status_code == 404
    by_name = stranger.get(f"{MLFLOW}/model-versions/get", params={"name": "churn", "version": 1})
    assert by_name.status_code == 404
    assert registered(stranger, "churn")["version"] == "1"


def test_a_viewer_reads_and_changes_nothing(workspace):
    registered(workspace.client("developer"), "churn")
    viewer = workspace.client("viewer")
    known = model_id(viewer, "churn")
    assert viewer.delete(f"/api/v1/models/{known}").status_code == 403
    assert (
        viewer.put(f"/api/v1/models/{known}/aliases/best", json={"version": 1}).status_code == 403
    )
