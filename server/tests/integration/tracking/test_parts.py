"""Files that come in parts: ours, MLflow's, resumed, forged, abandoned."""

import base64
import datetime as dt
import hashlib
import os
import threading
import uuid

import httpx
import pytest
from starlette.testclient import TestClient
from tests.make.fixtures import Platform, TeamSpace

import modelyard
from modelyard_server.artifacts import service as artifacts
from modelyard_server.artifacts import uploads
from modelyard_server.artifacts.models import Upload, UploadPart
from modelyard_server.artifacts.ports import BlobStore
from modelyard_server.identity.models import ApiToken
from modelyard_server.kernel.clock import utcnow
from modelyard_server.kernel.jobs import Job

API = "/api/2.0/mlflow"
MPU = "/api/2.0/mlflow-artifacts/mpu"
PROXY = "/api/2.0/mlflow-artifacts/artifacts"


def _a_run(client) -> str:
    return client.post(f"{API}/runs/create", json={}).json()["run"]["info"]["run_id"]


def _begun(client, path: str, size: int, **more: object) -> str:
    answer = client.post("/api/v1/uploads", json={"path": path, "size_bytes": size, **more})
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def test_parts_come_in_any_order_and_again(workspace: TeamSpace) -> None:
    client = workspace.client("developer")
    path = f"runs/{_a_run(client)}/big.bin"
    upload = _begun(client, path, 9, sha256=hashlib.sha256(b"one2three").hexdigest())

    for number, part in ((3, b"three"), (2, b"?"), (1, b"one"), (2, b"2")):
        sent = client.put(f"/api/v1/uploads/{upload}/parts/{number}", content=part)
        assert sent.headers["etag"] == f'"{hashlib.sha256(part).hexdigest()}"'
    listed = client.get(f"/api/v1/uploads/{upload}").json()["parts"]
    assert [(p["number"], p["size_bytes"]) for p in listed] == [(1, 3), (2, 1), (3, 5)]
    done = client.post(f"/api/v1/uploads/{upload}/complete")

    assert done.json()["path"] == path
    assert client.get(f"{PROXY}/{path}").content == b"one2three"
    assert client.get(f"/api/v1/uploads/{upload}").json()["code"] == "artifacts.upload_missing"


@pytest.mark.parametrize(
    ("parts", "more", "code"),
    [
        ({1: b"one", 3: b"three"}, {}, "artifacts.parts_incomplete"),
        ({1: b"one"}, {}, "artifacts.parts_incomplete"),
        ({1: b"one2", 2: b"three"}, {"sha256": "0" * 64}, "artifacts.digest_mismatch"),
        ({1: b"one2three and more"}, {}, "artifacts.part_refused"),
        ({0: b"one2three"}, {}, "artifacts.part_refused"),
    ],
)
def test_what_is_not_the_announced_file_is_refused(workspace, parts, more, code):
    client = workspace.client("developer")
    path = f"runs/{_a_run(client)}/big.bin"
    upload = _begun(client, path, 9, **more)

    answers = [
        client.put(f"/api/v1/uploads/{upload}/parts/{number}", content=part)
        for number, part in parts.items()
    ]
    answers.append(client.post(f"/api/v1/uploads/{upload}/complete"))

    assert code in [answer.json()["code"] for answer in answers if answer.status_code >= 400]
    assert client.get(f"{PROXY}/{path}").status_code == 404


def test_damaged_part_is_not_kept(workspace: TeamSpace) -> None:
    client = workspace.client("developer")
    path = f"runs/{_a_run(client)}/big.bin"
    upload = _begun(client, path, 4)
    stated = base64.b64encode(hashlib.sha256(b"good").digest()).decode()
    headers = {"Content-Digest": f"sha-256=:{stated}:"}
    url = f"/api/v1/uploads/{upload}/parts/1"

    refused = client.put(url, content=b"evil", headers=headers)
    whole = client.put(f"{PROXY}/{path}", content=b"evil", headers=headers)

    assert refused.json()["code"] == "artifacts.digest_mismatch"
    assert whole.status_code == 400
    assert client.get(f"/api/v1/uploads/{upload}").json()["parts"] == []
    blobs = workspace.platform.services.get(BlobStore)
    assert not blobs.exists(workspace.id, hashlib.sha256(b"evil").hexdigest())
    assert client.put(url, content=b"good", headers=headers).status_code == 204


@pytest.mark.parametrize("path", ["../x", "runs/../x", "versions/1/x", "runs/%2e%2e/x", "/etc/x"])
def test_traversal_is_refused(workspace: TeamSpace, path: str) -> None:
    client = workspace.client("developer")
    refused = client.post("/api/v1/uploads", json={"path": path, "size_bytes": 1})
    assert (refused.status_code, refused.json()["code"]) == (422, "artifacts.path_refused")


