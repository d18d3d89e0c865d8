"""What MLflow's own client does with a server, chapter by chapter, over HTTP.

Nothing is imported but the client, so that the same story is told by the installed release and,
as a program in an environment of its own, by an older one: `python story.py` with
`MLFLOW_TRACKING_URI` and `MLFLOW_TRACKING_TOKEN` set.
"""

import json
import math
import os
import sys
import tempfile
import uuid
from pathlib import Path

import mlflow
from mlflow import MlflowClient
from mlflow.entities import (
    Dataset,
    DatasetInput,
    InputTag,
    LoggedModelInput,
    LoggedModelOutput,
    LoggedModelStatus,
    Metric,
    Param,
    RunTag,
    ViewType,
    WebhookEvent,
    WebhookStatus,
)
from mlflow.entities.trace_metrics import AggregationType, MetricAggregation, MetricViewType
from mlflow.entities.trace_status import TraceStatus
from mlflow.exceptions import MlflowException

MLMODEL = "flavors:\n  python_function:\n    loader_module: mlflow.sklearn\nmlflow_version: 3.0.0\n"


def fresh(word: str) -> str:
    """Give a name nobody has."""
    return f"{word}-{uuid.uuid4().hex[:8]}"


def refused(code: str, call) -> str:
    """Call, expect a refusal with an error code, and give its sentence."""
    refusal: MlflowException | None = None
    try:
        call()
    except MlflowException as error:
        refusal = error
    assert refusal is not None, f"nothing was refused with {code}"
    assert refusal.error_code == code, f"{refusal.error_code}: {refusal}"
    return str(refusal)


def a_run(client: MlflowClient, **more):
    return client.create_run("0", **more)


def parameter_free() -> None:
    """A client that chooses no experiment logs into Default, which answers to id 0."""
    with mlflow.start_run() as run:
        mlflow.log_metric("loss", 0.5)
    assert run.info.experiment_id == "0"
    client = MlflowClient()
    assert client.get_experiment("0").name == "Default"
    assert client.get_run(run.info.run_id).info.status == "FINISHED"


def experiments() -> None:
    client, name = MlflowClient(), fresh("forests")
    made = client.create_experiment(name, tags={"team": "boxes"})
    assert client.get_experiment_by_name(name).experiment_id == made
    refused("RESOURCE_ALREADY_EXISTS", lambda: client.create_experiment(name))
    refused("RESOURCE_DOES_NOT_EXIST", lambda: client.get_experiment("999999"))
    client.rename_experiment(made, f"{name}-2")
    client.set_experiment_tag(made, "stage", "final")
    client.delete_experiment_tag(made, "team")
    by_tag = client.search_experiments(filter_string="tags.stage = 'final'")
    assert {e.experiment_id: e.tags for e in by_tag}[made] == {"stage": "final"}
    at = client.get_experiment(made).creation_time
    same = client.search_experiments(filter_string=f"creation_time = {at}", max_results=1000)
    assert made in {e.experiment_id for e in same}
    client.delete_experiment(made)
    assert client.get_experiment(made).lifecycle_stage == "deleted"
    gone = client.search_experiments(view_type=ViewType.DELETED_ONLY, max_results=1000)
    assert made in {e.experiment_id for e in gone}
    client.restore_experiment(made)
    page = client.search_experiments(max_results=1)
    rest = client.search_experiments(max_results=1, page_token=page.token)
    assert page[0].experiment_id != rest[0].experiment_id


