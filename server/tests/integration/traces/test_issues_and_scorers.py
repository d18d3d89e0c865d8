"""Issues of traces, scorers, and MLflow's second protocol of traces, on both databases."""

import json

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from .test_traces import V2, V3, an_experiment, an_export, exported, found, ids, started

ISSUES = "/api/3.0/mlflow/issues"
SCORERS = "/api/3.0/mlflow/scorers"


@pytest.fixture
def client(workspace):
    return workspace.client("developer")


def noted(client, experiment, **more):
    body = {"experiment_id": experiment, "name": "slow", "description": "Slower than others"}
    return client.post(ISSUES, json={**body, **more})


def names(client, **more):
    answer = client.post(f"{ISSUES}/search", json=more)
    assert answer.status_code == 200, answer.text
    return [issue["name"] for issue in answer.json().get("issues", [])]


def test_an_issue_is_noted_changed_and_found(client):
    one, two = an_experiment(client), an_experiment(client, "more")
    made = noted(client, one, severity="low", root_causes=["network"], created_by="judge")
    issue = made.json()["issue"]
    assert (issue["status"], issue["root_causes"], issue["created_by"]) == (
        "pending",
        ["network"],
        "judge",
    )
    noted(client, one, name="wrong", severity="high", status="resolved")
    noted(client, two, name="elsewhere")
    assert names(client, experiment_id=one) == ["wrong", "slow"]
    assert names(client, filter_string="status = 'resolved'") == ["wrong"]
    assert names(client, experiment_id="nowhere") == []
    page = client.post(f"{ISSUES}/search", json={"max_results": 2}).json()
    rest = names(client, max_results=2, page_token=page["next_page_token"])
    assert [found["name"] for found in page["issues"]] + rest == ["wrong", "slow", "elsewhere"]
    address = f"{ISSUES}/{issue['issue_id']}"
    changed = client.patch(address, json={"status": "rejected", "severity": "medium"})
    assert changed.json()["issue"]["status"] == "rejected"
    kept = client.get(address).json()["issue"]
    assert (kept["name"], kept["severity"]) == ("slow", "medium")


