"""Uploads and downloads: whole or not at all, small memory, no way out of the run."""

import hashlib
import os
import socket
import threading

import httpx
import psutil
import pytest

from modelyard_server.artifacts.ports import BlobStore

PROXY = "/api/2.0/mlflow-artifacts/artifacts"


@pytest.fixture
def client(workspace):
    return workspace.client("developer")


@pytest.fixture
def run_id(client):
    made = client.post("/api/2.0/mlflow/runs/create", json={"experiment_id": "0"})
    return made.json()["run"]["info"]["run_id"]


def stored_files(platform, workspace):
    folder = platform.settings.data_dir / "artifacts"
    kept = list((folder / "cas" / str(workspace.id)).rglob("*"))
    return [f for f in [*kept, *(folder / "incoming").iterdir()] if f.is_file()]


def test_a_file_is_served_whole_in_part_or_not_at_all(client, run_id):
    content = os.urandom(100_000)
    address = f"{PROXY}/runs/{run_id}/a/weights.bin"
    assert client.put(address, content=content).status_code == 200
    whole = client.get(address)
    assert whole.content == content
    assert whole.headers["content-disposition"].startswith("attachment")
    assert whole.headers["x-content-type-options"] == "nosniff"
    assert whole.headers["etag"] == f'"{hashlib.sha256(content).hexdigest()}"'
    part = client.get(address, headers={"Range": "bytes=-10"})
    assert (part.status_code, part.content) == (206, content[-10:])
    assert part.headers["content-range"] == "bytes 99990-99999/100000"
    assert client.get(address, headers={"If-None-Match": whole.headers["etag"]}).status_code == 304
    assert client.get(address, headers={"Range": "bytes=100000-"}).status_code == 400
    assert client.delete(f"{PROXY}/runs/{run_id}/a").status_code == 200
    assert client.get(address).status_code == 404


@pytest.mark.parametrize(
    ("name", "kind", "kept_as"),
    [
        ("a.txt", "text/plain", "filename=a.txt"),
        ("MLmodel", "text/plain", "filename=MLmodel"),
        ("model.pkl", "application/octet-stream", "filename=model.pkl"),
        ("dog+step+1.png", "image/png", "filename=dog+step+1.png"),
        ("page.html", "application/octet-stream", "filename=page.html"),
        ("größe 1.svg", "application/octet-stream", "filename*=UTF-8''gr%C3%B6%C3%9Fe%201.svg"),
    ],
)
def test_a_file_says_its_type_and_name_as_mlflow_does(client, run_id, name, kind, kept_as):
    assert client.put(f"{PROXY}/runs/{run_id}/{name}", content=b"x").status_code == 200
    asked = {"run_id": run_id, "path": name}
    for answer in (
        client.get(f"{PROXY}/runs/{run_id}/{name}"),
        client.get("/get-artifact", params=asked),
    ):
        assert answer.headers["content-type"] == kind
        assert answer.headers["content-disposition"].endswith(kept_as)
        assert answer.headers["content-security-policy"].startswith("sandbox")


def test_a_truncated_upload_leaves_nothing(live_server, platform, workspace, run_id):
    token = workspace.a_token("developer")
    address = f"{PROXY}/runs/{run_id}/half.bin"
    host, port = live_server.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as raw:
        raw.sendall(
            f"PUT {address} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
            f"Content-Length: 9000000\r\n\r\n".encode()
        )
        raw.sendall(b"x" * 5_000_000)
    headers = {"Authorization": f"Bearer {token}"}
    assert httpx.get(live_server + address, headers=headers, timeout=20).status_code == 404
    done = threading.Event()
    while stored_files(platform, workspace) and not done.wait(0.05):
        pass  # the server notices the closed connection on its own thread; the test has a timeout
    assert stored_files(platform, workspace) == []


@pytest.mark.parametrize(
    "path",
    [
        "%2e%2e/%2e%2e/etc/passwd",
        "%252e%252e/x",
        "a/..%2f..%2fx",
        "a%5c..%5cx",
        "a//x",
        "%2e/x",
        "a/%252e%252e%252fx",
        "a%00",
        "C:/x",
        "a%0ab",
    ],
)
def test_paths_that_climb_are_refused(client, run_id, platform, workspace, path):
    for below in (f"runs/{run_id}/", ""):
        answer = client.put(f"{PROXY}/{below}{path}", content=b"x")
        assert answer.status_code in {400, 404, 405}, answer.text
    assert stored_files(platform, workspace) == []


