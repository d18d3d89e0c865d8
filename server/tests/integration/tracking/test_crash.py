"""`kill -9`: what was acknowledged is there afterwards, and nothing is half there."""

import hashlib
import os
import threading

import httpx

API = "/api/2.0/mlflow"
PROXY = "/api/2.0/mlflow-artifacts/artifacts"


def test_acknowledged_batches_and_files_survive_a_kill(server_process):
    server_process.start()
    headers = {"Authorization": f"Bearer {server_process.workspace.a_token('developer')}"}
    with httpx.Client(base_url=server_process.url, headers=headers, timeout=60) as client:
        run = client.post(f"{API}/runs/create", json={}).json()["run"]["info"]["run_id"]
    batches, files = [], {}
    killed_after = threading.Event()

    def log_points():
        with httpx.Client(base_url=server_process.url, headers=headers, timeout=60) as client:
            for number in range(10_000):
                points = [
                    {"key": "loss", "value": step, "timestamp": 1, "step": number * 100 + step}
                    for step in range(100)
                ]
                client.post(f"{API}/runs/log-batch", json={"run_id": run, "metrics": points})
                batches.append(number)

    def log_files():
        with httpx.Client(base_url=server_process.url, headers=headers, timeout=60) as client:
            for number in range(10_000):
                content = os.urandom(300_000)
                path = f"runs/{run}/files/{number}.bin"
                client.put(f"{PROXY}/{path}", content=content)
                files[path] = hashlib.sha256(content).hexdigest()
                if number > 5 and len(batches) > 5:
                    killed_after.set()

    threads = [threading.Thread(target=_until_broken, args=(w,)) for w in (log_points, log_files)]
    for thread in threads:
        thread.start()
    assert killed_after.wait(60)
    server_process.kill()
    for thread in threads:
        thread.join(30)
    (server_process.folder / "artifacts/incoming/0.part").write_bytes(b"half a file")
    server_process.start()

    assert not list((server_process.folder / "artifacts/incoming").iterdir())
    with httpx.Client(base_url=server_process.url, headers=headers, timeout=30) as client:
        history = client.get(
            f"{API}/metrics/get-history", params={"run_id": run, "metric_key": "loss"}
        ).json()["metrics"]
        steps = {point["step"] for point in history}
        assert {n * 100 + s for n in batches for s in range(100)} <= steps
        assert len(steps) % 100 == 0  # a batch is there whole or not at all
        for path, digest in files.items():
            assert hashlib.sha256(client.get(f"{PROXY}/{path}").content).hexdigest() == digest


def _until_broken(work):
    try:
        work()
    except httpx.HTTPError:
        return
