"""Statistics of traces, spans and judgements, and what is said of whole sessions."""

import json

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from .test_traces import V3, an_experiment, an_export, exported, found, ids, started

HOUR_MS = 3_600_000
START_MS = 1_795_737_600_000  # 2026-11-27
TWO_HOURS = {
    "time_interval_seconds": 3600,
    "start_time_ms": START_MS,
    "end_time_ms": START_MS + 2 * HOUR_MS - 1,
}
COUNT = [{"aggregation_type": "COUNT"}]


@pytest.fixture
def client(workspace):
    return workspace.client("developer")


@pytest.fixture
def traced(client):
    """Three traces of two sessions, in two hours, and one of another experiment."""
    experiment = an_experiment(client)
    for number, (state, session, tokens) in enumerate(
        [("OK", "a", 10), ("ERROR", "a", 20), ("OK", "b", None)]
    ):
        usage = (
            {} if tokens is None else {"mlflow.trace.tokenUsage": f'{{"input_tokens": {tokens}}}'}
        )
        started(
            client,
            experiment,
            f"tr-{number}",
            state=state,
            request_time=f"2026-11-27T0{number // 2}:00:00Z",
            execution_duration=f"{number + 1}s",
            trace_metadata={"mlflow.trace.session": session, **usage},
            tags={"mlflow.traceName": "chat", "team": "x" if number else "y"},
        )
    started(client, an_experiment(client, "more"), "tr-more")
    return experiment


def told(client, experiment, view, metric, aggregations=COUNT, **more):
    body = {
        "experiment_ids": [experiment],
        "view_type": view,
        "metric_name": metric,
        "aggregations": aggregations,
        **more,
    }
    answer = client.post(f"{V3}/metrics", json=body)
    assert answer.status_code == 200, answer.text
    return [
        (*point["dimensions"].values(), point["values"])
        for point in answer.json().get("data_points", [])
    ]


def test_traces_are_counted_by_dimension_and_by_time(client, traced):
    by_status = told(client, traced, "TRACES", "trace_count", dimensions=["trace_status"])
    assert by_status == [("ERROR", {"COUNT": 1}), ("OK", {"COUNT": 2})]
    assert told(client, traced, "TRACES", "session_count") == [({"COUNT": 2},)]
    assert told(client, traced, "TRACES", "session_count", **TWO_HOURS) == [
        ("2026-11-27T00:00:00+00:00", {"COUNT": 1}),
        ("2026-11-27T01:00:00+00:00", {"COUNT": 1}),
    ]
    named = told(client, traced, "TRACES", "trace_count", dimensions=["trace_name"], **TWO_HOURS)
    assert [(name, values["COUNT"]) for _, name, values in named] == [("chat", 2), ("chat", 1)]
    for text, count in (
        ("trace.status = 'OK'", 2),
        ("trace.tag.team = 'x'", 2),
        ("trace.metadata.`mlflow.trace.session` = 'b'", 1),
        ("trace.metadata.`mlflow.sourceRun` = 'nowhere'", 0),
    ):
        counted = told(client, traced, "TRACES", "trace_count", filters=[text])
        assert counted == [({"COUNT": count},)], text


def test_durations_and_tokens_are_measured(client, traced):
    kinds = [{"aggregation_type": kind} for kind in ("AVG", "MIN", "MAX")]
    kinds += [{"aggregation_type": "PERCENTILE", "percentile_value": p} for p in (0, 50, 75, 100)]
    [(measured,)] = told(client, traced, "TRACES", "latency", kinds)
    assert measured == {
        "AVG": 2000,
        "MIN": 1000,
        "MAX": 3000,
        "P0.0": 1000,
        "P50.0": 2000,
        "P75.0": 2500,
        "P100.0": 3000,
    }
    total = [{"aggregation_type": "SUM"}]
    assert told(client, traced, "TRACES", "input_tokens", total) == [({"SUM": 30},)]
    assert told(client, traced, "TRACES", "output_tokens", total) == []