def runs() -> None:
    client = MlflowClient()
    run = a_run(client, run_name="first", tags={"kind": "test"}, start_time=5)
    run_id = run.info.run_id
    assert (run.info.start_time, run.data.tags["kind"]) == (5, "test")
    client.set_tag(run_id, "note", "x")
    client.delete_tag(run_id, "note")
    assert "No tag" in refused("RESOURCE_DOES_NOT_EXIST", lambda: client.delete_tag(run_id, "note"))
    client.update_run(run_id, name="second")
    client.set_terminated(run_id, "FAILED", end_time=9)
    info = client.get_run(run_id).info
    assert (info.run_name, info.status, info.end_time) == ("second", "FAILED", 9)
    child = a_run(client, tags={"mlflow.parentRunId": run_id})
    assert client.get_parent_run(child.info.run_id).info.run_id == run_id
    client.delete_run(run_id)
    assert client.get_run(run_id).info.lifecycle_stage == "deleted"
    refused("INVALID_PARAMETER_VALUE", lambda: client.log_metric(run_id, "loss", 1))
    client.restore_run(run_id)
    refused("RESOURCE_DOES_NOT_EXIST", lambda: client.get_run(uuid.uuid4().hex))


def logging() -> None:
    client = MlflowClient()
    run_id = a_run(client).info.run_id
    client.log_param(run_id, "depth", 3)
    client.log_param(run_id, "depth", 3)
    refused("INVALID_PARAMETER_VALUE", lambda: client.log_param(run_id, "depth", 4))
    values = (1.0, math.nan, math.inf, -math.inf, 0.25)
    points = [Metric("loss", value, step, step) for step, value in enumerate(values)]
    client.log_batch(run_id, points, [Param("rate", "0.1")], [RunTag("colour", "blue")])
    client.log_metric(run_id, "loss", 0.125, timestamp=7, step=2)  # late: the latest stays
    run = client.get_run(run_id)
    assert run.data.params == {"depth": "3", "rate": "0.1"}
    assert (run.data.metrics["loss"], run.data.tags["colour"]) == (0.25, "blue")
    history = [(m.step, m.value) for m in client.get_metric_history(run_id, "loss")]
    assert history[0] == (0, 1.0)
    assert math.isnan(history[1][1])
    assert (2, 1.7976931348623157e308) in history
    assert (3, -1.7976931348623157e308) in history
    too_many = [Metric(f"m{n}", 1.0, 0, 0) for n in range(1001)]
    refused(
        "INVALID_PARAMETER_VALUE",
        lambda: client._tracking_client.store.log_batch(run_id, too_many, [], []),
    )
    long = [Metric("long", float(n), n, n) for n in range(2500)]
    client.log_batch(run_id, long)
    assert len(client.get_metric_history(run_id, "long")) == 2500


def search() -> None:
    client = MlflowClient()
    experiment = client.create_experiment(fresh("search"))
    for loss, depth in ((0.3, "4"), (0.1, "8"), (math.nan, "8")):
        run = client.create_run(experiment, run_name=f"depth {depth}", tags={"team": "boxes"})
        client.log_metric(run.info.run_id, "loss", loss)
        client.log_param(run.info.run_id, "max depth", depth)
    client.create_run(experiment, run_name="bare")

    def names(text: str) -> list[str]:
        found = client.search_runs([experiment], text, order_by=["metrics.loss ASC"])
        return [run.info.run_name for run in found]

    assert names("") == ["depth 8", "depth 4", "depth 8", "bare"]
    assert names("params.`max depth` = '8' AND metrics.loss < 1") == ["depth 8"]
    assert names("tags.team != 'boxes'") == []
    assert names("tags.team IS NULL") == ["bare"]
    assert names("attributes.run_name ILIKE 'DEPTH 4'") == ["depth 4"]
    refused("INVALID_PARAMETER_VALUE", lambda: names("metrics.loss > 'high'"))
    refused("INVALID_PARAMETER_VALUE", lambda: names("nonsense"))
    refused("INVALID_PARAMETER_VALUE", lambda: client.search_runs([experiment], max_results=50_001))
    seen, token = [], None
    while True:
        page = client.search_runs([experiment], max_results=3, page_token=token)
        seen += [run.info.run_id for run in page]
        token = page.token
        if not token:
            break
    assert len(seen) == len(set(seen)) == 4


