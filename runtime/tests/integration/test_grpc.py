"""The Open Inference Protocol over gRPC beside a real gateway."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import psutil
import pytest
from tests.make import access_tokens
from tests.make.nodes import ROOT, SECRET, RunningNode, a_node, a_route, a_server

from modelyard_protocol.grpc_example import grpc_facts
from modelyard_protocol.records import Prediction, Traffic
from modelyard_protocol.routing import DesiredState
from modelyard_runtime.grpc_front import inference_pb2 as pb

from .test_fast_lane import an_adding_server

STORY = ROOT / "tests" / "make" / "triton_story.py"
NAME = "team/production/fast"
KEY = f"myk_pub_{SECRET}"
AUTH = [("authorization", f"Bearer {KEY}")]


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningNode]:
    folder = tmp_path_factory.mktemp("grpc")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    fast, adding = an_adding_server(folder / "adding", 3.0), folder / "adding"
    with a_node(folder / "node") as node:
        slow = a_server(adding, "b" * 32, engine="onnx")
        routes = [
            a_route(adding, {"a" * 32: 100}, deployment="fast"),
            a_route(adding, {"b" * 32: 100}, deployment="slow", max_rows=3, deployment_id="d2"),
        ]
        node.oauth = access_tokens.trust(access_tokens.a_client())
        node.want([fast, slow], routes)
        node.start(["--grpc-port", str(port)])
        node.wait_ready(2)
        node.wait_until(lambda state: state["servers"][0]["lane"] == "compiled")
        node.wait_until(lambda state: state["grpc_port"] == port)
        yield node


@pytest.fixture(scope="module")
def channel(node: RunningNode) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(f"127.0.0.1:{node.observed()['grpc_port']}") as channel:
        grpc.channel_ready_future(channel).result(timeout=20)
        yield channel


def ask(channel: grpc.Channel, method: str, message: Any, answer: Any, **options: Any) -> Any:
    path = f"/inference.GRPCInferenceService/{method}"
    serialize = type(message).SerializeToString
    call = channel.unary_unary(path, serialize, answer.FromString)
    return call.with_call(message, **{"timeout": 10, "metadata": AUTH, **options})


def infer(channel: grpc.Channel, message: Any, **options: Any) -> Any:
    return ask(channel, "ModelInfer", message, pb.ModelInferResponse, **options)


def a_request(name: str = NAME, *, raw: bool = True, **changes: Any) -> Any:
    values = np.array([1.0, -2.5])
    entry = pb.ModelInferRequest.InferInputTensor(name="x", datatype="FP64", shape=[2])
    message = pb.ModelInferRequest(model_name=name, inputs=[entry], **changes)
    if raw:
        message.raw_input_contents.append(values.tobytes())
    else:
        message.inputs[0].contents.fp64_contents.extend(values)
    return message


@pytest.mark.parametrize("name", ["team/production/fast", "team/production/slow"])
@pytest.mark.parametrize("raw", [True, False])
def test_both_lanes_answer_raw_and_typed_contents(
    node: RunningNode, channel: grpc.Channel, name: str, raw: bool
) -> None:
    answer, call = infer(channel, a_request(name, raw=raw, id="mine"))
    assert np.frombuffer(answer.raw_output_contents[0]).tolist() == [4.0, 0.5]
    assert (answer.id, answer.outputs[0].datatype, list(answer.outputs[0].shape)) == (
        "mine", "FP64", [2],
    )  # fmt: skip
    prediction_id = dict(call.initial_metadata())["x-prediction-id"]

    def is_recorded(_: object) -> bool:
        records = node.records()
        traffic = sum(one.requests for one in records if isinstance(one, Traffic))
        found = {one.id for one in records if isinstance(one, Prediction)}
        return prediction_id in found and traffic > 0

    node.wait_until(is_recorded)


@pytest.mark.parametrize(
    ("message", "metadata", "status", "code"),
    [
        (a_request(), [], "UNAUTHENTICATED", "inference.unauthorized"),
        (a_request("team/production/none"), AUTH, "UNAUTHENTICATED", "inference.unauthorized"),
        (a_request("fast"), AUTH, "NOT_FOUND", None),
        (a_request("team/../fast\r\nX: y"), AUTH, "NOT_FOUND", None),
        (a_request(model_version="99"), AUTH, "NOT_FOUND", "inference.version_not_served"),
        (a_request(model_version="x"), AUTH, "INVALID_ARGUMENT", None),
        (pb.ModelInferRequest(model_name=NAME), AUTH, "INVALID_ARGUMENT", "inference.invalid_rows"),
        (a_request(raw_input_contents=[b"x"]), AUTH, "INVALID_ARGUMENT", None),
        (
            a_request(outputs=[pb.ModelInferRequest.InferRequestedOutputTensor(name="no")]),
            AUTH, "INVALID_ARGUMENT", "inference.unknown_output",
        ),
    ],
)  # fmt: skip
def test_refusals_have_the_status_and_code_of_http(
    channel: grpc.Channel, message: Any, metadata: Any, status: str, code: str | None
) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        infer(channel, message, metadata=metadata)
    told: Any = caught.value
    assert told.code().name == status
    assert dict(told.trailing_metadata() or ()).get("modelyard-code") == code


def test_an_access_token_opens_every_lane_and_protocol_until_its_client_is_revoked(
    node: RunningNode, channel: grpc.Channel
) -> None:
    token = access_tokens.a_token()
    held = [("authorization", f"Bearer {token}")]
    tensor = {"name": "x", "datatype": "FP64", "shape": [1], "data": [1.0]}
    bodies = {
        "predict": {"row": {"x": 1.0}},
        "invocations": {"dataframe_records": [{"x": 1.0}]},
        "v2/models/{}/infer": {"inputs": [tensor]},
    }

    def statuses(path: str = "team/production", given: str = token) -> set[int]:
        return {
            node.client.post(
                f"{node.url}/{path}/{name}/{call.format(name)}",
                json=body,
                headers={"Authorization": f"Bearer {given}"},
            ).status_code
            for name in ("fast", "slow")
            for call, body in bodies.items()
            for _ in range(3)  # the second time its head is known
        }

    assert statuses() == {200}
    for name in ("team/production/fast", "team/production/slow"):
        infer(channel, a_request(name), metadata=held)
    node.wait_until(
        lambda _: (
            sum(isinstance(r, Prediction) and r.key_id == "client-1" for r in node.records()) == 20
        )
    )
    assert statuses(given=access_tokens.a_token(exp=1)) == {401}
    assert statuses("other/production") == {401}
    assert statuses("team/staging") == {404}
    assert all(worker["memory_mb"] < 100 for worker in node.observed()["workers"])

    desired = DesiredState.model_validate_json((node.folder / "desired.json").read_bytes())
    before, node.oauth = node.oauth, access_tokens.trust()
    node.want([*desired.servers], [*desired.routes])
    node.wait_until(lambda state: state["generation"] == node.generation)
    assert statuses() == {401}
    with pytest.raises(grpc.RpcError) as caught:
        infer(channel, a_request(), metadata=held)
    told: Any = caught.value
    assert dict(told.trailing_metadata())["modelyard-code"] == "inference.invalid_token"
    infer(channel, a_request())
    node.oauth = before
    node.want([*desired.servers], [*desired.routes])
    node.wait_until(lambda state: state["generation"] == node.generation)


def test_a_deadline_ends_the_call(node: RunningNode, channel: grpc.Channel) -> None:
    assert node.process is not None
    processes = psutil.Process(node.process.pid).children(recursive=True)
    workers = [one for one in processes if "modelyard_runtime.worker" in one.cmdline()]
    for worker in workers:
        worker.suspend()
    try:
        with pytest.raises(grpc.RpcError) as caught:
            infer(channel, a_request(), timeout=0.3)
    finally:
        for worker in workers:
            worker.resume()
    told: Any = caught.value
    assert told.code() is grpc.StatusCode.DEADLINE_EXCEEDED


def test_a_killed_front_comes_back_and_http_does_not_notice(
    node: RunningNode, channel: grpc.Channel
) -> None:
    assert node.process is not None
    processes = psutil.Process(node.process.pid).children(recursive=True)
    front = next(one for one in processes if "modelyard_runtime.grpc_front" in one.cmdline())
    front.kill()
    http = node.client.post(f"{node.url}/{NAME}/predict", json={"row": {"x": 1}})
    assert http.json()["predictions"] == [4.0]
    answer, _ = _once_it_is_back(channel)
    assert len(answer.raw_output_contents) == 1


def _once_it_is_back(channel: grpc.Channel) -> Any:
    """Ask again when the connection broke under the call: it was the killed process's."""
    try:
        return infer(channel, a_request(), timeout=30, wait_for_ready=True)
    except grpc.RpcError as error:
        if error.code() is not grpc.StatusCode.UNAVAILABLE:
            raise
        return infer(channel, a_request(), timeout=30, wait_for_ready=True)


