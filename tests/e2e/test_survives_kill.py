"""`kill -9` of any process in the middle of the main job, then start again: nothing is lost."""

import json
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.make import patchy, replay
from tests.make.installation import Installation, an_installation, wait_for
from tests.make.journey import Member, an_owner, example_row, predict

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
    client = owner.post("/oauth-clients", {"name": "shop"})
    secret = (client["client_id"], client["client_secret"])
    form = {"grant_type": "client_credentials"}
    told = httpx.post(f"{installation.url}/oauth/token", data=form, auth=secret, timeout=30)
    token = told.json()["access_token"]
    installation.kill()

    answers = [predict(deployment["url"], one) for one in (key, token) * 10]
    installation.start()

    assert [a.status_code for a in answers] == [200] * 20
    ids = {a.json()["prediction_id"] for a in answers}
    log = f"/deployments/{deployment['id']}/predictions"
    wait_for(
        lambda: ids <= {p["id"] for p in owner.get(log, limit=100)["items"]},
        20,
        lambda: f"{len(ids)} calls, logged: {owner.get(log, limit=100)}",
    )
    logged = owner.get(log, limit=100)["items"]
    assert {p["key_name"] for p in logged if p["id"] in ids} == {"test", "shop"}
    owner.http.delete(f"/oauth-clients/{client['id']}").raise_for_status()
    refused = lambda: predict(deployment["url"], token).status_code == 401  # noqa: E731
    wait_for(refused, 15, lambda: "A revoked client's token still opens.")


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


def test_rows_replayed_while_the_control_plane_dies_are_counted_to_the_last(
    installation: Installation, owner: Member, tmp_path: Path
) -> None:
    owner.run_example("../tests/make/patchy.py")
    deployment = owner.deploy(patchy.NAME)
    path, truth = f"/deployments/{deployment['id']}", replay.Truth()
    before = owner.get(f"{path}/capture")["dropped_records"]
    sender = replay.Sender(deployment["url"], owner.a_key(deployment["id"]))
    replay.replay(sender, 10_000, truth)
    installation.kill()
    replay.replay(sender, 10_000, truth, seed=2)
    sender.close()
    installation.start()

    wait_for(
        lambda: replay.counted(owner, deployment["id"]) >= 20_000,
        60,
        lambda: f"Counted: {replay.counted(owner, deployment['id'])}",
    )
    assert truth.statuses == {200: 19_600, 422: 400}
    assert replay.differing_counts(owner, deployment["id"], truth) == []
    assert replay.differing_columns(owner, deployment["id"], truth) == []
    assert replay.differing_drift(owner, deployment["id"], truth) == []
    capture = owner.get(f"{path}/capture")
    assert (capture["dropped_records"], capture["capture_error"]) == (before, None)


def _logged(owner: Member, path: str) -> list[str]:
    found: list[str] = []
    page: dict[str, Any] = {"next_cursor": ""}
    while (cursor := page["next_cursor"]) is not None:
        page = owner.get(f"{path}/predictions", limit=200, **({"cursor": cursor} if cursor else {}))
        found += [one["id"] for one in page["items"]]
    return found


class Callers:
    """Call without pause, from several threads; keep the ids of answers."""

    def __init__(self, url: str, key: str) -> None:
        self._url, self._key = f"{url}/predict", key
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._call) for _ in range(4)]
        self.answered: set[str] = set()
        self.unanswered: list[str] = []

    def _call(self) -> None:
        with httpx.Client(headers={"Authorization": f"Bearer {self._key}"}, timeout=60) as http:
            while not self._stop.is_set():
                try:
                    answer = http.post(self._url, json={"row": example_row()})
                except httpx.ConnectError:
                    self._stop.wait(0.02)
                except httpx.HTTPError as error:  # answered and recorded all the same, perhaps
                    self.unanswered.append(str(error))
                else:
                    self.answered |= {answer.headers.get("X-Prediction-Id", "")} - {""}

    def __enter__(self) -> "Callers":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def wait_for_more(self) -> None:
        made = len(self.answered)
        wait_for(lambda: len(self.answered) > made + 300, 90, lambda: str(self.unanswered[-3:]))


def test_calls_answered_while_worker_and_node_are_killed_are_kept_once_or_counted_as_lost(
    installation: Installation, owner: Member
) -> None:
    deployment = owner.deploy("breast-cancer", name="counted")
    path = f"/deployments/{deployment['id']}"
    lost_before = owner.get(f"{path}/traffic", range="1h")["dropped_records"]
    with Callers(deployment["url"], owner.a_key(deployment["id"])) as callers:
        callers.wait_for_more()
        observed = json.loads((installation.folder / "data/node/observed.json").read_text())
        os.kill(observed["workers"][0]["pid"], signal.SIGKILL)
        callers.wait_for_more()
        os.kill(installation.node_pid(), signal.SIGKILL)
        callers.wait_for_more()

    def adds_up() -> bool:
        """Every answered call is logged once or lost, and what is counted leaves out no more."""
        traffic = owner.get(f"{path}/traffic", range="1h")
        lost = traffic["dropped_records"] - lost_before
        logged = _logged(owner, path)
        assert len(logged) == len(set(logged))
        missing = len(callers.answered - set(logged))
        unheard = len(callers.unanswered) - len(set(logged) - callers.answered)
        least, most = len(callers.answered) - lost, len(callers.answered) + len(callers.unanswered)
        return (
            unheard >= 0
            and missing <= lost <= missing + unheard
            and least <= traffic["total"]["requests"] <= most
        )

    wait_for(adds_up, 60, lambda: f"{len(callers.answered)} answered")
    lost = owner.get(f"{path}/traffic", range="1h")["dropped_records"] - lost_before
    assert lost < len(callers.answered) / 4
