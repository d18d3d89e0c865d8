"""Bodies other than JSON, on both lanes of a real node: equal answers, equal records."""

import io
import json
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from PIL import Image
from tests.make.nodes import SECRET, RunningNode, a_node, a_route, a_server
from tests.make.packages import an_image_package

from modelyard_protocol import inference
from modelyard_protocol.package import Column, DType, Signature
from modelyard_protocol.records import Prediction

from .test_fast_lane import an_adding_server

LANES = ("fast", "native")
SUMS = [4.0, 0.5, 1e9 + 3]
NPY, ARROW = "application/x-npy", "application/vnd.apache.arrow.stream"


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningNode]:
    folder = tmp_path_factory.mktemp("bodies")
    fast = an_adding_server(folder / "adding", 3.0)
    adding = folder / "adding"
    picture = an_image_package(folder / "picture")
    a, b, c = "a" * 32, "b" * 32, "c" * 32
    with a_node(folder / "node") as node:
        node.want(
            [
                fast,
                a_server(adding, b, engine="onnx"),
                a_server(picture, c, engine="onnx"),
            ],
            [
                a_route(adding, {a: 100}, deployment="fast"),
                a_route(adding, {b: 100}, deployment="native", deployment_id="d2"),
                a_route(picture, {c: 100}, deployment="picture", deployment_id="d3"),
            ],
        )
        node.start()
        node.wait_ready(3)
        node.wait_until(lambda state: state["servers"][0]["lane"] == "compiled")
        yield node


@pytest.fixture
def frame() -> dict[str, list[float]]:
    return {"x": [1.0, -2.5, 1e9]}


def saved(array: Any) -> bytes:
    out = io.BytesIO()
    np.save(out, array)
    return out.getvalue()


def bodies(frame: dict[str, list[float]]) -> dict[str, tuple[str, dict[str, str], bytes]]:
    """Write the rows in every form; give path, headers and body by name."""
    matrix = np.array(list(frame.values())).T
    arrow = io.BytesIO()
    table = pa.table(frame)
    with pa.ipc.new_stream(arrow, table.schema) as writer:
        writer.write_table(table)
    lines = [",".join(f'"{name}"' for name in frame)]
    lines += [",".join(map(repr, row)) for row in matrix.tolist()]
    records = [dict(zip(frame, row, strict=True)) for row in matrix.tolist()]
    split = {"columns": list(frame), "data": matrix.tolist()}
    parameters = {"binary_data_size": matrix.nbytes}
    tensor = {"name": "rows", "shape": list(matrix.shape), "datatype": "FP64"}
    head = json.dumps({"inputs": [{**tensor, "parameters": parameters}], "id": "q"}).encode()
    plain = {"Content-Type": "application/json"}
    binary = {"Inference-Header-Content-Length": str(len(head))}

    def written(key: str, value: Any) -> bytes:
        return json.dumps({key: value}).encode()

    return {
        "json": ("predict", plain, written("columns", frame)),
        "csv": ("predict", {"Content-Type": "text/csv"}, "\n".join(lines).encode()),
        "npy": ("predict", {"Content-Type": NPY}, saved(matrix)),
        "arrow": ("predict", {"Content-Type": ARROW}, arrow.getvalue()),
        "binary": ("v2/models/{0}/infer", binary, head + matrix.tobytes()),
        "records": ("invocations", plain, written("dataframe_records", records)),
        "split": ("invocations", plain, written("dataframe_split", split)),
        "instances": ("invocations", plain, written("instances", records)),
        "inputs": ("invocations", plain, written("inputs", frame)),
        "csv for MLflow": ("invocations", {"Content-Type": "text/csv"}, "\n".join(lines).encode()),
    }