def test_spans_are_counted_and_cost(client):
    experiment = an_experiment(client)
    export = ExportTraceServiceRequest.FromString(an_export(spans=3))
    for number, span in enumerate(export.resource_spans[0].scope_spans[0].spans):
        for key, value in (
            ("mlflow.spanType", '"LLM"' if number else '"CHAIN"'),
            ("mlflow.llm.model", '"small"'),
            ("mlflow.llm.cost", f'{{"total_cost": {number / 4}}}'),
        ):
            span.attributes.add(key=key).value.string_value = value
    exported(client, experiment, export.SerializeToString())
    counted = told(client, experiment, "SPANS", "span_count", dimensions=["span_type"])
    assert counted == [("CHAIN", {"COUNT": 1}), ("LLM", {"COUNT": 2})]
    chosen = ["span.type = 'LLM'", "span.name = 'step 1'"]
    assert told(client, experiment, "SPANS", "span_count", filters=chosen) == [({"COUNT": 1},)]
    longest = [{"aggregation_type": "MAX"}]
    assert told(client, experiment, "SPANS", "latency", longest) == [({"MAX": 5},)]
    cost, by_model = [{"aggregation_type": "SUM"}], ["span_model_name"]
    summed = told(client, experiment, "SPANS", "total_cost", cost, dimensions=by_model)
    assert summed == [("small", {"SUM": 0.75})]
    later = told(client, experiment, "SPANS", "total_cost", cost, start_time_ms=10**12 + 1)
    assert later == []


def test_judgements_are_counted_and_averaged(client, traced):
    for trace, value in (("tr-0", True), ("tr-1", "no"), ("tr-2", 0.5), ("tr-2", "fine")):
        said = {"assessment_name": "good", "feedback": {"value": value}}
        client.post(f"{V3}/{trace}/assessments", json={"assessment": said})
    by_name = told(
        client, traced, "ASSESSMENTS", "assessment_count", dimensions=["assessment_name"]
    )
    assert by_name == [("good", {"COUNT": 4})]
    average = [{"aggregation_type": "AVG"}]
    only = {"filters": ["assessment.name = 'good'", "assessment.type = 'feedback'"]}
    assert told(client, traced, "ASSESSMENTS", "assessment_value", average, **only) == [
        ({"AVG": 0.5},)
    ]


def test_groups_come_in_pages(client, traced):
    body = {
        "experiment_ids": [traced],
        "view_type": "TRACES",
        "metric_name": "trace_count",
        "aggregations": COUNT,
        "dimensions": ["trace_status"],
        "max_results": 1,
    }
    first = client.post(f"{V3}/metrics", json=body).json()
    token = first["next_page_token"]
    rest = client.post(f"{V3}/metrics", json={**body, "page_token": token}).json()
    pages = [page["data_points"][0]["dimensions"]["trace_status"] for page in (first, rest)]
    assert (pages, "next_page_token" in rest) == (["ERROR", "OK"], False)
    other = {**body, "page_token": token, "dimensions": ["trace_name"]}
    answer = client.post(f"{V3}/metrics", json=other)
    assert (answer.status_code, "Invalid page token" in answer.json()["message"]) == (400, True)


@pytest.mark.parametrize(
    "wrong",
    [
        {"view_type": "RUNS"},
        {"metric_name": "span_count"},
        {"aggregations": []},
        {"aggregations": [{"aggregation_type": "SUM"}]},
        {"aggregations": [{"aggregation_type": "COUNT", "percentile_value": 1}]},
        {"metric_name": "latency", "aggregations": [{"aggregation_type": "PERCENTILE"}]},
        {"dimensions": ["span_name"]},
        {"dimensions": ["trace_name", "trace_name"]},
        {"time_interval_seconds": 60},
        {"time_interval_seconds": 0, "start_time_ms": 0, "end_time_ms": 1},
        {"filters": ["trace.status = 'OK' AND trace.status = 'OK'"]},
        {"filters": ["trace.tag = 'x'"]},
        {"filters": ["trace.status != 'OK'"]},
        {"filters": ["span.name = 'x'"]},
        {"filters": ["metrics.a = 1"]},
        {"max_results": 1001},
    ],
    ids=str,
)
def test_a_question_without_an_answer_is_refused(client, traced, wrong):
    body = {
        "experiment_ids": [traced],
        "view_type": "TRACES",
        "metric_name": "trace_count",
        "aggregations": COUNT,
        **wrong,
    }
    answer = client.post(f"{V3}/metrics", json=body)
    assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")