def inputs() -> None:
    client = MlflowClient()
    experiment = client.create_experiment(fresh("inputs"))
    run_id = client.create_run(experiment).info.run_id
    rows = Dataset(name="rows", digest="d1", source_type="local", source="{}")
    model = client.create_logged_model(experiment, name="m")
    client.log_inputs(
        run_id,
        [DatasetInput(rows, [InputTag("mlflow.data.context", "training")])],
        [LoggedModelInput(model.model_id)],
    )
    client.log_outputs(run_id, [LoggedModelOutput(model.model_id, 3)])
    run = client.get_run(run_id)
    assert run.inputs.dataset_inputs[0].dataset.digest == "d1"
    assert run.inputs.model_inputs[0].model_id == model.model_id
    assert run.outputs.model_outputs[0].step == 3


def artifacts() -> None:
    client = MlflowClient()
    run_id = a_run(client).info.run_id
    client.log_text(run_id, "naïve", "notes/größe 1.txt")
    client.log_dict(run_id, {"a": [1, 2]}, "config.json")
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "empty.txt").write_bytes(b"")
        client.log_artifacts(run_id, folder, "notes")
        listed = {file.path: file.file_size for file in client.list_artifacts(run_id, "notes")}
        assert listed == {"notes/empty.txt": 0, "notes/größe 1.txt": 6}
        local = client.download_artifacts(run_id, "notes", folder)
        assert (Path(local) / "größe 1.txt").read_text() == "naïve"
    assert mlflow.artifacts.load_dict(f"runs:/{run_id}/config.json") == {"a": [1, 2]}
    run = client.get_run(run_id)
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    get_artifact_repository(run.info.artifact_uri).delete_artifacts("config.json")
    assert [file.path for file in client.list_artifacts(run_id)] == ["notes"]


def logged_models() -> None:
    client = MlflowClient()
    experiment = client.create_experiment(fresh("models"))
    model = client.create_logged_model(
        experiment, name="tree", tags={"a": "b"}, params={"depth": "3"}, model_type="sk"
    )
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "MLmodel").write_text(MLMODEL)
        client.log_model_artifacts(model.model_id, folder)
    ready = client.finalize_logged_model(model.model_id, LoggedModelStatus.READY)
    assert (ready.status, ready.params, ready.tags["a"]) == ("READY", {"depth": "3"}, "b")
    assert [f.path for f in client.list_logged_model_artifacts(model.model_id)] == ["MLmodel"]
    client.set_logged_model_tags(model.model_id, {"c": "d"})
    client.delete_logged_model_tag(model.model_id, "a")
    client.log_model_params(model.model_id, {"rate": "1"})
    run_id = client.create_run(experiment).info.run_id
    client.log_metric(
        run_id, "f1", 0.5, model_id=model.model_id, dataset_name="rows", dataset_digest="1"
    )
    found = client.get_logged_model(model.model_id)
    assert found.metrics[0].value == 0.5
    assert "a" not in found.tags
    by_metric = client.search_logged_models(
        [experiment],
        "metrics.f1 > 0.1",
        datasets=[{"dataset_name": "rows"}],
        order_by=[{"field_name": "metrics.f1", "ascending": False}],
    )
    assert [m.model_id for m in by_metric] == [model.model_id]
    other = client.create_logged_model(experiment, name="other")
    for rows, value in (("rows", 0.9), ("columns", 0.1)):
        client.log_metric(
            run_id, "f1", value, model_id=other.model_id, dataset_name=rows, dataset_digest="1"
        )
    for rows, last in (("rows", other), ("columns", model)):
        order = [{"field_name": "metrics.f1", "dataset_name": rows, "dataset_digest": "1"}]
        found = client.search_logged_models([experiment], order_by=order)
        assert found[-1].model_id == last.model_id
    client.delete_logged_model(model.model_id)
    refused("RESOURCE_DOES_NOT_EXIST", lambda: client.get_logged_model(model.model_id))


def a_version(client: MlflowClient, name: str):
    run_id = a_run(client).info.run_id
    client.log_text(run_id, MLMODEL, "model/MLmodel")
    return client.create_model_version(name, f"runs:/{run_id}/model", run_id)