@pytest.fixture(scope="session")
def triton_python() -> Path:
    """Give an interpreter with Triton's client; made once, then kept."""
    folder = ROOT / ".make" / "tritonclient"
    python = folder / "bin" / "python"
    if not (folder / "complete").exists():
        uv = [sys.executable, "-m", "uv"]
        made = [*uv, "venv", "-q", "--clear", "--python", sys.executable, folder]
        subprocess.run(made, check=True)
        packages = ["tritonclient[grpc,http]==2.73.0"]
        subprocess.run([*uv, "pip", "install", "-q", "--python", python, *packages], check=True)
        (folder / "complete").touch()
    return python


def test_tritons_client_speaks_rest_and_grpc(node: RunningNode, triton_python: Path) -> None:
    arguments = [f"127.0.0.1:{node.port}", f"127.0.0.1:{node.observed()['grpc_port']}"]
    told = subprocess.run(
        [triton_python, STORY, *arguments, "team/production", "fast", KEY],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert told.stdout == "all answered\n", told.stderr


def test_the_code_that_is_shown_for_grpc_works(node: RunningNode, triton_python: Path) -> None:
    route = a_route(node.folder.parent / "adding", {}, deployment="fast")
    code = grpc_facts(route, f"127.0.0.1:{node.observed()['grpc_port']}")["python"]
    told = subprocess.run(
        [triton_python, "-c", code],
        env={"MODELYARD_ENDPOINT_KEY": KEY},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert told.stdout.startswith("predictions ["), told.stderr
