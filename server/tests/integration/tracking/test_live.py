"""The live stream: what a client logs reaches an open page, over breaks, once and whole."""

import itertools
import time

import httpx
import pytest
from tests.make.listening import STREAM, messages

SOON, TRIES = 2.0, 5


class Reader:
    """A page that follows, remembering what it got and where it was."""

    def __init__(self, url, token, **watched):
        self._asked = {"url": f"{url}/api/v1/live", "params": watched}
        self._headers = {**STREAM, "Authorization": f"Bearer {token}"}
        self.position, self.points, self.total = "", [], None
        self.states = []

    def follow(self, until, seconds=60.0):
        """Read until something is so, then break the connection."""
        resumed = {"Last-Event-ID": self.position} if self.position else {}
        began = time.monotonic()
        with (
            httpx.Client(timeout=seconds) as http,
            http.stream("GET", headers=self._headers | resumed, **self._asked) as answer,
        ):
            assert answer.status_code == 200
            for name, said, position in messages(answer.iter_lines()):
                self._take(name, said)
                self.position = position or self.position
                if until(self):
                    return time.monotonic() - began
        raise AssertionError("The stream ended.")

    def _take(self, name, said):
        self.states.append((name, said))
        if name == "points":
            self.points += [point["step"] for point in said["points"]]
            self.total = said["total"]


@pytest.fixture
def logging(workspace, live_server, client_of):
    token = workspace.a_token("developer")
    client = client_of(live_server, token)
    run = client.create_run("0").info.run_id
    return client, run, lambda **watched: Reader(live_server, token, **watched)


def test_points_come_soon_and_once_whatever_breaks(logging):
    client, run, reader = logging
    client.log_metric(run, "loss", 9.0, step=0)
    page = reader(run=run, key="loss")
    page.follow(lambda r: r.total == 1)  # what was there before is only counted
    assert page.points == []

    for first in (1, 5, 9):  # logged while nobody listens: each time the connection is gone
        for step in range(first, first + 4):
            client.log_metric(run, "loss", 1 / step, step=step)
        page.follow(lambda r, last=first + 3: r.points and r.points[-1] == last)
    assert page.points == list(range(1, 13))
    assert page.total == 13


def test_an_open_page_sees_a_point_within_two_seconds(logging):
    client, run, reader = logging
    client.log_metric(run, "loss", 9.0, step=0)
    page, logged, waits = reader(run=run, key="loss"), [], []

    def next_step(_):
        if page.total is None or len(page.points) < len(logged):
            return False
        if logged:
            waits.append(time.monotonic() - logged[-1])
        logged.append(time.monotonic())
        client.log_metric(run, "loss", 0.5, step=len(logged))
        return len(waits) == TRIES

    page.follow(next_step)
    assert page.points == list(range(1, TRIES + 1))
    assert min(waits) < SOON  # other tests share the machine: the shortest wait is the page's own


def test_a_point_of_an_earlier_step_is_told_by_the_count(logging):
    client, run, reader = logging
    client.log_metric(run, "loss", 0.5, step=10)
    page = reader(run=run, key="loss")
    page.follow(lambda r: r.total == 1)
    client.log_metric(run, "loss", 0.9, step=3)
    page.follow(lambda r: r.total == 2)
    assert page.points == []  # two are there, none was sent: the page reads the curve again


def test_new_and_ended_runs_of_an_experiment_are_told(logging):
    client, run, reader = logging
    page = reader(experiment="0", column="loss")

    def of_runs(reader):
        return [said for name, said in reader.states if name == "run"]

    page.follow(of_runs)
    second = client.create_run("0").info.run_id
    client.log_metric(second, "loss", 0.25, step=1)
    page.follow(lambda r: any(s["id"] == second and s["metrics"] for s in of_runs(r)))
    client.set_terminated(run, "FAILED")
    page.follow(lambda r: r.states[-1][1].get("open") == [second])
    newest = [s["newest"] for name, s in page.states if name == "experiment"]
    assert newest[0] == run
    assert newest[-1] == second


def test_a_run_says_its_state_and_every_metric(logging):
    client, run, reader = logging
    client.log_metric(run, "loss", float("nan"), step=2)
    page = reader(run=run)
    page.follow(lambda r: r.states)
    client.set_terminated(run, "FINISHED")
    page.follow(lambda r: r.states[-1][1].get("status") == "FINISHED")
    first = next(said for name, said in page.states if name == "run")
    assert first["metrics"][0]["is_nan"]
    assert page.states[-1][1]["ended_at"] is not None


@pytest.mark.parametrize("position", ["-", "nonsense", "eJw=", "A" * 5000])
def test_a_position_that_cannot_be_read_starts_anew(workspace, position):
    answer = workspace.client("viewer").get("/api/v1/live", params={"position": position})
    assert answer.status_code == 200
    assert [name for name, _, _ in messages(answer.text.split("\n"))] == ["reset"]


def test_who_asks_without_accepting_a_stream_gets_what_is_there(workspace):
    http = workspace.client("viewer")
    answer = http.get("/api/v1/live", params={"experiment": "0"})
    found = list(itertools.islice(messages(answer.text.split("\n")), 5))
    assert [name for name, _, _ in found] == ["experiment"]
    assert http.get("/api/v1/live", params={"run": "0" * 32}).status_code == 404