def registry() -> None:
    client, name = MlflowClient(), fresh("churn")
    client.create_registered_model(name, {"team": "risk"}, "Who leaves")
    refused("RESOURCE_ALREADY_EXISTS", lambda: client.create_registered_model(name))
    first, second = a_version(client, name), a_version(client, name)
    assert (first.version, second.version) in {("1", "2"), (1, 2)}
    client.update_model_version(name, "1", "the first")
    client.set_model_version_tag(name, "1", "seen", "yes")
    client.delete_model_version_tag(name, "1", "seen")
    assert client.get_model_version(name, "1").description == "the first"
    client.set_registered_model_tag(name, "a", "b")
    client.delete_registered_model_tag(name, "a")
    client.update_registered_model(name, "changed")
    client.set_registered_model_alias(name, "champion", "2")
    assert str(client.get_model_version_by_alias(name, "champion").version) == "2"
    client.delete_registered_model_alias(name, "champion")
    client.transition_model_version_stage(name, "2", "Production")
    latest = client.get_latest_versions(name)
    assert {v.current_stage for v in latest} == {"None", "Production"}
    assert client.get_model_version_download_uri(name, "1").startswith("mlflow-artifacts:/")
    assert [m.name for m in client.search_registered_models(f"name = '{name}'")] == [name]
    assert len(client.search_model_versions(f"name = '{name}'", max_results=1)) == 1
    copied = client.copy_model_version(f"models:/{name}/1", fresh("copy"))
    assert str(copied.version) == "1"
    renamed = f"{name}-2"
    client.rename_registered_model(name, renamed)
    client.delete_model_version(renamed, "1")
    refused("RESOURCE_DOES_NOT_EXIST", lambda: client.get_model_version(renamed, "1"))
    client.delete_registered_model(renamed)
    refused("RESOURCE_DOES_NOT_EXIST", lambda: client.get_registered_model(renamed))


def webhooks() -> None:
    client = MlflowClient()
    made = client.create_webhook(
        name="hook",
        url="https://hooks.example.com/in",
        events=[WebhookEvent.from_str("model_version.created")],
        secret="whisper",
    )
    assert client.get_webhook(made.webhook_id).url == "https://hooks.example.com/in"
    client.update_webhook(made.webhook_id, description="new", status=WebhookStatus.DISABLED)
    [found] = client.list_webhooks()
    assert (found.description, found.status) == ("new", WebhookStatus.DISABLED)
    assert client.test_webhook(made.webhook_id).success is False  # there is no such host
    client.delete_webhook(made.webhook_id)
    refused("RESOURCE_DOES_NOT_EXIST", lambda: client.get_webhook(made.webhook_id))


def prompts() -> None:
    client, name = MlflowClient(), fresh("greeting")
    first = client.register_prompt(name, "Hello {{name}}", commit_message="one", tags={"a": "b"})
    assert first.version == 1
    client.register_prompt(name, [{"role": "user", "content": "Hi {{name}}"}])
    assert client.load_prompt(name, version=1).format(name="Ada") == "Hello Ada"
    client.set_prompt_alias(name, "live", 2)
    assert client.load_prompt(f"prompts:/{name}@live").version == 2
    assert name in {prompt.name for prompt in client.search_prompts(f"name = '{name}'")}
    assert name not in {model.name for model in client.search_registered_models()}
    assert len(client.search_prompt_versions(name)) in {0, 2}
    client.set_prompt_tag(name, "team", "x")
    client.delete_prompt_tag(name, "team")
    client.set_prompt_version_tag(name, 1, "k", "v")
    assert client.get_prompt_version(name, 1).tags["k"] == "v"
    client.delete_prompt_version_tag(name, 1, "k")
    client.delete_prompt_alias(name, "live")
    client.delete_prompt_version(name, "2")
    refused("RESOURCE_DOES_NOT_EXIST", lambda: client.get_prompt_version(name, 2))
    client.delete_prompt(name)


