"""Artifacts in an S3-compatible store, through the same routes as in a folder."""

import datetime as dt
import hashlib
import os
import socket
from collections.abc import Iterator
from typing import Any

import boto3
import httpx
import pytest
from moto.server import ThreadedMotoServer
from starlette.testclient import TestClient
from tests.make.fixtures import Platform, TeamSpace, make_platform
from tests.make.installation import a_free_port, wait_for
from tests.make.live import serving
from tests.make.registry import a_real_package, model_id, registered

from modelyard_server.artifacts.ports import BlobStore
from modelyard_server.kernel.jobs import Worker
from modelyard_server.registry import preparation

PROXY = "/api/2.0/mlflow-artifacts/artifacts"
BUCKET, PREFIX = "models", "team/artifacts"
KEYS = {"s3_access_key_id": "someone", "s3_secret_access_key": "s3cret"}


@pytest.fixture(scope="module")
def service() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="module")
def bucket(service: str) -> Any:
    client = boto3.client(
        "s3",
        endpoint_url=service,
        region_name="us-east-1",
        aws_access_key_id=KEYS["s3_access_key_id"],
        aws_secret_access_key=KEYS["s3_secret_access_key"],
    )
    client.create_bucket(Bucket=BUCKET)
    return client


@pytest.fixture(scope="module")
def platform(
    bucket: Any, service: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Platform]:
    folder = tmp_path_factory.mktemp("s3")
    made = make_platform(
        f"sqlite:///{folder / 'modelyard.db'}",
        folder,
        artifact_store=f"s3://{BUCKET}/{PREFIX}",
        s3_endpoint=service,
        **KEYS,
    )
    yield made
    made.database.engine.dispose()


@pytest.fixture
def client(workspace: TeamSpace) -> TestClient:
    return workspace.client("developer")


@pytest.fixture
def run(client: TestClient) -> str:
    made = client.post("/api/2.0/mlflow/runs/create", json={"experiment_id": "0"})
    return f"{PROXY}/runs/{made.json()['run']['info']['run_id']}"


def _stored(bucket: Any, workspace: TeamSpace) -> set[str]:
    found = bucket.list_objects_v2(Bucket=BUCKET, Prefix=f"{PREFIX}/{workspace.id}/")
    return {entry["Key"].rsplit("/", 1)[1] for entry in found.get("Contents", [])}


def _spooled(platform: Platform) -> list[Any]:
    return list((platform.settings.data_dir / "artifacts" / "incoming").iterdir())


def test_a_file_goes_up_in_parts_and_comes_back_whole_or_by_range(
    client: TestClient, run: str, bucket: Any, workspace: TeamSpace, platform: Platform
) -> None:
    content = os.urandom(12_000_000)  # more than one part, more than one read
    assert client.put(f"{run}/weights.bin", content=content).status_code == 200

    assert client.get(f"{run}/weights.bin").content == content
    part = client.get(f"{run}/weights.bin", headers={"Range": "bytes=9000000-9000009"})
    assert (part.status_code, part.content) == (206, content[9_000_000:9_000_010])
    last = client.get(f"{run}/weights.bin", headers={"Range": "bytes=-5"})
    assert last.content == content[-5:]
    assert _stored(bucket, workspace) == {hashlib.sha256(content).hexdigest()}
    assert _spooled(platform) == []


def test_a_deleted_file_leaves_the_bucket(
    client: TestClient, run: str, bucket: Any, workspace: TeamSpace, platform: Platform
) -> None:
    client.put(f"{run}/a.txt", content=b"a")
    client.put(f"{run}/empty.txt", content=b"")
    assert client.get(f"{run}/empty.txt").content == b""
    assert len(_stored(bucket, workspace)) == 2
    for name in ("a.txt", "empty.txt"):
        assert client.delete(f"{run}/{name}").status_code == 200
    worker = Worker(platform.database, platform.services)
    while worker.run_one():
        pass

    assert client.get(f"{run}/a.txt").status_code == 404
    assert _stored(bucket, workspace) == set()


