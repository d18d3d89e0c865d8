"""`kill -9` of any process in the middle of the main job, then start again: nothing is lost."""

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
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with an_installation(tmp_path_factory.mktemp("installation")) as made:
        yield made


@pytest.fixture(scope="module")
def owner(installation: Installation) -> Member:
    made = an_owner(installation)
    made.run_example("quickstart.py")
    return made


@pytest.fixture(scope="module")
def deployment(owner: Member) -> dict:
    return owner.deploy("breast-cancer")


@pytest.fixture(scope="module")
def key(owner: Member, deployment: dict) -> str:
    return owner.a_key(deployment["id"])


def _answers(url: str, key: str) -> bool:
    with suppress(httpx.HTTPError):
        return predict(url, key).status_code == 200
    return False


def test_gateway_serves_while_the_control_plane_is_dead_and_every_call_is_logged(
    installation: Installation, owner: Member, deployment: dict, key: str
) -> None:
    wait_for(lambda: _answers(deployment["url"], key), 15, lambda: installation.output[-3000:])
    installation.kill()

    answers = [predict(deployment["url"], key) for _ in range(20)]
    installation.start()

    assert [a.status_code for a in answers] == [200] * 20
    ids = {a.json()["prediction_id"] for a in answers}
    log = f"/deployments/{deployment['id']}/predictions"
    wait_for(
        lambda: ids <= {p["id"] for p in owner.get(log, limit=100)["items"]},
        20,
        lambda: f"{len(ids)} calls, logged: {owner.get(log, limit=100)}",
    )


def test_killed_node_comes_back_with_its_deployments(
    installation: Installation, owner: Member, deployment: dict, key: str
) -> None:
    before = installation.node_pid()
    os.kill(before, signal.SIGKILL)

    wait_for(lambda: installation.node_pid() != before, 20, lambda: "The node was not restarted.")
    wait_for(lambda: _answers(deployment["url"], key), 30, lambda: installation.output[-3000:])


def test_everything_killed_in_the_middle_of_a_rollout_finishes_after_a_restart(
    installation: Installation, owner: Member, deployment: dict, key: str
) -> None:
    owner.run_example("quickstart.py", "--C", "0.01")
    owner.post(f"/deployments/{deployment['id']}/revisions", {"version": 2})
    installation.kill()
    os.kill(installation.node_pid(), signal.SIGKILL)

    installation.start()

    now = owner.until_live(deployment["id"], version=2, seconds=120)
    wait_for(lambda: _answers(deployment["url"], key), 30, lambda: installation.output[-3000:])
    assert predict(deployment["url"], key).json()["version"] == 2
    assert now["previous_good_revision"] == 1
    assert owner.model("breast-cancer")["version_count"] == 2
    actions = {e["action"] for e in owner.get("/audit", limit=200)["items"]}
    assert "deployment.create" in actions
    experiment = next(e for e in owner.get("/experiments")["items"] if e["name"] == "breast-cancer")
    assert experiment["run_count"] == 2


def test_graceful_stop_takes_the_node_along_and_a_start_brings_deployments_back(
    installation: Installation, owner: Member, deployment: dict, key: str
) -> None:
    installation.stop()
    assert not _answers(deployment["url"], key)

    installation.start()

    wait_for(lambda: _answers(deployment["url"], key), 30, lambda: installation.output[-3000:])