def traces() -> None:
    client = MlflowClient()
    experiment = client.create_experiment(fresh("traces"))
    mlflow.set_experiment(experiment_id=experiment)

    @mlflow.trace
    def double(number: int) -> int:
        with mlflow.start_span("inner") as span:
            span.set_inputs({"number": number})
        return 2 * number

    assert double(21) == 42
    trace_id = mlflow.get_last_active_trace_id()
    mlflow.flush_trace_async_logging()
    trace = client.get_trace(trace_id)
    assert [span.name for span in trace.data.spans] == ["double", "inner"]
    assert (trace.info.state, trace.data.spans[0].outputs) == ("OK", 42)
    client.set_trace_tag(trace_id, "team", "x")
    found = client.search_traces(locations=[experiment], filter_string="tags.team = 'x'")
    assert [t.info.trace_id for t in found] == [trace_id]
    client.delete_trace_tag(trace_id, "team")
    said = mlflow.log_feedback(trace_id=trace_id, name="good", value=True, rationale="yes")
    mlflow.log_expectation(trace_id=trace_id, name="answer", value=42)
    changed = mlflow.entities.Feedback(name="good", value=False)
    mlflow.update_assessment(trace_id, said.assessment_id, changed)
    assert mlflow.get_assessment(trace_id, said.assessment_id).value is False
    mlflow.delete_assessment(trace_id, said.assessment_id)
    names = [a.name for a in client.get_trace(trace_id).info.assessments]
    assert names == ["answer"]
    run_id = client.create_run(experiment).info.run_id
    client.link_traces_to_run([trace_id], run_id)
    assert len(client.search_traces(locations=[experiment], run_id=run_id)) == 1
    assert client.delete_traces(experiment, trace_ids=[trace_id]) == 1
    refused("RESOURCE_DOES_NOT_EXIST", lambda: client._tracing_client.get_trace_info(trace_id))
    mlflow.tracking.fluent._active_experiment_id = None


def issues_of_traces() -> None:
    client = MlflowClient()
    experiment = client.create_experiment(fresh("issues"))
    store = client._tracking_client.store
    issue = store.create_issue(experiment, "slow", "Slower than others", created_by="judge")
    assert store.get_issue(issue.issue_id).status == "pending"
    store.update_issue(issue.issue_id, status=type(issue.status)("resolved"))
    trace_id = store.deprecated_start_trace_v2(experiment, 1000, {"a": "b"}, {}).request_id
    assert store.deprecated_end_trace_v2(trace_id, 3000, TraceStatus.OK, {}, {}).status == "OK"
    store.link_prompts_to_trace(trace_id, [])
    mlflow.log_issue(trace_id=trace_id, issue_id=issue.issue_id)
    [found] = store.search_issues(experiment, "status = 'resolved'", include_trace_count=True)
    assert (found.name, found.trace_count) == ("slow", 1)
    assert client.search_traces(locations=[experiment], filter_string="trace.text LIKE '%x%'") == []
    told = client._tracing_client.calculate_trace_filter_correlation(
        experiment_ids=[experiment], filter_string1="status = 'OK'", filter_string2="name = 'x'"
    )
    assert (told.total_count, told.filter1_count, math.isnan(told.npmi)) == (1, 1, True)
    [counted] = store.query_trace_metrics(
        experiment_ids=[experiment],
        view_type=MetricViewType.TRACES,
        metric_name="trace_count",
        aggregations=[MetricAggregation(AggregationType.COUNT)],
        dimensions=["trace_status"],
    )
    assert (counted.dimensions, counted.values) == ({"trace_status": "OK"}, {"COUNT": 1})
    run_id = client.create_run(experiment).info.run_id
    client.link_traces_to_run([f"tr-{uuid.uuid4().hex}"], run_id)  # its spans are on the way


def scorers() -> None:
    client = MlflowClient()
    experiment = client.create_experiment(fresh("scorers"))
    store = client._tracking_client.store
    versions = [store.register_scorer(experiment, "judge", "{}").scorer_version for _ in "ab"]
    assert versions == [1, 2]
    assert [s.scorer_version for s in store.list_scorers(experiment)] == [2]
    assert len(store.list_scorer_versions(experiment, "judge")) == 2
    store.delete_scorer(experiment, "judge", version=2)
    assert store.get_scorer(experiment, "judge").scorer_version == 1
    store.delete_scorer(experiment, "judge")
    refused("RESOURCE_DOES_NOT_EXIST", lambda: store.get_scorer(experiment, "judge"))


