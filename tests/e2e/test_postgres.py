"""The main job on PostgreSQL with several API processes: the same path, `kill -9` in between."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress

import httpx
import psutil
import pytest

from tests.make.installation import Installation, an_installation, wait_for
from tests.make.journey import Member, an_owner, predict
from tests.make.redis import redis_server

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def installation(
    postgres_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("installation")
    with redis_server(folder) as (redis_url, _):
        settings = {
            "MODELYARD_DATABASE_URL": _a_database(postgres_url),
            "MODELYARD_REDIS_URL": redis_url,
            "MODELYARD_API_PROCESSES": "3",
        }
        with an_installation(folder, **settings) as made:
            yield made


def _a_database(url: str) -> str:
    """Make a database of its own: an installation begins with an empty one."""
    import psycopg

    with psycopg.connect(url.replace("modelyard@", "postgres@", 1), autocommit=True) as connection:
        connection.execute("CREATE DATABASE main_job OWNER modelyard")
    return url.replace("/modelyard?", "/main_job?", 1)


@pytest.fixture(scope="module")
def owner(installation: Installation) -> Member:
    return an_owner(installation)


def _drift(owner: Member, deployment: str) -> str:
    return str(owner.get(f"/deployments/{deployment}/drift", window="1h")["verdict"])


def _answers(url: str, key: str) -> bool:
    with suppress(httpx.HTTPError):
        return predict(url, key).status_code == 200
    return False


def test_main_job_works_on_postgresql_and_survives_a_kill(
    installation: Installation, owner: Member
) -> None:
    owner.run_example("quickstart.py")
    deployment = owner.deploy("breast-cancer")
    url, key = deployment["url"], owner.a_key(deployment["id"])
    assert not (installation.folder / "data/modelyard.db").exists()

    assert predict(url, key).json()["predictions"] == [0]
    owner.run_example("replay.py", "--url", url, "--key", key, "--drift", "--seed", "2")
    wait_for(
        lambda: _drift(owner, deployment["id"]) == "drifting",
        30,
        lambda: str(owner.get(f"/deployments/{deployment['id']}/drift", window="1h")),
    )

    installation.kill()
    os.kill(installation.node_pid(), signal.SIGKILL)
    installation.start()

    wait_for(lambda: _answers(url, key), 40, lambda: installation.output[-3000:])
    log = f"/deployments/{deployment['id']}/predictions"
    latest = predict(url, key).json()["prediction_id"]
    wait_for(
        lambda: latest in {p["id"] for p in owner.get(log, limit=50)["items"]},
        20,
        lambda: "The call after the restart is not in the log.",
    )
    actions = {entry["action"] for entry in owner.get("/audit", limit=200)["items"]}
    assert {"deployment.create", "deployments.live", "traffic.create_key"} <= actions


def _answering(installation: Installation) -> list[psutil.Process]:
    """Give the processes that answer the API, the first one first."""
    assert installation.process is not None
    first = psutil.Process(installation.process.pid)
    return [first, *(one for one in first.children() if _answers_too(one))]


def _answers_too(process: psutil.Process) -> bool:
    with suppress(psutil.Error):  # one that has just ended
        return "answer" in process.cmdline()
    return False


def _connected(installation: Installation, process: psutil.Process) -> bool:
    return any(
        one.status == "ESTABLISHED" and one.laddr.port == installation.port
        for one in process.net_connections("tcp")
    )


def _is_shared(installation: Installation, pool: ThreadPoolExecutor) -> bool:
    """Tell whether each process has one of some new connections."""
    with ExitStack() as stack:
        clients = [stack.enter_context(httpx.Client(timeout=60)) for _ in range(24)]
        list(pool.map(lambda one: one.get(f"{installation.url}/readyz"), clients))
        return all(_connected(installation, one) for one in _answering(installation))


def _log_points(owner: Member, run_id: str, first_step: int) -> None:
    metrics = [
        {"key": "loss", "value": 0.5, "timestamp": 1, "step": first_step + n} for n in range(100)
    ]
    answer = httpx.post(
        f"{owner.installation.url}/api/2.0/mlflow/runs/log-batch",
        json={"run_id": run_id, "metrics": metrics},
        headers={"Authorization": f"Bearer {owner.token}"},
        timeout=60,
    )
    assert answer.status_code == 200, answer.text


def test_processes_share_the_work_and_a_killed_one_comes_back(
    installation: Installation, owner: Member
) -> None:
    wait_for(lambda: len(_answering(installation)) == 3, 20, lambda: installation.output[-3000:])
    before = {one.pid for one in _answering(installation)}
    api = f"{installation.url}/api/2.0/mlflow"
    headers = {"Authorization": f"Bearer {owner.token}"}
    run = httpx.post(f"{api}/runs/create", json={"experiment_id": "0"}, headers=headers).json()
    run_id = run["run"]["info"]["run_id"]

    with ThreadPoolExecutor(12) as pool:
        wait_for(
            lambda: _is_shared(installation, pool), 20, lambda: "One process takes all connections."
        )
        list(pool.map(lambda n: _log_points(owner, run_id, n * 100), range(24)))
    history = httpx.get(
        f"{api}/metrics/get-history",
        params={"run_id": run_id, "metric_key": "loss", "max_results": 10_000},
        headers=headers,
        timeout=60,
    ).json()["metrics"]
    assert sorted(point["step"] for point in history) == list(range(2400))

    killed = _answering(installation)[-1]
    killed.kill()
    wait_for(
        lambda: len({one.pid for one in _answering(installation)} - before) == 1,
        20,
        lambda: installation.output[-3000:],
    )
    assert owner.get("/workspaces")