def _created(client, run: str, parts: int = 2) -> tuple[str, list[str]]:
    body = {"path": "C:\\data\\big.bin", "num_parts": parts}
    made = client.post(f"{MPU}/create/runs/{run}/files", json=body).json()
    return made["upload_id"], [c["url"] for c in made["credentials"]]


def test_signed_links_need_no_token_and_end_with_it(workspace: TeamSpace) -> None:
    client = workspace.client("developer")
    run = _a_run(client)
    upload, links = _created(client, run)
    anybody = TestClient(workspace.platform.app, raise_server_exceptions=False)

    assert anybody.put(links[0], content=b"half ").status_code == 204
    for forged in (
        links[0].replace("/parts/1", "/parts/2"),
        links[0].replace(upload, str(uuid.uuid4())),
        links[1].replace("signature=", "signature=0"),
        links[1].replace("until=", "until=9"),
    ):
        assert anybody.put(forged, content=b"evil").status_code == 401, forged
    with workspace.platform.database.platform_session() as db:
        token = db.query(ApiToken).where(ApiToken.token_workspace_id == workspace.id).one()
        token.revoked_at = utcnow()
    assert anybody.put(links[1], content=b"it").status_code == 401


def test_completing_lists_the_parts_that_arrived(workspace: TeamSpace) -> None:
    client = workspace.client("developer")
    run = _a_run(client)
    upload, links = _created(client, run)
    etags = [
        client.put(link, content=part).headers["etag"]
        for link, part in zip(links, (b"half ", b"it"), strict=True)
    ]
    body = {"path": "big.bin", "upload_id": upload}

    def complete(listed: list[str], folder: str = "files") -> httpx.Response:
        parts = [{"part_number": n, "etag": etag} for n, etag in enumerate(listed, start=1)]
        return client.post(f"{MPU}/complete/runs/{run}/{folder}", json={**body, "parts": parts})

    assert complete(etags[:1]).status_code == 409
    assert complete([etags[1], etags[0]]).status_code == 409
    assert complete(etags, folder="elsewhere").status_code == 404
    assert complete(etags).status_code == 200
    assert client.get(f"{PROXY}/runs/{run}/files/big.bin").content == b"half it"


def test_abandoned_parts_are_removed_after_a_day(platform: Platform, workspace: TeamSpace) -> None:
    client = workspace.client("developer")
    upload = uuid.UUID(_begun(client, f"runs/{_a_run(client)}/big.bin", 8))
    client.put(f"/api/v1/uploads/{upload}/parts/1", content=b"half")
    blobs = platform.services.get(BlobStore)
    digest = hashlib.sha256(b"half").hexdigest()

    with platform.database.session(workspace.id) as db:
        uploads.forget_abandoned(db, upload)  # somebody sent something today
        assert uploads.get(db, upload)
        uploads.get(db, upload).changed_at = utcnow() - dt.timedelta(hours=25)
        db.flush()
        uploads.forget_abandoned(db, upload)
        assert db.query(Upload).all() == db.query(UploadPart).all() == []
    assert blobs.exists(workspace.id, digest)
    with platform.database.platform_session() as db:
        waiting = db.query(Job).where(Job.owner_workspace_id == workspace.id).all()
        assert {j.kind for j in waiting} >= {"artifacts.collect", "artifacts.forget_abandoned"}
    with platform.database.session(workspace.id) as db:
        assert artifacts.remove_if_unused(db, blobs, digest)


@pytest.mark.parametrize("victim", ["client", "server"])
def test_upload_and_download_go_on_after_a_kill(server_process, monkeypatch, tmp_path, victim):
    """Four parts: the second is cut off; going on sends the rest only."""
    monkeypatch.setenv("MODELYARD_ARTIFACT_PART_MB", "1")
    server_process.start()
    token = server_process.workspace.a_token("developer")
    file = tmp_path / "big.bin"
    file.write_bytes(os.urandom(3_500_000))
    client = modelyard.Client(server_process.url, token)
    run = client._transport.post(f"{API}/runs/create")["run"]["info"]["run_id"]
    path, cut = f"runs/{run}/big.bin", threading.Event()

    def stop(done: int, _size: int) -> None:
        if done >= 2_000_000 and not cut.is_set():
            cut.set()
            if victim == "server":
                server_process.restart()
            raise KeyboardInterrupt

    sent: list[int] = []
    with pytest.raises(KeyboardInterrupt):
        client.artifacts.upload(file, path, progress=stop)
    client = modelyard.Client(server_process.url, token)
    send = client.artifacts._send
    monkeypatch.setattr(client.artifacts, "_send", lambda *a: (sent.append(1), send(*a)))
    stored = client.artifacts.upload(file, path)

    assert len(sent) == 2
    assert stored.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    (tmp_path / "copy.bin.part").write_bytes(file.read_bytes()[:1_234_567])
    first: list[int] = []
    client.artifacts.download(
        path, tmp_path / "copy.bin", progress=lambda done, _size: first.append(done)
    )
    assert first[0] > 1_234_567
    assert (tmp_path / "copy.bin").read_bytes() == file.read_bytes()