def test_garbage_leaves_the_bucket_unless_it_arrives_again(
    client: TestClient, run: str, bucket: Any, workspace: TeamSpace, platform: Platform
) -> None:
    blobs = platform.services.get(BlobStore)  # type: ignore[type-abstract]
    client.put(f"{run}/kept.txt", content=b"kept")
    garbage, again = (blobs.receive(workspace.id, [word]) for word in (b"garbage", b"again"))
    [listed] = [one for one in blobs.every(workspace.id) if one.sha256 == garbage.sha256]
    assert listed.size_bytes == len(b"garbage")
    marked_at = listed.arrived_at + dt.timedelta(seconds=1)

    assert blobs.delete_unless_newer(workspace.id, garbage.sha256, marked_at)
    hour = dt.timedelta(hours=1)
    assert not blobs.delete_unless_newer(workspace.id, again.sha256, marked_at - hour)

    assert _stored(bucket, workspace) == {hashlib.sha256(b"kept").hexdigest(), again.sha256}
    assert list(blobs.every(workspace.id + 1_000_000)) == []


def test_a_truncated_upload_leaves_nothing(
    platform: Platform, workspace: TeamSpace, run: str, bucket: Any
) -> None:
    token = workspace.a_token("developer")
    with serving(platform.app) as url:
        host, port = url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as raw:
            head = f"PUT {run}/half.bin HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
            raw.sendall(f"{head}Content-Length: 9000000\r\n\r\n".encode() + b"x" * 5_000_000)
            wait_for(lambda: _spooled(platform), 10, lambda: "The upload did not begin.")
        wait_for(lambda: not _spooled(platform), 20, lambda: str(_spooled(platform)))
        headers = {"Authorization": f"Bearer {token}"}
        assert httpx.get(f"{url}{run}/half.bin", headers=headers, timeout=60).status_code == 404
    assert _stored(bucket, workspace) == set()


def test_a_model_is_registered_from_and_materialised_out_of_the_bucket(
    client: TestClient, platform: Platform, workspace: TeamSpace, tmp_path: Any
) -> None:
    registered(client, "churn", a_real_package(tmp_path / "m"))

    known = model_id(client, "churn")
    prepared = preparation.materialise(platform.services, workspace.id, known, 1)

    assert (prepared.model_dir / "MLmodel").is_file()
    assert not list(prepared.model_dir.parent.glob("*.lock"))


def test_content_missing_in_the_bucket_is_told(
    client: TestClient, run: str, platform: Platform, workspace: TeamSpace
) -> None:
    client.put(f"{run}/a.txt", content=b"gone")
    blobs = platform.services.get(BlobStore)  # type: ignore[type-abstract]
    blobs.delete(workspace.id, hashlib.sha256(b"gone").hexdigest())

    assert client.get(f"{run}/a.txt").status_code == 503


@pytest.mark.parametrize("fault", ["no such bucket", "does not answer"])
def test_an_unreachable_store_refuses_an_upload_and_keeps_nothing(
    service: str, tmp_path_factory: pytest.TempPathFactory, fault: str
) -> None:
    folder = tmp_path_factory.mktemp("unreachable")
    endpoint = service if fault == "no such bucket" else f"http://127.0.0.1:{a_free_port()}"
    made = make_platform(
        f"sqlite:///{folder / 'modelyard.db'}",
        folder,
        artifact_store="s3://nowhere",
        s3_endpoint=endpoint,
        **KEYS,
    )
    client = made.a_workspace().client("developer")
    created = client.post("/api/2.0/mlflow/runs/create", json={"experiment_id": "0"}).json()
    address = f"{PROXY}/runs/{created['run']['info']['run_id']}/a.txt"

    refused = client.put(address, content=b"x")
    assert refused.status_code == 503
    assert fault in refused.text
    assert client.get(address).status_code == 404
    assert _spooled(made) == []
    made.database.engine.dispose()