def test_what_is_said_of_a_session_finds_all_its_traces(client, traced):
    for trace, metadata in (("tr-0", {"mlflow.trace.session": "a"}), ("tr-2", {})):
        said = {"assessment_name": "kind", "feedback": {"value": "yes"}, "metadata": metadata}
        client.post(f"{V3}/{trace}/assessments", json={"assessment": said})
    for text, expected in (
        ("feedback.kind = 'yes'", ["tr-0", "tr-1", "tr-2"]),
        ("feedback.kind = 'no'", []),
        ("feedback.kind IS NULL", []),
        ("feedback.other IS NULL", ["tr-0", "tr-1", "tr-2"]),
    ):
        assert sorted(ids(found(client, traced, filter=text))) == expected, text


def test_an_evaluation_dataset_says_what_its_records_hold(client):
    experiment, home = an_experiment(client), "/api/3.0/mlflow/datasets"
    body = {"name": "q", "experiment_ids": [experiment], "tags": '{"mlflow.user": "Ada"}'}
    made = client.post(f"{home}/create", json=body).json()["dataset"]
    assert made["created_by"] == "Ada"
    assert made["created_time"] == made["last_update_time"]
    assert not {"schema", "experiment_ids"} & set(made)
    path = f"{home}/{made['dataset_id']}"
    for records in (
        [{"inputs": {"q": "x", "k": 1, "on": True}, "outputs": "text"}, {"inputs": {}}],
        [{"inputs": {"q": 7, "tags": []}, "expectations": {"score": 0.5, "more": {}}}],
    ):
        sent = client.post(f"{path}/records", json={"records": json.dumps(records)})
        assert sent.json()["inserted_count"] == len(records)
    assert json.loads(client.get(path).json()["dataset"]["schema"]) == {
        "inputs": {"q": "string", "k": "integer", "on": "boolean", "tags": "array"},
        "outputs": "string",
        "expectations": {"score": "float", "more": "object"},
        "version": "1.0",
    }
    used = client.get(f"{path}/experiment-ids").json()
    assert used == {"experiment_ids": [experiment]}
    for text, count in (
        ("created_by = 'Ada'", 1),
        ("created_by = 'Pat Developer'", 0),
        ("last_updated_by = 'Pat Developer'", 1),
    ):
        asked = {"filter_string": text}
        assert len(client.post(f"{home}/search", json=asked).json().get("datasets", [])) == count
    by_bob = json.dumps([{"inputs": {"q": 8}, "tags": {"mlflow.user": "Bob"}}])
    client.post(f"{path}/records", json={"records": by_bob})
    assert client.get(path).json()["dataset"]["last_updated_by"] == "Bob"
    assert [client.delete(path).status_code for _ in range(2)] == [200, 200]
    assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    "scorer",
    [
        {"instructions_judge_pydantic_data": {"model": ""}},
        {"builtin_scorer_pydantic_data": {"model": 1}},
        {
            "memory_augmented_judge_data": {
                "base_judge": {"third_party_scorer_data": {"model": " "}}
            }
        },
    ],
    ids=str,
)
def test_a_judge_names_its_model(client, scorer):
    body = {"experiment_id": "0", "name": "judge", "serialized_scorer": json.dumps(scorer)}
    refused = client.post("/api/3.0/mlflow/scorers/register", json=body)
    assert (refused.status_code, refused.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    text = body["serialized_scorer"].replace(': ""', ": null").replace('" "', '"m"')
    kept = client.post(
        "/api/3.0/mlflow/scorers/register",
        json={**body, "serialized_scorer": text.replace(": 1}", ': "m"}')},
    )
    assert kept.status_code == 200
