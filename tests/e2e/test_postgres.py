"""The main job with PostgreSQL instead of SQLite: the same path, and `kill -9` in between."""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress

import httpx
import pytest

from tests.make.installation import Installation, an_installation, wait_for
from tests.make.journey import Member, an_owner, predict

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def installation(
    postgres_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("installation")
    with an_installation(folder, MODELYARD_DATABASE_URL=_a_database(postgres_url)) as made:
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
