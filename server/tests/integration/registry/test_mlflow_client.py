"""What the unmodified MLflow client does with the registry."""

import mlflow
import pandas as pd
import pytest
from mlflow.exceptions import MlflowException
from sklearn.linear_model import LogisticRegression
from tests.make.live import live_server  # noqa: F401 - fixture

TABLE = pd.DataFrame({"width": [1.0, 2.0, 3.0, 4.0], "height": [0.5, 1.5, 0.1, 2.0]})
pytestmark = pytest.mark.filterwarnings("ignore")  # the client's own notes on its dependencies


@pytest.fixture
def client(live_server, workspace, monkeypatch):  # noqa: F811
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", workspace.a_token("developer"))
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    mlflow.set_tracking_uri(live_server)
    mlflow.set_registry_uri(live_server)
    mlflow.set_experiment("boxes")
    return mlflow.MlflowClient()


def train(name):
    with mlflow.start_run() as run:
        model = LogisticRegression().fit(TABLE, [0, 1, 0, 1])
        logged = mlflow.sklearn.log_model(
            model, name="model", input_example=TABLE.head(2), registered_model_name=name
        )
    return run.info.run_id, logged


def test_a_model_is_registered_labelled_found_loaded_and_deleted(client):
    run_id, logged = train("boxes")
    version = client.get_model_version("boxes", "1")
    assert (version.status, version.run_id, version.source) == ("READY", run_id, logged.model_uri)

    for another in ("0" * 32, client.create_run("0").info.run_id):
        with pytest.raises(MlflowException, match="is not of run") as refusal:
            client.create_model_version("boxes", logged.model_uri, run_id=another)
        assert refusal.value.error_code == "INVALID_PARAMETER_VALUE"
    changed = client.get_registered_model("boxes").last_updated_timestamp
    client.update_model_version("boxes", "1", "it works")
    described = client.get_model_version("boxes", "1")
    assert described.last_updated_timestamp > version.last_updated_timestamp
    assert client.get_registered_model("boxes").last_updated_timestamp == changed

    client.set_registered_model_alias("boxes", "champion", "1")
    client.set_model_version_tag("boxes", "1", "checked", "yes")
    client.update_model_version("boxes", "1", "the first")
    client.set_registered_model_tag("boxes", "team", "packing")

    loaded = mlflow.pyfunc.load_model("models:/boxes@champion")
    assert loaded.predict(TABLE).tolist() == [0, 1, 0, 1]
    found = client.search_model_versions("name = 'boxes' AND tags.checked = 'yes'")
    assert [(v.version, v.description, v.aliases) for v in found] == [
        ("1", "the first", ["champion"])
    ]
    (model,) = client.search_registered_models("tags.team = 'packing'")
    assert (model.name, model.aliases) == ("boxes", {"champion": "1"})
    assert [v.version for v in model.latest_versions] == ["1"]

    client.delete_registered_model_alias("boxes", "champion")
    client.delete_model_version_tag("boxes", "1", "checked")
    assert client.get_model_version("boxes", "1").tags == {}
    client.delete_model_version("boxes", "1")
    client.delete_registered_model("boxes")
    with pytest.raises(MlflowException) as gone:
        client.get_registered_model("boxes")
    assert gone.value.error_code == "RESOURCE_DOES_NOT_EXIST"


def test_registering_again_makes_the_next_version(client):
    _, logged = train("boxes")
    again = mlflow.register_model(logged.model_uri, "boxes", tags={"by": "hand"})
    assert (again.version, again.tags, again.source) == ("2", {"by": "hand"}, logged.model_uri)
    copied = client.copy_model_version("models:/boxes/2", "shelf")
    assert (copied.name, copied.version, copied.status) == ("shelf", "1", "READY")
    client.rename_registered_model("boxes", "crates")
    assert client.get_model_version("crates", "2").source == logged.model_uri


def test_a_prompt_is_kept_but_is_no_model(client, workspace):
    mlflow.genai.register_prompt("greeting", "Hello {{name}}", tags={"tone": "warm"})
    assert mlflow.genai.load_prompt("prompts:/greeting/1").format(name="Ada") == "Hello Ada"
    with pytest.raises(MlflowException, match="the name is already taken by a prompt"):
        client.create_registered_model("greeting")
    assert client.search_registered_models() == []
    assert workspace.client("viewer").get("/api/v1/models").json()["items"] == []
