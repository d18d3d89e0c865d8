"""What the unmodified MLflow client does with us."""

import math

import mlflow
import pandas as pd
import pytest
from mlflow.entities import DatasetInput, InputTag, Param, RunTag
from mlflow.exceptions import MlflowException
from requests import HTTPError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

TABLE = pd.DataFrame({"width": [1.0, 2.0, 3.0, 4.0], "height": [0.5, 1.5, 0.1, 2.0]})
LABELS = pd.Series([0, 1, 0, 1], name="label")
pytestmark = pytest.mark.filterwarnings("ignore")  # the client's own notes on its dependencies


@pytest.fixture
def client(live_server, workspace, client_of):
    made = client_of(live_server, workspace.a_token("developer"))
    mlflow.set_experiment("trees")
    return made


def test_a_trained_model_is_logged_and_loads_again(client):
    mlflow.sklearn.autolog(log_models=False, log_datasets=False, silent=True)
    with mlflow.start_run() as run:
        mlflow.log_input(mlflow.data.from_pandas(TABLE, name="boxes"), context="training")
        model = make_pipeline(StandardScaler(), LogisticRegression()).fit(TABLE, LABELS)
        logged = mlflow.sklearn.log_model(model, name="model", input_example=TABLE.head(2))

    found = client.get_run(run.info.run_id)
    assert found.info.status == "FINISHED"
    assert found.data.params["logisticregression__C"] == "1.0"
    assert found.data.metrics["training_accuracy_score"] == 1.0
    assert found.inputs.dataset_inputs[0].dataset.name == "boxes"
    assert [output.model_id for output in found.outputs.model_outputs] == [logged.model_id]
    for address in (logged.model_uri, f"runs:/{run.info.run_id}/model"):
        loaded = mlflow.pyfunc.load_model(address)
        assert loaded.predict(TABLE).tolist() == LABELS.tolist()
        assert loaded.metadata.signature.inputs.input_names() == ["width", "height"]
    assert mlflow.get_logged_model(logged.model_id).status == "READY"
    names = [m.name for m in mlflow.search_logged_models(output_format="list")]
    assert names == ["model"]


def test_runs_are_found_by_filters_in_order(client):
    for loss, depth in ((0.3, "4"), (0.1, "8"), (math.nan, "8")):
        with mlflow.start_run(run_name=f"depth {depth}", tags={"team": "boxes"}):
            mlflow.log_metric("loss", loss)
            mlflow.log_param("max depth", depth)
    with mlflow.start_run(run_name="bare"):
        pass

    def names(filter_string, order_by=("metrics.loss ASC",)):
        found = mlflow.search_runs(filter_string=filter_string, order_by=list(order_by))
        return [] if found.empty else found["tags.mlflow.runName"].tolist()

    assert names("") == ["depth 8", "depth 4", "depth 8", "bare"]
    assert names("metrics.loss > 0.2") == ["depth 4"]
    assert names("params.`max depth` = '8' AND metrics.loss < 1") == ["depth 8"]
    assert names("tags.team != 'boxes'") == []
    assert names("tags.team IS NULL") == ["bare"]
    assert names("attributes.run_name LIKE 'Depth%'") == []
    assert names("attributes.run_name ILIKE 'Depth 4'") == ["depth 4"]
    assert names("metrics.unheard < 1") == []
    with pytest.raises(MlflowException, match="number"):
        names("metrics.loss > 'high'")


def test_pages_of_a_search_follow_each_other(client):
    made = [client.create_run("0", run_name=f"run {n}").info.run_id for n in range(5)]
    found, token = [], None
    while True:
        page = client.search_runs(["0"], max_results=2, page_token=token)
        found += [run.info.run_id for run in page]
        token = page.token
        if not token:
            break
    assert sorted(found) == sorted(made)
    with pytest.raises(MlflowException, match="page token"):
        client.search_runs(["0"], filter_string="tags.a = 'b'", page_token="x" * 40)


def test_metric_values_survive_as_they_were(client):
    with mlflow.start_run() as run:
        for step, value in ((2, 0.25), (0, 1.0), (1, math.nan), (3, math.inf)):
            mlflow.log_metric("loss", value, step=step, timestamp=step)
        mlflow.log_metric("loss", 0.25, step=2, timestamp=2)  # a retry of the client
    history = client.get_metric_history(run.info.run_id, "loss")
    values = [(point.step, point.value) for point in history]
    assert values[0] == (0, 1.0)
    assert math.isnan(values[1][1])
    assert values[2:] == [(2, 0.25), (3, 1.7976931348623157e308)]
    assert client.get_run(run.info.run_id).data.metrics["loss"] == 1.7976931348623157e308