def datasets() -> None:
    client, name = MlflowClient(), fresh("questions")
    first, second = (client.create_experiment(fresh("eval")) for _ in range(2))
    made = client.create_dataset(name, experiment_id=first, tags={"team": "x", "old": "y"})
    rows = [{"inputs": {"q": q}, "expectations": {"a": q}, "tags": {"n": q}} for q in "abc"]
    made.merge_records(rows)
    made.merge_records([{"inputs": {"q": "a"}, "expectations": {"b": "more"}}])
    found = client.get_dataset(made.dataset_id)
    assert [r.inputs["q"] for r in found.records] == ["a", "b", "c"] or len(found.records) == 3
    complete = next(r for r in found.records if r.inputs == {"q": "a"})
    assert complete.expectations == {"a": "a", "b": "more"}
    assert found.delete_records([complete.dataset_record_id]) == 1
    client.set_dataset_tags(made.dataset_id, {"team": "z", "old": None})
    assert client.get_dataset(made.dataset_id).tags["old"] == "y"
    client.delete_dataset_tag(made.dataset_id, "old")
    tags = client.get_dataset(made.dataset_id).tags
    assert (tags["team"], "old" in tags) == ("z", False)
    listed = client.search_datasets(experiment_ids=[first], filter_string="tags.team = 'z'")
    assert [d.dataset_id for d in listed] == [made.dataset_id]
    client.add_dataset_to_experiments(made.dataset_id, [second])
    assert sorted(client.get_dataset(made.dataset_id).experiment_ids) == sorted([first, second])
    left = client.remove_dataset_from_experiments(made.dataset_id, [first])
    assert left.experiment_ids == [second]
    client.delete_dataset(made.dataset_id)
    refused("RESOURCE_DOES_NOT_EXIST", lambda: client.get_dataset(made.dataset_id))


def workspaces() -> None:
    client = MlflowClient()
    [mine] = client.list_workspaces()
    assert client.get_workspace(mine.name).name == mine.name
    changed = client.update_workspace(mine.name, description="The story's")
    assert changed.description == "The story's"
    made = client.create_workspace(fresh("team"), description="Another")
    assert made.description == "Another"
    refused("RESOURCE_ALREADY_EXISTS", lambda: client.create_workspace(made.name))
    refused("RESOURCE_DOES_NOT_EXIST", lambda: client.get_workspace(made.name))  # another token's
    refused("RESOURCE_DOES_NOT_EXIST", lambda: client.delete_workspace(made.name))
    client.create_experiment(fresh("kept"))
    refused("RESOURCE_CONFLICT", lambda: client.delete_workspace(mine.name))
    refused(
        "INVALID_PARAMETER_VALUE", lambda: client.delete_workspace(mine.name, mode="SET_DEFAULT")
    )
    try:
        mlflow.set_workspace(mine.name)
        assert client.get_experiment("0").name == "Default"
        mlflow.set_workspace(made.name)
        refused("INVALID_PARAMETER_VALUE", lambda: client.get_experiment("0"))
    finally:
        mlflow.set_workspace(None)


CHAPTERS = [
    parameter_free,
    experiments,
    runs,
    logging,
    search,
    inputs,
    artifacts,
    logged_models,
    registry,
    webhooks,
    prompts,
    traces,
    issues_of_traces,
    scorers,
    datasets,
    workspaces,
]


def main() -> int:
    """Tell the whole story; print what each chapter came to as JSON."""
    os.environ["MLFLOW_ENABLE_ASYNC_TRACE_LOGGING"] = "false"
    told: dict[str, str] = {}
    for chapter in CHAPTERS:
        try:
            chapter()
        except Exception as error:  # the next chapters are worth hearing too
            told[chapter.__name__] = f"{type(error).__name__}: {error}"
        else:
            told[chapter.__name__] = "ok"
    print(json.dumps({"version": mlflow.__version__, "chapters": told}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