def test_a_name_is_a_file_or_a_folder_never_both(client, run_id):
    base = f"{PROXY}/runs/{run_id}"
    assert client.put(f"{base}/a/b", content=b"1").status_code == 200
    assert client.put(f"{base}/a", content=b"2").status_code == 409
    assert client.put(f"{base}/a/b/c", content=b"3").status_code == 409


def test_equal_content_stays_until_its_last_file_goes(client, run_id, platform, workspace):
    from modelyard_server.kernel.jobs import Worker

    base = f"{PROXY}/runs/{run_id}"
    for name in ("one", "two"):
        client.put(f"{base}/{name}", content=b"same")
    worker = Worker(platform.database, platform.services)
    for name, left in (("one", 1), ("two", 0)):
        assert client.delete(f"{base}/{name}").status_code == 200
        while worker.run_one():
            pass
        assert len(stored_files(platform, workspace)) == left


def test_another_tenant_reaches_no_file_by_its_path(client, run_id, platform):
    address = f"{PROXY}/runs/{run_id}/a.txt"
    client.put(address, content=b"ours")
    theirs = platform.a_workspace().client("admin")
    assert theirs.get(address).status_code == 404
    assert theirs.put(address, content=b"planted").status_code == 404
    assert theirs.delete(address).status_code == 404
    assert client.get(address).content == b"ours"


def test_content_that_vanished_from_the_store_is_told(client, run_id, platform, workspace):
    client.put(f"{PROXY}/runs/{run_id}/a.txt", content=b"gone")
    blobs = platform.services.get(BlobStore)
    blobs.delete(workspace.id, hashlib.sha256(b"gone").hexdigest())
    assert client.get(f"{PROXY}/runs/{run_id}/a.txt").status_code == 503


def blocks(count, size=1024 * 1024):
    block = os.urandom(size)
    for _ in range(count):
        yield block


def test_a_large_file_takes_constant_memory(server_process):
    server_process.start()
    headers = {"Authorization": f"Bearer {server_process.workspace.a_token('developer')}"}
    with httpx.Client(base_url=server_process.url, headers=headers, timeout=60) as client:
        run = client.post("/api/2.0/mlflow/runs/create", json={}).json()["run"]["info"]["run_id"]
        address = f"{PROXY}/runs/{run}/large.bin"
        client.put(f"{PROXY}/runs/{run}/warm.bin", content=blocks(8))
        memory = psutil.Process(server_process.pid)
        before = memory.memory_info().rss
        assert client.put(address, content=blocks(160)).status_code == 200
        with client.stream("GET", address) as answer:
            got = sum(len(chunk) for chunk in answer.iter_bytes())
        grown = memory.memory_info().rss - before
    assert got == 160 * 1024 * 1024
    assert grown < 48 * 1024 * 1024, f"grew by {grown / 2**20:.0f} MiB"


def test_a_full_disk_is_told_and_leaves_nothing(server_process):
    server_process.file_limit_bytes = 12 * 1024 * 1024
    server_process.start()
    headers = {"Authorization": f"Bearer {server_process.workspace.a_token('developer')}"}
    with httpx.Client(base_url=server_process.url, headers=headers, timeout=60) as client:
        run = client.post("/api/2.0/mlflow/runs/create", json={}).json()["run"]["info"]["run_id"]
        answer = client.put(f"{PROXY}/runs/{run}/large.bin", content=b"x" * 30 * 1024 * 1024)
        assert (answer.status_code, answer.json()["error_code"]) == (507, "RESOURCE_EXHAUSTED")
        assert client.get(f"{PROXY}/runs/{run}/large.bin").status_code == 404
        assert client.put(f"{PROXY}/runs/{run}/small.bin", content=b"x").status_code == 200
    assert not list((server_process.folder / "artifacts" / "incoming").iterdir())