@pytest.mark.parametrize("lane", LANES)
def test_mlflows_own_scoring_client_gets_its_answers(
    node: RunningNode, frame: dict[str, list[float]], lane: str
) -> None:
    """It sends no headers of its own; the key is the password in the address."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of MLflow about its own types
        from mlflow.pyfunc.scoring_server.client import ScoringServerClient
    host, _, port = node.url.removeprefix("http://").partition(":")
    address = f"{port}/team/production/{lane}"
    client = ScoringServerClient(f"key:myk_pub_{SECRET}@{host}", address)
    client.wait_server_ready(timeout=60)
    assert client.get_version() == "0.1.0"
    answer = client.invoke(pd.DataFrame(frame)).get_predictions()
    assert answer.iloc[:, 0].tolist() == SUMS
    client = ScoringServerClient(host, address)
    with pytest.raises(Exception, match="401"):
        client.ping()


@pytest.mark.parametrize("lane", LANES)
def test_every_body_gets_one_answer_and_is_recorded_as_the_same_rows(
    node: RunningNode, frame: dict[str, list[float]], lane: str
) -> None:
    sent = bodies(frame)
    ids: dict[str, str] = {}
    for name, (path, headers, body) in sent.items():
        url = f"{node.url}/team/production/{lane}/{path.format(lane)}"
        answer = node.client.post(url, content=body, headers=headers)
        assert answer.status_code == 200, (name, answer.text)
        told = answer.json()
        assert (told.get("predictions") or told["outputs"][0]["data"]) == SUMS, name
        ids[answer.headers["x-prediction-id"]] = name

    def noted() -> dict[str, Prediction]:
        records = [one for one in node.records() if isinstance(one, Prediction)]
        return {ids[one.id]: one for one in records if one.id in ids}

    node.wait_until(lambda _: len(noted()) == len(sent))
    signature = Signature(inputs=(Column(name="x", dtype=DType.double),))
    for name, record in noted().items():
        body = record.request_body()
        assert body is not None, name
        rows = inference.decode(record.skin, record.content_type, body, signature)
        assert rows == frame, name
        assert record.response is not None
        assert record.response_bytes == len(record.response)


@pytest.mark.parametrize("lane", LANES)
def test_answers_come_in_the_form_that_is_accepted(
    node: RunningNode, frame: dict[str, list[float]], lane: str
) -> None:
    url = f"{node.url}/team/production/{lane}/predict"
    arrow = node.client.post(url, json={"columns": frame}, headers={"Accept": ARROW})
    npy = node.client.post(url, json={"columns": frame}, headers={"Accept": NPY})
    table = node.client.post(url, json={"columns": frame}, headers={"Accept": "text/csv"})
    assert pa.ipc.open_stream(arrow.content).read_all().to_pydict() == {"prediction": SUMS}
    assert np.load(io.BytesIO(npy.content)).tolist() == SUMS
    assert table.text.splitlines() == ["prediction", "4.0", "0.5", "1000000003.0"]
    assert {"x-model-version", "x-prediction-id"} <= set(arrow.headers)
    assert table.headers["content-type"].startswith("text/csv")
    unknown = {"inputs": [{"name": "x", "shape": [1], "datatype": "FP64", "data": [0.0]}]}
    infer = f"{node.url}/team/production/{lane}/v2/models/{lane}/infer"
    missing = node.client.post(infer, json={**unknown, "outputs": [{"name": "nope"}]})
    assert (missing.status_code, missing.json()["code"]) == (422, "inference.unknown_output")
    assert missing.json()["error"] == missing.json()["detail"]


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"Content-Type": "application/xml"}, 415, "inference.unsupported_media_type"),
        ({"Content-Type": "image/png"}, 415, "inference.unsupported_media_type"),
        ({"Content-Encoding": "gzip"}, 415, "inference.unsupported_media_type"),
        ({"Accept": "text/html"}, 406, "inference.not_acceptable"),
        ({"Content-Type": NPY}, 422, "inference.invalid_rows"),
        ({"Content-Type": ARROW}, 422, "inference.invalid_rows"),
    ],
)
def test_other_types_are_refused_before_and_damaged_bodies_after_reading(
    node: RunningNode, headers: dict[str, str], status: int, code: str
) -> None:
    for lane in LANES:
        url = f"{node.url}/team/production/{lane}/predict"
        answer = node.client.post(url, content=b"\x00", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_picture_is_one_row_of_its_pixels(node: RunningNode) -> None:
    url = f"{node.url}/team/production/picture/predict"
    pixels = np.arange(8 * 6 * 3, dtype="uint8").reshape(8, 6, 3)
    for name, tolerance in (("png", 1e-4), ("jpeg", 3.0)):
        out = io.BytesIO()
        Image.fromarray(pixels).save(out, name, quality=95, subsampling=0)
        kind = {"Content-Type": f"image/{name}"}
        answer = node.client.post(url, content=out.getvalue(), headers=kind)
        means = answer.json()["predictions"][0]
        assert means == pytest.approx(pixels.mean(axis=(0, 1)).tolist(), abs=tolerance)
        cut = node.client.post(url, content=out.getvalue()[:40], headers=kind)
        assert (cut.status_code, cut.json()["code"]) == (422, "inference.invalid_rows")
    out = io.BytesIO()
    Image.new("RGB", (60, 80)).save(out, "png")
    large = node.client.post(url, content=out.getvalue(), headers={"Content-Type": "image/png"})
    assert "60 x 80 pixels, the model takes 6 x 8" in large.json()["detail"]
    document = node.client.get(f"{node.url}/team/production/picture/openapi.json").json()
    content = document["paths"]["/predict"]["post"]["requestBody"]["content"]
    assert {"application/json", "text/csv", NPY, ARROW, "image/png", "image/jpeg"} == set(content)