def test_files_come_back_as_they_were_logged(client, tmp_path):
    with mlflow.start_run() as run:
        mlflow.log_table(TABLE, "datasets/boxes.json")
        mlflow.log_text("naïve", "notes/größe 1.txt")
        mlflow.log_text("", "notes/empty.txt")
        mlflow.log_dict({"a": [1, 2]}, "config.json")
    run_id = run.info.run_id
    assert [file.path for file in client.list_artifacts(run_id)] == [
        "config.json",
        "datasets",
        "notes",
    ]
    assert mlflow.load_table("datasets/boxes.json", run_ids=[run_id])["width"].sum() == 10
    folder = mlflow.artifacts.download_artifacts(
        run_id=run_id, artifact_path="notes", dst_path=tmp_path
    )
    assert (tmp_path / "notes" / "größe 1.txt").read_text() == "naïve"
    assert (tmp_path / "notes" / "empty.txt").read_bytes() == b"", folder
    assert mlflow.artifacts.load_dict(f"runs:/{run_id}/config.json") == {"a": [1, 2]}


def test_what_a_run_says_again_is_kept_as_mlflow_keeps_it(client):
    run_id = client.create_run(client.get_experiment_by_name("trees").experiment_id).info.run_id
    data = mlflow.data.from_pandas(TABLE, name="boxes")._to_mlflow_entity()
    for role in ("training", "testing"):
        client.log_inputs(run_id, [DatasetInput(data, [InputTag("mlflow.data.context", role)])])
    (read,) = client.get_run(run_id).inputs.dataset_inputs
    assert [(tag.key, tag.value) for tag in read.tags] == [("mlflow.data.context", "training")]
    with pytest.raises(MlflowException, match="'value' exceeds the maximum length of 500"):
        client.log_inputs(run_id, [DatasetInput(data, [InputTag("why", "x" * 501)])])
    with pytest.raises(MlflowException, match="Duplicate parameter keys"):
        client.log_batch(run_id, params=[Param("a", "1"), Param("a", "2")])


def test_too_long_values_are_cut_and_odd_names_refused_as_mlflow_does(client):
    run_id = client.create_run("0", tags={"told": "x" * 9000}).info.run_id
    for _ in range(2):
        client.log_param(run_id, "long", "y" * 7000)
    client.log_batch(run_id, params=[Param("batch", "z" * 6001)], tags=[RunTag("t", "w" * 8001)])
    data = client.get_run(run_id).data
    assert (len(data.params["long"]), len(data.params["batch"])) == (6000, 6000)
    assert (len(data.tags["told"]), len(data.tags["t"])) == (8000, 8000)
    for name in ("../a", "/a", "a//b", ".", "a#b", "a'b", "n" * 251):
        for log in (client.log_param, client.log_metric, client.set_tag):
            with pytest.raises(MlflowException) as refusal:
                log(run_id, name, 1)
            assert refusal.value.error_code == "INVALID_PARAMETER_VALUE"
        with pytest.raises(MlflowException):
            client.set_experiment_tag("0", name, "1")
    client.log_metric(run_id, "größe/val loss:1", 1)
    for wrong in ({"timestamp": -1}, {"key": "b", "timestamp": -5}):
        with pytest.raises(MlflowException, match="timestamp"):
            client.log_metric(run_id, **{"key": "a", "value": 1, **wrong})
    with pytest.raises(MlflowException, match="max_results"):
        client._tracking_client.store.get_metric_history(run_id, "a", max_results=0)


def test_ends_addresses_and_orders_are_mlflows(client):
    made = [client.create_run("0", start_time=7).info.run_id for _ in range(9)]
    assert [run.info.run_id for run in client.search_runs(["0"])] == sorted(made)
    first = made[0]
    client.update_run(first, status="FINISHED")
    assert client.get_run(first).info.end_time is None
    client.set_terminated(first, end_time=9)
    client.update_run(first, status="RUNNING")  # the client sends the end that it knows
    assert client.get_run(first).info.end_time == 9
    address = client.get_run(first).info.artifact_uri
    client.log_metric(first, "loss", math.nan)

    def ids(text, order=()):
        return [run.info.run_id for run in client.search_runs(["0"], text, order_by=list(order))]

    assert ids(f"artifact_uri = '{address}'") == ids("metrics.loss != 1") == [first]
    assert ids("metrics.loss != 1", ["metrics.loss"]) == [first]
    assert ids(f"attributes.artifact_uri ILIKE '%{first.upper()}'") == [first]
    assert ids(f"artifact_uri != '{address}'", ["artifact_uri DESC"]) == sorted(made[1:])[::-1]
    everything = ", ".join(f"'{run}'" for run in [*made, *("0" * 32 for _ in range(400))])
    assert ids(f"attributes.run_id IN ({everything})") == sorted(made)
    client.set_tag(first, "share", r"\\server\data")
    assert ids(r"tags.'share' = '\\server\data'") == [first]
    with pytest.raises(MlflowException, match="must be a valid integer"):
        client.search_runs(["trees"])


