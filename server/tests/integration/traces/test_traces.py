"""Traces and their spans, on both databases."""

import json
import uuid

import pytest
from mlflow.entities import TraceData
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

V3 = "/api/3.0/mlflow/traces"
V2 = "/api/2.0/mlflow"


def an_experiment(client, name="apps"):
    made = client.post(f"{V2}/experiments/create", json={"name": name})
    return made.json()["experiment_id"]


def started(client, experiment_id, trace_id=None, **more):
    trace_id = f"tr-{uuid.uuid4().hex}" if trace_id is None else trace_id
    info = {
        "trace_id": trace_id,
        "trace_location": {
            "type": "MLFLOW_EXPERIMENT",
            "mlflow_experiment": {"experiment_id": experiment_id},
        },
        "request_time": "2026-11-27T00:00:00.250Z",
        "execution_duration": "0.125s",
        "state": "OK",
        **more,
    }
    return client.post(V3, json={"trace": {"trace_info": info}})


def an_export(trace_id=b"\x01" * 16, spans=2, parent=(1).to_bytes(8, "big")):
    export = ExportTraceServiceRequest()
    scope = export.resource_spans.add().scope_spans.add()
    for number in range(spans):
        span = scope.spans.add(
            trace_id=trace_id,
            span_id=(number + 1).to_bytes(8, "big"),
            name=f"step {number}",
            start_time_unix_nano=10**18 + number * 1000,
            end_time_unix_nano=10**18 + 5_000_000,
        )
        if number:
            span.parent_span_id = parent
    return export.SerializeToString()


def exported(client, experiment_id, body, **headers):
    named = {"x-mlflow-experiment-id": experiment_id, "Content-Type": "application/x-protobuf"}
    return client.post("/v1/traces", content=body, headers={**named, **headers})


def ids(answer):
    assert answer.status_code == 200, answer.text
    return [trace["trace_id"] for trace in answer.json().get("traces", [])]


def found(client, experiment_id, **more):
    location = {"mlflow_experiment": {"experiment_id": experiment_id}}
    return client.post(f"{V3}/search", json={"locations": [location], **more})


def test_spans_alone_make_a_trace_and_may_come_twice(workspace):
    client = workspace.client("developer")
    experiment = an_experiment(client)
    for _ in range(2):
        assert exported(client, experiment, an_export()).status_code == 200
    trace_id = f"tr-{'01' * 16}"
    trace = client.get(f"{V3}/get", params={"trace_id": trace_id}).json()["trace"]
    assert [span["name"] for span in trace["spans"]] == ["step 0", "step 1"]
    assert trace["trace_info"]["state"] == "OK"
    assert trace["trace_info"]["execution_duration"] == "0.005s"
    completed = started(client, experiment, trace_id, tags={"team": "x"}, request_preview="hi")
    info = completed.json()["trace"]["trace_info"]
    assert (info["tags"]["team"], info["request_preview"]) == ("x", "hi")
    assert info["tags"]["mlflow.trace.spansLocation"] == "TRACKING_STORE"
    batch = client.get(f"{V3}/batchGet", params={"trace_ids": [trace_id, "tr-gone"]}).json()
    assert [len(trace["spans"]) for trace in batch["traces"]] == [2]


def test_the_spans_of_a_trace_come_as_the_file_that_mlflow_reads(workspace):
    client = workspace.client("viewer")
    export = ExportTraceServiceRequest.FromString(an_export(spans=2))
    root, step = export.resource_spans[0].scope_spans[0].spans
    step.events.add(name="cache", time_unix_nano=99).attributes.add(key="hits").value.int_value = 3
    step.attributes.add(key="words").value.array_value.values.add().string_value = '"hm"'
    step.links.add(trace_id=b"\x02" * 16, span_id=b"\x03" * 8)
    root.status.code = 1
    writer = workspace.client("developer")
    exported(writer, an_experiment(writer), export.SerializeToString())
    asked = {"request_id": f"tr-{'01' * 16}"}
    answer = client.get("/ajax-api/2.0/mlflow/get-trace-artifact", params=asked)
    assert answer.headers["content-disposition"] == "attachment; filename=traces.json"
    first, second = TraceData.from_dict(answer.json()).spans
    assert (first.name, first.status.status_code.value, first.parent_id) == ("step 0", "OK", None)
    assert (second.parent_id, second.trace_id) == (first.span_id, asked["request_id"])
    assert second.end_time_ns == 10**18 + 5_000_000
    assert answer.json()["spans"][1]["attributes"]["words"] == '["\\"hm\\""]'  # JSON in a text
    assert second.get_attribute("words") == ['"hm"']
    assert [(e.name, e.timestamp, e.attributes) for e in second.events] == [
        ("cache", 99, {"hits": 3})
    ]
    assert [(link.trace_id, link.span_id) for link in second.links] == [
        (f"tr-{'02' * 16}", "03" * 8)
    ]
    for wrong, status in (({}, 400), ({"request_id": "tr-0"}, 404), ({**asked, "path": "a"}, 404)):
        assert client.get(f"{V2}/get-trace-artifact", params=wrong).status_code == status