def test_traces_refer_to_issues_that_are_there(client):
    experiment = an_experiment(client)
    issue_id = noted(client, experiment).json()["issue"]["issue_id"]
    started(client, experiment, "tr-a")
    said = {"assessment_name": issue_id, "issue": {"issue_name": "slow"}}
    assert client.post(f"{V3}/tr-a/assessments", json={"assessment": said}).status_code == 200
    counted = client.post(f"{ISSUES}/search", json={"include_trace_count": True}).json()
    assert [issue["trace_count"] for issue in counted["issues"]] == [1]
    gone = {"assessment": {**said, "assessment_name": "iss-nowhere"}}
    assert client.post(f"{V3}/tr-a/assessments", json=gone).status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "x" * 251},
        {"description": ""},
        {"status": "open"},
        {"severity": "worst"},
        {"root_causes": "network"},
        {"root_causes": ["x"] * 101},
        {"name": "a\0b"},
    ],
    ids=str,
)
def test_a_malformed_issue_is_refused(client, wrong):
    refused = noted(client, an_experiment(client), **wrong)
    assert (refused.status_code, refused.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    assert names(client) == []


def test_issues_are_not_found_by_what_they_have_not_got(client):
    for text in ("nonsense", "name = 'slow'", "status LIKE 'p%'"):
        answer = client.post(f"{ISSUES}/search", json={"filter_string": text})
        assert answer.json()["error_code"] == "INVALID_PARAMETER_VALUE"
    assert client.post(f"{ISSUES}/search", json={"max_results": 1001}).status_code == 400
    assert noted(client, "999").status_code == 404
    assert noted(client, an_experiment(client), source_run_id="nowhere").status_code == 404


def test_scorers_count_their_versions(client):
    experiment = an_experiment(client)
    named = {"experiment_id": experiment, "name": "judge"}
    first, second = (
        client.post(f"{SCORERS}/register", json={**named, "serialized_scorer": text}).json()
        for text in ('{"a": 1}', '{"a": 2}')
    )
    assert (first["version"], second["version"]) == (1, 2)
    assert first["scorer_id"] == second["scorer_id"]
    for query in ({"experiment_id": experiment}, {"experiment_ids": [experiment]}, {}):
        listed = client.get(f"{SCORERS}/list", params=query).json()["scorers"]
        assert [(s["scorer_name"], s["scorer_version"]) for s in listed] == [("judge", 2)]
    listed = client.get(f"{SCORERS}/versions", params=named).json()["scorers"]
    assert [s["scorer_version"] for s in listed] == [1, 2]
    got = client.get(f"{SCORERS}/get", params={**named, "version": 1}).json()["scorer"]
    assert got["serialized_scorer"] == '{"a": 1}'
    gone = client.request("DELETE", f"{SCORERS}/delete", json={**named, "version": 1})
    assert gone.status_code == 200
    assert client.get(f"{SCORERS}/get", params={**named, "version": 1}).status_code == 404
    assert client.delete(f"{SCORERS}/delete", params=named).status_code == 200
    assert client.get(f"{SCORERS}/versions", params=named).status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [{"name": " "}, {"name": "x" * 251}, {"serialized_scorer": "no"}, {"serialized_scorer": "[]"}],
    ids=str,
)
def test_a_malformed_scorer_is_refused(client, wrong):
    body = {"experiment_id": "0", "name": "judge", "serialized_scorer": "{}", **wrong}
    refused = client.post(f"{SCORERS}/register", json=body)
    assert (refused.status_code, refused.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")


def test_clients_before_mlflow_3_log_traces(client):
    experiment = an_experiment(client)
    body = {
        "experiment_id": experiment,
        "timestamp_ms": 1000,
        "request_metadata": [{"key": "a", "value": "b"}],
        "tags": [{"key": "t", "value": "1"}],
    }
    begun = client.post(f"{V2}/traces", json=body).json()["trace_info"]
    assert (begun["status"], begun["execution_time_ms"]) == ("IN_PROGRESS", 0)
    address = f"{V2}/traces/{begun['request_id']}"
    body = {"timestamp_ms": 3000, "status": "OK", "tags": [{"key": "t", "value": "2"}]}
    ended = client.patch(address, json=body).json()["trace_info"]
    assert (ended["status"], ended["execution_time_ms"]) == ("OK", 2000)
    assert {"key": "t", "value": "2"} in ended["tags"]
    assert client.get(f"{address}/info").json()["trace_info"] == ended
    listed = client.get(f"{V2}/traces", params={"experiment_ids": experiment}).json()["traces"]
    assert listed == [ended]
    late = client.post(f"{V2}/traces", json={"experiment_id": experiment, "timestamp_ms": 10**18})
    assert late.status_code == 400


def test_a_trace_says_which_prompts_it_used(client):
    started(client, an_experiment(client), "tr-a")
    for version in ("1", "2", "1"):
        prompts = [{"name": "greeting", "version": version}]
        body = {"trace_id": "tr-a", "prompt_versions": prompts}
        assert client.post(f"{V2}/traces/link-prompts", json=body).status_code == 200
    tags = client.get(f"{V3}/tr-a").json()["trace"]["trace_info"]["tags"]
    assert [p["version"] for p in json.loads(tags["mlflow.linkedPrompts"])] == ["1", "2"]


def test_traces_are_found_by_what_their_spans_say(client):
    experiment = an_experiment(client)
    exported(client, experiment, an_export(b"\x01" * 16, 1))
    exported(client, experiment, an_export(b"\x02" * 16, 2))
    both = ids(found(client, experiment, filter="trace.text LIKE '%step 0%'"))
    assert len(both) == 2
    assert ids(found(client, experiment, filter="trace.text LIKE '%step 1%'")) == [
        f"tr-{'02' * 16}"
    ]
    assert ids(found(client, experiment, filter="trace.text LIKE '%STEP 1%'")) == []
    assert len(ids(found(client, experiment, filter="trace.text ILIKE '%STEP 1%'"))) == 1
    assert found(client, experiment, filter="trace.text = 'step'").status_code == 400
    said = ExportTraceServiceRequest.FromString(an_export(b"\x03" * 16, 1))
    attribute = said.resource_spans[0].scope_spans[0].spans[0].attributes.add(key="city")
    attribute.value.string_value = "Bonn"
    exported(client, experiment, said.SerializeToString())
    third = [f"tr-{'03' * 16}"]
    assert ids(found(client, experiment, filter="trace.text LIKE '%Bonn%'")) == third
    assert ids(found(client, experiment, filter='span.content LIKE \'%"city": "Bonn"%\'')) == third
    assert ids(found(client, experiment, filter="trace.text LIKE '%string_value%'")) == []


@pytest.fixture
def judged(client):
    """Two traces with spans, judged, one with a prompt."""
    experiment = an_experiment(client)
    exported(client, experiment, an_export(b"\x01" * 16, 1))
    exported(client, experiment, an_export(b"\x02" * 16, 2))
    one, two = (f"tr-{part * 16}" for part in ("01", "02"))
    for trace_id, said in (
        (one, {"assessment_name": "good", "feedback": {"value": True}}),
        (two, {"assessment_name": "good", "feedback": {"value": 3}}),
        (two, {"assessment_name": "answer", "expectation": {"value": {"a": 1}}}),
    ):
        client.post(f"{V3}/{trace_id}/assessments", json={"assessment": said})
    prompts = [{"name": "greeting", "version": "1"}]
    client.post(f"{V2}/traces/link-prompts", json={"trace_id": two, "prompt_versions": prompts})
    return experiment


@pytest.mark.parametrize(
    ("text", "traces"),
    [
        ("span.name = 'step 1'", ["02"]),
        ("span.name LIKE 'step%'", ["01", "02"]),
        ("span.name != 'step 0'", ["02"]),
        ("span.name RLIKE '^step [1-9]$'", ["02"]),
        ("span.status = 'UNSET'", ["01", "02"]),
        ("span.name = 'step 0' AND span.name LIKE '%1'", []),  # one span satisfies both
        ("span.type = 'LLM'", []),
        ("feedback.good = 'true'", ["01"]),
        ("feedback.good > 2", ["02"]),
        ("feedback.good IS NOT NULL AND expectation.answer IS NULL", ["01"]),
        ("expectation.answer LIKE '%1%'", ["02"]),
        ('prompt = "greeting/1"', ["02"]),
        ("run_id = 'nowhere'", []),
        ("trace.end_time_ms >= 1", ["01", "02"]),
        ("issue.id = 'iss-1'", []),
    ],
)
def test_traces_are_found_by_what_happened_and_what_was_said(client, judged, text, traces):
    assert sorted(ids(found(client, judged, filter=text))) == [f"tr-{p * 16}" for p in traces]


@pytest.mark.parametrize(
    "text",
    [
        "span.duration = '1'",
        "span.content = 'x'",
        "span.name > 'a'",
        "span.name RLIKE '['",
        "issue.name = 'x'",
        "issue.id LIKE 'x'",
        'prompt LIKE "greeting"',
        'prompt = "greeting"',
        "trace.status < 'OK'",
        "feedback = 'x'",
        "foo.bar = 'baz'",
        "invalid",
    ],
)
def test_a_filter_that_traces_cannot_satisfy_is_refused(client, judged, text):
    answer = found(client, judged, filter=text)
    assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")


def test_how_far_two_filters_go_together(client, judged):
    body = {
        "experiment_ids": [judged],
        "filter_string1": "span.name = 'step 1'",
        "filter_string2": "feedback.good > 2",
    }
    address = f"{V3}/calculate-filter-correlation"
    told = client.post(address, json=body).json()
    counts = {key: told[key] for key in told if key.endswith("count")}
    assert counts == {
        "total_count": 2,
        "filter1_count": 1,
        "filter2_count": 1,
        "joint_count": 1,
    }
    assert told["npmi"] == 1.0
    assert 0 < told["npmi_smoothed"] < 1
    nothing = client.post(address, json={**body, "filter_string1": "span.name = 'x'"}).json()
    assert (nothing["npmi"], nothing["filter1_count"]) == ("NaN", 0)
    assert client.post(address, json={**body, "filter_string2": ""}).status_code == 400


def test_what_is_said_while_a_trace_is_logged_is_kept_once(client):
    experiment = an_experiment(client)
    said = [{"assessment_name": "good", "feedback": {"value": True}, "metadata": {"a": "b"}}]
    for _ in range(2):
        assert started(client, experiment, "tr-a", assessments=said).status_code == 200
    [kept] = client.get(f"{V3}/tr-a").json()["trace"]["trace_info"]["assessments"]
    change = {"assessment": {"metadata": {"c": "d"}}, "update_mask": "metadata"}
    changed = client.patch(f"{V3}/tr-a/assessments/{kept['assessment_id']}", json=change)
    assert changed.json()["assessment"]["metadata"] == {"a": "b", "c": "d"}
    assert started(client, experiment, "tr-b", assessments={"a": 1}).status_code == 400


def test_a_record_that_comes_twice_in_a_batch_completes_itself(client):
    made = client.post("/api/3.0/mlflow/datasets/create", json={"name": "questions"}).json()
    assert "profile" not in made["dataset"]
    path = f"/api/3.0/mlflow/datasets/{made['dataset']['dataset_id']}"
    sent = [{"inputs": {"q": 1}, "expectations": {key: 1}} for key in "ab"]
    told = client.post(f"{path}/records", json={"records": json.dumps(sent)}).json()
    assert (told["inserted_count"], told["updated_count"]) == (1, 1)
    (kept,) = json.loads(client.get(f"{path}/records").json()["records"])
    assert kept["expectations"] == {"a": 1, "b": 1}
    assert json.loads(client.get(path).json()["dataset"]["profile"]) == {"num_records": 1}
