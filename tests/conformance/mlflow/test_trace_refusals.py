"""The same classes of fault on what belongs to traces: trace, span, issue, scorer, dataset.

Of MLflow's server it was told that traces could be read and changed by anybody who knew an id, that
the id of a trace and the experiment in the same request were not compared, that one prefix of an
address was not watched, and that a tag said which file is read.
"""

import json
from dataclasses import dataclass

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from starlette.testclient import TestClient

V2, V3 = "/api/2.0/mlflow", "/api/3.0/mlflow"
PREFIXES = [
    f"{root}/{version}/mlflow" for root in ("/api", "/ajax-api") for version in ("2.0", "3.0")
]
LOCATION_TAGS = ("mlflow.artifactLocation", "mlflow.trace.spansLocation")
CLIMBING = [
    "..",
    "../../etc/passwd",
    "/etc/passwd",
    "file:///etc/passwd",
    "a\\..\\b",
    "%2e%2e",
    "\0",
]


@dataclass
class Team:
    """A workspace with something of every kind that belongs to traces."""

    http: TestClient
    experiment: str
    run: str
    trace: str
    issue: str
    dataset: str
    record: str
    assessment: str


def log_trace(http, experiment, trace, **more):
    location = {"mlflow_experiment": {"experiment_id": experiment}}
    info = {"trace_id": trace, "trace_location": location, "state": "OK", **more}
    return http.post(f"{V3}/traces", json={"trace": {"trace_info": info}})


def export(http, experiment, name, number=1):
    said = ExportTraceServiceRequest()
    span = (
        said.resource_spans.add()
        .scope_spans.add()
        .spans.add(trace_id=b"\x01" * 16, span_id=number.to_bytes(8, "big"), name="step")
    )
    span.attributes.add(key="mlflow.traceRequestId").value.string_value = json.dumps(name)
    headers = {"x-mlflow-experiment-id": experiment, "Content-Type": "application/x-protobuf"}
    return http.post("/v1/traces", content=said.SerializeToString(), headers=headers)