def test_the_same_id_in_two_workspaces_is_two_traces(platform, workspace):
    """MLflow's ids are global: there, the second is told that its trace does not exist."""
    for space in (workspace, platform.a_workspace()):
        client = space.client("developer")
        made = started(client, an_experiment(client), "tr-shared", request_preview=space.slug)
        assert made.status_code == 200
        info = client.get(f"{V3}/tr-shared").json()["trace"]["trace_info"]
        assert info["request_preview"] == space.slug


def test_a_trace_stays_in_its_experiment(workspace):
    client = workspace.client("developer")
    first, second = an_experiment(client, "one"), an_experiment(client, "two")
    assert exported(client, first, an_export()).status_code == 200
    for moved in (
        exported(client, second, an_export()),
        started(client, second, f"tr-{'01' * 16}"),
    ):
        assert (moved.status_code, moved.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")


def test_traces_are_found_by_filters_in_order_and_pages(workspace):
    client = workspace.client("developer")
    experiment = an_experiment(client)
    for number in range(5):
        started(
            client,
            experiment,
            f"tr-{number}",
            request_time=f"2026-11-27T00:00:0{number}Z",
            execution_duration=f"{number}.5s",
            state="ERROR" if number == 3 else "OK",
            tags={"mlflow.traceName": f"app {number % 2}"},
            trace_metadata={"mlflow.sourceRun": f"run {number}"},
        )
    assert ids(found(client, experiment)) == [f"tr-{n}" for n in (4, 3, 2, 1, 0)]
    for text, expected in (
        ("trace.status = 'ERROR'", [3]),
        ("attributes.execution_time_ms > 2000 AND status = 'OK'", [4, 2]),
        ("attributes.name = 'app 1'", [3, 1]),
        ("request_metadata.`mlflow.sourceRun` = 'run 2'", [2]),
        ("tags.mlflow.traceName LIKE 'app%' AND trace.timestamp_ms <= 1795737602000", [2, 1, 0]),
        ("tags.name = 'trace.status = x'", []),
    ):
        assert ids(found(client, experiment, filter=text)) == [f"tr-{n}" for n in expected], text
    slowest = found(client, experiment, order_by=["execution_time_ms DESC"], max_results=2)
    assert ids(slowest) == ["tr-4", "tr-3"]
    token = slowest.json()["next_page_token"]
    more = found(
        client,
        experiment,
        order_by=["execution_time_ms DESC"],
        max_results=2,
        page_token=token,
    )
    assert ids(more) == ["tr-2", "tr-1"]
    for text in ("trace.secret = 'x'", "name IN ('app 1')", "span.content = 'x'"):
        refused = found(client, experiment, filter=text)
        assert refused.json()["error_code"] == "INVALID_PARAMETER_VALUE", text


def test_traces_belong_to_runs_when_linked(workspace):
    client = workspace.client("developer")
    experiment = an_experiment(client)
    body = {"experiment_id": experiment, "start_time": 1}
    run_id = client.post(f"{V2}/runs/create", json=body).json()["run"]["info"]["run_id"]
    started(client, experiment, "tr-a")
    started(client, experiment, "tr-b")
    for _ in range(2):
        linked = {"run_id": run_id, "trace_ids": ["tr-a"]}
        assert client.post(f"{V2}/traces/link-to-run", json=linked).status_code == 200
    assert ids(found(client, experiment, filter=f"attributes.run_id = '{run_id}'")) == ["tr-a"]
    nowhere = {"run_id": uuid.uuid4().hex, "trace_ids": ["tr-a"]}
    assert client.post(f"{V2}/traces/link-to-run", json=nowhere).status_code == 404
    many = {"run_id": run_id, "trace_ids": [f"tr-{n}" for n in range(101)]}
    assert client.post(f"{V2}/traces/link-to-run", json=many).status_code == 400


def test_a_trace_on_its_way_is_linked_when_it_arrives(workspace):
    client = workspace.client("developer")
    experiment = an_experiment(client)
    body = {"experiment_id": experiment, "start_time": 1}
    run_id = client.post(f"{V2}/runs/create", json=body).json()["run"]["info"]["run_id"]
    awaited = {"run_id": run_id, "trace_ids": ["tr-later", "tr-never"]}
    for _ in range(2):
        assert client.post(f"{V2}/traces/link-to-run", json=awaited).status_code == 200
    text = f"attributes.run_id = '{run_id}'"
    assert ids(found(client, experiment, filter=text)) == []
    started(client, experiment, "tr-later")
    assert ids(found(client, experiment, filter=text)) == ["tr-later"]


def test_feedback_overrides_is_changed_and_taken_back(workspace):
    client = workspace.client("developer")
    started(client, an_experiment(client), "tr-a")
    path = f"{V3}/tr-a/assessments"

    def said(**more):
        body = {"assessment_name": "good", "feedback": {"value": True}, **more}
        return client.post(path, json={"assessment": body}).json()["assessment"]

    first = said()
    second = said(overrides=first["assessment_id"])
    one = f"{path}/{first['assessment_id']}"
    assert client.get(one).json()["assessment"]["valid"] is False
    changed = client.patch(
        f"{path}/{second['assessment_id']}",
        json={
            "assessment": {"assessment_name": "fine", "feedback": {"value": False}},
            "update_mask": "assessmentName,feedback",
        },
    )
    assert changed.json()["assessment"]["assessment_name"] == "fine"
    assert client.delete(f"{path}/{second['assessment_id']}").status_code == 200
    assert client.get(one).json()["assessment"]["valid"] is True
    for wrong in (
        {"assessment_name": "x"},
        {"assessment_name": "", "feedback": {"value": 1}},
        {"assessment_name": "x", "feedback": {"value": 1}, "expectation": {"value": 1}},
    ):
        assert client.post(path, json={"assessment": wrong}).status_code == 400


def test_deleting_takes_ids_or_a_time(workspace):
    client = workspace.client("developer")
    experiment, other = an_experiment(client, "one"), an_experiment(client, "two")
    for number in range(4):
        at = f"2026-11-27T00:00:0{number}Z"
        started(client, experiment, f"tr-{number}", request_time=at)
    started(client, other, "tr-other")

    def deleted(**body):
        answer = client.post(f"{V2}/traces/delete-traces", json=body)
        return answer.json().get("traces_deleted", answer.json().get("error_code"))

    assert deleted(experiment_id=experiment, request_ids=["tr-3", "tr-other"]) == 1
    until = 1795737601000
    assert deleted(experiment_id=experiment, max_timestamp_millis=until, max_traces=1) == 1
    assert ids(found(client, experiment)) == ["tr-2", "tr-1"]
    assert deleted(experiment_id=experiment) == "INVALID_PARAMETER_VALUE"
    both = {"max_timestamp_millis": 1, "trace_ids": ["tr-1"]}
    assert deleted(experiment_id=experiment, **both) == "INVALID_PARAMETER_VALUE"


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"", {}),
        (b"\xff\xff\xff", {}),
        (an_export(trace_id=b"\x01" * 3), {}),
        (an_export(spans=5001), {}),
        (an_export(), {"Content-Type": "text/plain"}),
        (an_export(), {"x-mlflow-experiment-id": ""}),
    ],
    ids=range(6),
)
def test_what_is_no_export_is_refused_whole(workspace, body, headers):
    client = workspace.client("developer")
    experiment = an_experiment(client)
    refused = exported(client, experiment, body, **headers)
    assert (refused.status_code, refused.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    assert ids(found(client, experiment)) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"trace_id": ""},
        {"trace_id": "../x"},
        {"trace_id": "x" * 65},
        {"state": "SLEEPY"},
        {"request_time": "yesterday"},
        {"execution_duration": "-1s"},
        {"tags": {"a": 1}},
        {"tags": {"a": "x" * 8001}},
        {"trace_location": None},
        {"request_preview": 7},
    ],
    ids=range(10),
)
def test_a_malformed_trace_is_refused(workspace, wrong):
    client = workspace.client("developer")
    refused = started(client, an_experiment(client), **{"trace_id": "tr-a", **wrong})
    assert (refused.status_code, refused.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")


def test_viewers_read_and_do_not_write(workspace):
    client, viewer = workspace.client("developer"), workspace.client("viewer")
    experiment = an_experiment(client)
    started(client, experiment, "tr-a")
    assert ids(found(viewer, experiment)) == ["tr-a"]
    assert started(viewer, experiment).status_code == 403
    assert exported(viewer, experiment, an_export()).status_code == 403


FILES = "/api/2.0/mlflow-artifacts/artifacts"
AS_MLFLOW_3 = {
    "trace_id": "AQEBAQEBAQEBAQEBAQEBAQ==",
    "span_id": "AAAAAAAAAAE=",
    "parent_span_id": None,
    "name": "answer",
    "start_time_unix_nano": 10**18,
    "end_time_unix_nano": 10**18 + 7_000_000,
    "events": [{"name": "cache", "time_unix_nano": 99, "attributes": {"hits": 3}}],
    "status": {"code": "STATUS_CODE_ERROR", "message": "no"},
    "attributes": {
        "mlflow.spanInputs": '{"q": [1, 2.5, true, null]}',
        "plain": "not JSON",
        "odd": '[NaN, -Infinity, "half \\ud83d", "\\u0000"]',
    },
}
AS_MLFLOW_2 = {
    "name": "step",
    "context": {"span_id": "0x0000000000000002", "trace_id": f"0x{'01' * 16}"},
    "parent_id": "0x0000000000000001",
    "start_time": 10**18 + 1,
    "end_time": 10**18 + 2,
    "status_code": "OK",
    "status_message": "",
    "attributes": {"n": "5"},
    "events": [{"name": "e", "timestamp": 7, "attributes": {}}],
}


def test_clients_without_opentelemetry_send_the_steps_as_a_file(workspace):
    client = workspace.client("developer")
    experiment = an_experiment(client)
    info = started(client, experiment, "tr-file").json()["trace"]["trace_info"]
    place = info["tags"]["mlflow.artifactLocation"]
    assert place == f"mlflow-artifacts:/experiments/{experiment}/traces/tr-file/artifacts"
    assert "mlflow.trace.spansLocation" not in info["tags"]
    assert info["trace_metadata"]["mlflow.trace.infoFinalized"] == "true"
    folder = f"{FILES}/{place.removeprefix('mlflow-artifacts:/')}"
    assert client.get(f"{folder}/traces.json").status_code == 404
    written = json.dumps({"spans": [AS_MLFLOW_3, AS_MLFLOW_2, AS_MLFLOW_2]}).encode()
    assert client.put(f"{folder}/traces.json", content=written).status_code == 200
    assert client.get(f"{folder}/traces.json").content == written
    trace = client.get(f"{V3}/get", params={"trace_id": "tr-file"}).json()["trace"]
    told = trace["trace_info"]
    assert told["tags"]["mlflow.trace.spansLocation"] == "TRACKING_STORE"
    assert (told["state"], told["execution_duration"]) == ("OK", "0.125s")  # as its client said
    read = client.get(
        f"{V3.replace('traces', 'get-trace-artifact')}", params={"request_id": "tr-file"}
    )
    root, step = TraceData.from_dict(read.json()).spans
    assert root.inputs == {"q": [1, 2.5, True, None]}
    assert (root.status.status_code.value, root.status.description) == ("ERROR", "no")
    assert (root.events[0].attributes, root.get_attribute("plain")) == ({"hits": 3}, "not JSON")
    assert (step.name, step.parent_id, step.get_attribute("n")) == ("step", root.span_id, 5)
    assert ids(found(client, experiment, filter="span.name = 'answer'")) == ["tr-file"]
    attached = f"{folder}/attachments/{uuid.uuid4()}"
    assert client.put(attached, content=b"picture").status_code == 200
    for odd in (b"{}", b"[]", b"\xff", b'{"spans": [{}]}', b'{"spans": [{"context": 1}]}'):
        assert client.put(f"{folder}/traces.json", content=odd).status_code == 200
    gone = {"experiment_id": experiment, "trace_ids": ["tr-file"]}
    assert client.post(f"{V2}/traces/delete-traces", json=gone).json() == {"traces_deleted": 1}
    started(client, experiment, "tr-file")
    assert client.get(attached).status_code == 404
    taken = client.request("DELETE", f"{V3}/tr-file/tags", json={"key": "mlflow.artifactLocation"})
    assert taken.status_code == 200
    assert "tags" not in client.get(f"{V3}/tr-file").json()["trace"]["trace_info"]