def test_nested_deleted_and_restored_runs(client):
    with mlflow.start_run() as parent, mlflow.start_run(nested=True) as child:
        mlflow.set_tag("kind", "inner")
    mine = f"tags.mlflow.parentRunId = '{parent.info.run_id}'"
    experiment = parent.info.experiment_id
    assert [r.info.run_id for r in client.search_runs([experiment], mine)] == [child.info.run_id]
    client.delete_tag(child.info.run_id, "kind")
    client.delete_run(child.info.run_id)
    assert client.get_run(child.info.run_id).info.lifecycle_stage == "deleted"
    assert client.search_runs([experiment], mine) == []
    with pytest.raises(MlflowException, match="deleted"):
        client.log_metric(child.info.run_id, "loss", 1)
    client.restore_run(child.info.run_id)
    assert client.search_runs([experiment], mine)[0].data.tags.get("kind") is None


def test_a_parameter_never_changes(client):
    with mlflow.start_run() as run:
        mlflow.log_param("depth", 3)
        mlflow.log_param("depth", 3)
        with pytest.raises(MlflowException, match="already logged with value='3'"):
            mlflow.log_param("depth", 4)
        with pytest.raises(MlflowException, match="already logged"):
            client.log_batch(
                run.info.run_id,
                metrics=[mlflow.entities.Metric("loss", 1.0, 0, 0)],
                params=[mlflow.entities.Param("depth", "5")],
            )
    assert client.get_run(run.info.run_id).data.metrics == {}  # the batch left nothing


def test_experiments_keep_names_tags_and_come_back(client):
    first = client.create_experiment("forests", tags={"team": "boxes"})
    with pytest.raises(MlflowException) as refusal:
        client.create_experiment("forests")
    assert refusal.value.error_code == "RESOURCE_ALREADY_EXISTS"
    client.rename_experiment(first, "woods")
    client.set_experiment_tag(first, "stage", "final")
    client.delete_experiment_tag(first, "team")
    found = client.search_experiments(filter_string="name ILIKE 'WOO%' AND tags.stage = 'final'")
    assert [(e.experiment_id, e.tags) for e in found] == [(first, {"stage": "final"})]
    client.delete_experiment(first)
    assert client.get_experiment_by_name("woods").lifecycle_stage == "deleted"
    client.restore_experiment(first)
    assert client.get_experiment(first).lifecycle_stage == "active"
    assert client.get_experiment("0").name == "Default"


def test_another_tenants_token_sees_none_of_it(client, live_server, platform, client_of):
    with mlflow.start_run() as run:
        mlflow.log_metric("loss", 1)
        mlflow.log_text("secret", "a.txt")
    theirs = client_of(live_server, platform.a_workspace().a_token("admin"))
    run_id = run.info.run_id
    assert theirs.get_experiment_by_name("trees") is None
    assert theirs.search_runs([run.info.experiment_id]) == []
    for attempt in (
        lambda: theirs.get_run(run_id),
        lambda: theirs.log_metric(run_id, "loss", 2),
        lambda: theirs.get_metric_history(run_id, "loss"),
        lambda: theirs.list_artifacts(run_id),
        lambda: theirs.log_text(run_id, "planted", "b.txt"),
        lambda: theirs.delete_run(run_id),
    ):
        with pytest.raises((MlflowException, HTTPError), match="not found"):
            attempt()


def test_a_wrong_token_or_role_is_told_so(live_server, workspace, client_of):
    with pytest.raises(MlflowException, match="not valid") as refusal:
        client_of(live_server, "mlp_no_such_token").search_experiments()
    assert refusal.value.error_code == "UNAUTHENTICATED"
    viewer = client_of(live_server, workspace.a_token("viewer"))
    assert viewer.get_experiment("0").name == "Default"
    with pytest.raises(MlflowException, match=r"experiments\.create") as refusal:
        viewer.create_experiment("mine")
    assert refusal.value.error_code == "PERMISSION_DENIED"
