"""Writes that share a transaction: each is accepted or refused alone, and kept once answered."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
import uvicorn
from tests.make.fixtures import Platform, TeamSpace

from modelyard_server import cli
from modelyard_server.identity.models import ApiToken
from modelyard_server.kernel.clock import utcnow

API = "/api/2.0/mlflow"


class Writer:
    """A client with a run of its own."""

    def __init__(self, url: str, token: str) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        self.http = httpx.Client(base_url=url, headers=headers, timeout=60)
        self.run = self.http.post(f"{API}/runs/create", json={}).json()["run"]["info"]["run_id"]

    def log(self, first: int, *, key: str = "loss", param: str | None = None) -> httpx.Response:
        points = [
            {"key": key, "value": step, "timestamp": 1, "step": step}
            for step in range(first, first + 130)
        ]
        body: dict[str, object] = {"run_id": self.run, "metrics": points}
        body |= {"params": [{"key": "lr", "value": param}]} if param else {}
        return self.http.post(f"{API}/runs/log-batch", json=body)

    def steps(self, key: str = "loss") -> list[int]:
        asked = {"run_id": self.run, "metric_key": key}
        answer = self.http.get(f"{API}/metrics/get-history", params=asked).json()
        return [point["step"] for point in answer.get("metrics", [])]


def test_refused_batch_takes_nothing_with_it(live_server: str, platform: Platform) -> None:
    """Eight clients of two workspaces at once; every third batch changes a parameter."""
    spaces = [platform.a_workspace(), platform.a_workspace()]
    writers = [Writer(live_server, spaces[n % 2].a_token("developer")) for n in range(8)]

    def work(writer: Writer) -> list[int]:
        return [
            writer.log(n * 130, key=f"only-{n}", param=f"{n % 3 // 2}").status_code
            for n in range(6)
        ]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(work, writers))

    assert answers == [[200, 200, 400, 200, 200, 400]] * 8
    for writer in writers:
        for n in range(6):
            kept = [] if n % 3 == 2 else list(range(n * 130, n * 130 + 130))
            assert writer.steps(f"only-{n}") == kept


def test_concurrent_batches_on_one_run_keep_the_latest(live_server: str, workspace: TeamSpace):
    writer = Writer(live_server, workspace.a_token("developer"))

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: writer.log(n * 130), [*range(8), *range(8)]))

    assert {answer.status_code for answer in answers} == {200}
    assert writer.steps() == list(range(1040))
    found = writer.http.get(f"{API}/runs/get", params={"run_id": writer.run}).json()
    assert [m["step"] for m in found["run"]["data"]["metrics"]] == [1039]


def test_revoked_token_is_refused_at_once(platform: Platform, workspace: TeamSpace) -> None:
    client = workspace.client("developer")
    run = client.post(f"{API}/runs/create", json={}).json()["run"]["info"]["run_id"]
    point = {"run_id": run, "key": "loss", "value": "NaN", "timestamp": 1, "step": 0}
    assert client.post(f"{API}/runs/log-metric", json=point).status_code == 200

    with platform.database.platform_session() as db:
        made = db.query(ApiToken).where(ApiToken.token_workspace_id == workspace.id).one()
        made.revoked_at = utcnow()

    answer = client.post(f"{API}/runs/log-metric", json=point)
    assert (answer.status_code, answer.json()["error_code"]) == (401, "UNAUTHENTICATED")


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"Authorization": ""}, 401, "UNAUTHENTICATED"),
        ({"X-MLflow-Workspace": "somebody-elses"}, 400, "INVALID_PARAMETER_VALUE"),
        ({}, 404, "RESOURCE_DOES_NOT_EXIST"),
    ],
)
def test_hot_routes_refuse_as_all_do(workspace, headers, status, code):
    body = {"run_id": "0" * 32, "key": "loss", "value": 1, "timestamp": 1}

    answer = workspace.client("developer").post(
        f"{API}/runs/log-metric", json=body, headers=headers
    )

    assert (answer.status_code, answer.json()["error_code"]) == (status, code)


@pytest.mark.parametrize("wrong", [{"step": 2**63}, {"timestamp": -(2**63) - 1}])
def test_number_out_of_range_is_refused(workspace, wrong):
    client = workspace.client("developer")
    run = client.post(f"{API}/runs/create", json={}).json()["run"]["info"]["run_id"]
    body = {"run_id": run, "key": "loss", "value": 1, "timestamp": 1, "step": 1} | wrong

    answer = client.post(f"{API}/runs/log-metric", json=body)

    assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")


def test_every_acknowledged_point_survives_a_kill(server_process):
    """`kill -9` under eight writers; what was answered 200 is there, batches whole."""
    server_process.start()
    token = server_process.workspace.a_token("developer")
    writers = [Writer(server_process.url, token) for _ in range(8)]
    acknowledged: list[list[int]] = [[] for _ in writers]
    is_busy = threading.Event()

    def work(place: int) -> None:
        for number in range(100_000):
            try:
                if writers[place].log(number * 130).status_code != 200:
                    return
            except httpx.HTTPError:
                return
            acknowledged[place].append(number)
            if all(len(done) >= 5 for done in acknowledged):
                is_busy.set()

    threads = [threading.Thread(target=work, args=(place,)) for place in range(8)]
    for thread in threads:
        thread.start()
    assert is_busy.wait(60)
    server_process.kill()
    for thread in threads:
        thread.join(30)
    server_process.start()

    for writer, done in zip(writers, acknowledged, strict=True):
        writer.http.base_url = server_process.url
        steps = writer.steps()
        assert set(range(len(done) * 130)) <= set(steps)
        assert len(steps) % 130 == 0


def test_kept_alive_answers_do_not_wait_for_an_ack(platform: Platform) -> None:
    """The socket we bind ourselves switches Nagle's algorithm off: it cost 40 ms an answer."""
    listener = cli._bound("127.0.0.1", 0)
    listener.listen(16)
    config = uvicorn.Config(platform.app, log_level="error", loop="asyncio")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    times = []
    with httpx.Client(
        base_url=f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=60
    ) as client:
        for _ in range(20):
            begun = time.perf_counter()
            assert client.get("/health").status_code == 200
            times.append(time.perf_counter() - begun)
    server.should_exit = True
    thread.join(15)
    listener.close()

    assert min(times[1:]) < 0.03