def a_team(http, name, experiments):
    """Make something of every kind, and so many experiments that the last number is one's own."""

    def made(path, **body):
        answer = http.post(path, json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    for number in range(experiments):
        experiment = made(f"{V2}/experiments/create", name=f"e{number}")["experiment_id"]
    run = made(f"{V2}/runs/create", experiment_id=experiment, start_time=1)["run"]["info"]["run_id"]
    log_trace(http, experiment, name)
    export(http, experiment, name)
    issue = made(f"{V3}/issues", experiment_id=experiment, name="slow", description="it is")
    scorer = {"experiment_id": experiment, "name": "judge", "serialized_scorer": "{}"}
    made(f"{V3}/scorers/register", **scorer)
    dataset = made(f"{V3}/datasets/create", name="q", experiment_ids=[experiment])["dataset"]
    path = f"{V3}/datasets/{dataset['dataset_id']}/records"
    made(path, records='[{"inputs": {"q": 1}}]')
    [record] = json.loads(http.get(path).json()["records"])
    said = {"assessment_name": "good", "feedback": {"value": True}}
    assessment = made(f"{V3}/traces/{name}/assessments", assessment=said)["assessment"]
    return Team(
        http,
        experiment,
        run,
        name,
        issue["issue"]["issue_id"],
        dataset["dataset_id"],
        record["dataset_record_id"],
        assessment["assessment_id"],
    )


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def teams(request):
    platform = request.getfixturevalue(f"{request.param}_platform")
    ours, theirs = (platform.a_workspace().client("owner") for _ in range(2))
    with ours, theirs:  # one event loop for each, not one for each request
        yield a_team(ours, "tr-ours", 1), a_team(theirs, "tr-theirs", 4)


def state(team):
    """What a team sees of its own."""
    http, location = team.http, {"mlflow_experiment": {"experiment_id": team.experiment}}
    return [
        http.get(f"{V3}/traces/get", params={"trace_id": team.trace}).json(),
        http.post(f"{V3}/traces/search", json={"locations": [location]}).json(),
        http.post(f"{V3}/issues/search", json={"include_trace_count": True}).json(),
        http.get(f"{V3}/scorers/list").json(),
        http.get(f"{V3}/datasets/{team.dataset}").json(),
        http.get(f"{V3}/datasets/{team.dataset}/records").json(),
        http.get(f"{V3}/datasets/{team.dataset}/experiment-ids").json(),
    ]


def refused(answer, *statuses):
    assert answer.status_code in statuses, f"{answer.status_code} {answer.text[:300]}"
    assert set(answer.json()) == {"error_code", "message"}
    assert "root:" not in answer.text


def test_ids_of_another_workspace(teams):
    ours, theirs = teams
    http, before = ours.http, state(theirs)
    said = {"assessment_name": "good", "feedback": {"value": False}}
    issue = {"name": "slow", "description": "it is"}
    scorer = {"name": "judge", "serialized_scorer": "{}"}
    at = f"{V3}/traces/{theirs.trace}"
    home = f"{V3}/datasets/{theirs.dataset}"
    for method, path, body in (
        ("PATCH", f"{at}/tags", {"key": "a", "value": "b"}),
        ("DELETE", f"{at}/tags", {"key": "a"}),
        ("POST", f"{at}/assessments", {"assessment": said}),
        ("PATCH", f"{at}/assessments/{theirs.assessment}", {"assessment": said}),
        ("PATCH", f"{V2}/traces/{theirs.trace}", {"status": "ERROR"}),
        ("POST", f"{V2}/traces/link-prompts", {"trace_id": theirs.trace, "prompt_versions": []}),
        ("POST", f"{V2}/traces/link-to-run", {"run_id": theirs.run, "trace_ids": [ours.trace]}),
        ("POST", f"{V3}/issues", {**issue, "experiment_id": theirs.experiment}),
        ("POST", f"{V3}/issues", {**issue, "experiment_id": "0", "source_run_id": theirs.run}),
        ("PATCH", f"{V3}/issues/{theirs.issue}", {"status": "resolved"}),
        ("POST", f"{V3}/scorers/register", {**scorer, "experiment_id": theirs.experiment}),
        ("DELETE", f"{V3}/scorers/delete", {"experiment_id": theirs.experiment, "name": "judge"}),
        ("POST", f"{V3}/datasets/create", {"name": "x", "experiment_ids": [theirs.experiment]}),
        ("POST", f"{home}/records", {"records": '[{"inputs": {"q": 2}}]'}),
        ("DELETE", f"{home}/records", {"dataset_record_ids": [theirs.record]}),
        ("POST", f"{home}/add-experiments", {"experiment_ids": [ours.experiment]}),
        (
            "POST",
            f"{V3}/datasets/{ours.dataset}/add-experiments",
            {"experiment_ids": [theirs.experiment]},
        ),
        ("PATCH", f"{home}/tags", {"tags": '{"a": "b"}'}),
    ):
        refused(http.request(method, path, json=body), 404)
    refused(log_trace(http, theirs.experiment, "tr-new"), 404)
    refused(export(http, theirs.experiment, "tr-new"), 404)
    named = {"assessment": {"assessment_name": theirs.issue, "issue": {"issue_name": "slow"}}}
    refused(http.post(f"{V3}/traces/{ours.trace}/assessments", json=named), 404)
    http.delete(home)
    assert state(theirs) == before


def test_what_is_read_of_another_workspace_is_nothing(teams):
    ours, theirs = teams
    http, location = ours.http, {"mlflow_experiment": {"experiment_id": theirs.experiment}}
    many = {"trace_ids": [theirs.trace]}
    assert http.get(f"{V3}/traces/batchGet", params=many).json() == {}
    assert http.post(f"{V3}/traces/batchGetInfos", json=many).json() == {}
    assert http.post(f"{V3}/traces/search", json={"locations": [location]}).json() == {}
    assert http.post(f"{V3}/issues/search", json={"experiment_id": theirs.experiment}).json() == {
        "next_page_token": ""
    }
    counted = {
        "experiment_ids": [theirs.experiment],
        "view_type": "TRACES",
        "metric_name": "trace_count",
        "aggregations": [{"aggregation_type": "COUNT"}],
    }
    [point] = http.post(f"{V3}/traces/metrics", json=counted).json()["data_points"]
    assert point["values"] == {"COUNT": 0}
    for prefix in PREFIXES:
        asked = {"request_id": theirs.trace}
        refused(http.get(f"{prefix}/get-trace-artifact", params=asked), 404)


def test_a_trace_that_another_workspace_links_is_not_its_own(teams):
    """The id may be on its way from one's own client; another's trace of that id stays theirs."""
    ours, theirs = teams
    before = state(theirs)
    link = {"run_id": ours.run, "trace_ids": [theirs.trace]}
    assert ours.http.post(f"{V2}/traces/link-to-run", json=link).status_code == 200
    found = {
        "locations": [{"mlflow_experiment": {"experiment_id": ours.experiment}}],
        "filter": f"run_id = '{ours.run}'",
    }
    assert ours.http.post(f"{V3}/traces/search", json=found).json() == {}
    assert (
        log_trace(ours.http, ours.experiment, theirs.trace, tags={"mine": "1"}).status_code == 200
    )
    assert len(ours.http.post(f"{V3}/traces/search", json=found).json()["traces"]) == 1
    assert state(theirs) == before
    gone = {"experiment_id": ours.experiment, "trace_ids": [theirs.trace]}
    assert ours.http.post(f"{V3}/traces/delete-traces", json=gone).json() == {"traces_deleted": 1}
    assert state(theirs) == before


def test_a_trace_and_an_experiment_that_do_not_belong_together(teams):
    ours, _ = teams
    http, before = ours.http, state(ours)
    other = http.post(f"{V2}/experiments/create", json={"name": "other"}).json()["experiment_id"]
    refused(log_trace(http, other, ours.trace), 400)
    refused(export(http, other, ours.trace, number=9), 400)
    gone = {"experiment_id": other, "trace_ids": [ours.trace]}
    assert http.post(f"{V3}/traces/delete-traces", json=gone).json() == {"traces_deleted": 0}
    log_trace(http, other, "tr-second")
    refused(http.get(f"{V3}/traces/tr-second/assessments/{ours.assessment}"), 404)
    answer = http.delete(f"{V3}/traces/tr-second/assessments/{ours.assessment}")
    assert answer.status_code == 200  # it has none of that id
    overriding = {
        "assessment_name": "good",
        "feedback": {"value": 1},
        "overrides": ours.assessment,
    }
    address = f"{V3}/traces/tr-second/assessments"
    refused(http.post(address, json={"assessment": overriding}), 404)
    second = http.post(f"{V3}/datasets/create", json={"name": "second"}).json()["dataset"]
    body = {"dataset_record_ids": [ours.record]}
    answer = http.request("DELETE", f"{V3}/datasets/{second['dataset_id']}/records", json=body)
    assert answer.json() == {"deleted_count": 0}
    asked = {"experiment_id": other, "name": "judge"}
    refused(http.get(f"{V3}/scorers/get", params=asked), 404)
    assert state(ours) == before


def test_places_that_clients_name(teams):
    ours, theirs = teams
    http, tags = ours.http, dict.fromkeys(LOCATION_TAGS, "file:///etc")
    assert log_trace(http, ours.experiment, ours.trace, tags=tags).status_code == 200
    for key in LOCATION_TAGS:
        body = {"key": key, "value": "file:///etc"}
        refused(http.patch(f"{V3}/traces/{ours.trace}/tags", json=body), 400)
    begun = http.post(
        f"{V2}/traces",
        json={
            "experiment_id": ours.experiment,
            "tags": [{"key": key, "value": "file:///etc"} for key in LOCATION_TAGS],
        },
    )
    for told in (http.get(f"{V3}/traces/{ours.trace}"), begun):
        assert "file:" not in told.text
        assert '"mlflow-artifacts:/experiments/' in told.text
    folder = f"/api/2.0/mlflow-artifacts/artifacts/experiments/{ours.experiment}/traces"
    for owner in (theirs.trace, "tr-none"):
        refused(http.put(f"{folder}/{owner}/artifacts/traces.json", content=b"{}"), 404)
        refused(http.get(f"{folder}/{owner}/artifacts/traces.json"), 404)
    for path in (f"{ours.trace}/artifacts/%2e%2e/x", f"{ours.trace}/other/x", "x"):
        refused(http.put(f"{folder}/{path}", content=b"{}"), 400)
    for path in CLIMBING:
        asked = {"request_id": ours.trace, "path": path}
        refused(http.get(f"{V3}/get-trace-artifact", params=asked), 404)
        refused(http.get(f"{V3}/get-trace-artifact", params={"request_id": path}), 400, 404)
        refused(log_trace(http, ours.experiment, f"{path}/x"), 400)
        refused(http.patch(f"{V3}/traces/{ours.trace}/tags", json={"key": path + "/x"}), 400)


@pytest.mark.parametrize("prefix", PREFIXES)
def test_nobody_under_any_prefix(teams, prefix):
    ours, _ = teams
    nobody = TestClient(ours.http.app, raise_server_exceptions=False)
    version = prefix.partition("api/")[2][0]
    addresses = ["get-trace-artifact?request_id=tr-ours"]
    addresses += {
        "2": [f"traces/{ours.trace}/info", "traces?experiment_ids=0"],
        "3": [
            f"traces/{ours.trace}",
            f"traces/get?trace_id={ours.trace}",
            f"issues/{ours.issue}",
            "scorers/list",
            f"datasets/{ours.dataset}",
        ],
    }[version]
    for address in addresses:
        refused(nobody.get(f"{prefix}/{address}"), 401)
    refused(nobody.post(f"{prefix}/traces/delete-traces", json={"experiment_id": "0"}), 401)


def test_too_much(teams):
    ours, _ = teams
    http, home = ours.http, f"{V3}/traces/{ours.trace}"
    before = state(ours)
    long = {"assessment_name": "long", "feedback": {"value": True}, "rationale": "x" * 70_000}
    refused(http.post(f"{home}/assessments", json={"assessment": long}), 400)
    change = {"assessment": {"rationale": "x" * 70_000}, "update_mask": "rationale"}
    refused(http.patch(f"{home}/assessments/{ours.assessment}", json=change), 400)
    many = {"run_id": ours.run, "trace_ids": [f"tr-{n}" for n in range(101)]}
    refused(http.post(f"{V2}/traces/link-to-run", json=many), 400)
    refused(http.get(f"{V3}/traces/batchGet", params={"trace_ids": many["trace_ids"]}), 400)
    records = json.dumps([{"inputs": {"q": n}} for n in range(2001)])
    address = f"{V3}/datasets/{ours.dataset}/records"
    refused(http.post(address, json={"records": records}), 400)
    assert state(ours) == before
