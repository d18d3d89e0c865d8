"""Outages of the installation's parts, as they are noted and told."""

import datetime as dt
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete
from tests.make.fixtures import Platform, TeamSpace
from tests.make.redis import redis_server

from modelyard_protocol.routing import OBSERVED_FILE, ObservedState
from modelyard_server.adapters.compute.local import LocalNode
from modelyard_server.artifacts.ports import BlobStore
from modelyard_server.availability.models import Outage, WatchedComponent
from modelyard_server.availability.probes import Component, probes
from modelyard_server.availability.watch import Watch
from modelyard_server.deployments.ports import NodeState
from modelyard_server.kernel import clock
from modelyard_server.kernel.db import Database
from modelyard_server.kernel.services import Services
from modelyard_server.settings import Settings

NOON = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)


class Installation:
    """Parts that work or not as the test says, under a clock of its own."""

    def __init__(self, platform: Platform) -> None:
        self.now = NOON
        self.wrong: dict[Component, str] = {}
        self.node_started_at = NOON - dt.timedelta(days=1)
        asked = [Component.predictions, Component.database, Component.storage]
        ways = {one: lambda one=one: self.wrong.get(one) for one in asked}
        self.watch = Watch(platform.database, self, ways)  # type: ignore[arg-type]
        clock.set_source(lambda: self.now)

    def observed(self) -> ObservedState:
        facts: dict[str, Any] = {"generation": 1, "node_pid": 1, "port": 1, "written_at": self.now}
        return ObservedState(started_at=self.node_started_at, **facts)

    def ask(self, *, after: float = 15.0) -> None:
        self.now += dt.timedelta(seconds=after)
        self.watch()

    def ask_for(self, minutes: float) -> None:
        for _ in range(int(minutes * 4)):
            self.ask()


@pytest.fixture
def parts(platform: Platform) -> Iterator[Installation]:
    with platform.database.platform_session() as db:
        db.execute(delete(Outage))
        db.execute(delete(WatchedComponent))
    yield Installation(platform)
    clock.set_source(None)


def _told(workspace: TeamSpace) -> dict[str, Any]:
    answer = workspace.client("viewer").get("/api/v1/status")
    assert answer.status_code == 200, answer.text
    return {one["name"]: one for one in answer.json()["components"]}


def test_a_part_that_failed_for_a_minute(parts: Installation, workspace: TeamSpace) -> None:
    parts.ask_for(minutes=10)
    parts.wrong[Component.storage] = "It does not answer (ConnectTimeout)."
    parts.ask_for(minutes=1)
    during = _told(workspace)["storage"]
    parts.wrong.clear()
    parts.ask_for(minutes=9)
    after = _told(workspace)["storage"]

    assert (during["is_up"], after["is_up"]) == (False, True)
    [outage] = after["outages"]
    assert outage["reason"] == "It does not answer (ConnectTimeout)."
    assert after["down_seconds"] == 60
    watched = 20 * 60 - 15  # from the first question on
    assert after["availability"] == pytest.approx(1 - 60 / watched)
    assert (after["days"][-1]["day"], len(after["days"])) == ("2026-11-20", 30)
    assert after["days"][-1] | {"day": ""} == {
        "day": "",
        "watched_seconds": watched,
        "down_seconds": 60,
    }
    assert after["days"][0]["watched_seconds"] == 0
    others = _told(workspace)
    assert others["predictions"]["down_seconds"] == others["control_plane"]["down_seconds"] == 0


def test_predictions_go_on_while_the_control_plane_is_away(
    parts: Installation, workspace: TeamSpace
) -> None:
    parts.ask_for(minutes=5)
    parts.ask(after=600)
    told = _told(workspace)
    assert told["control_plane"]["down_seconds"] == 600
    assert told["predictions"]["down_seconds"] == told["storage"]["down_seconds"] == 0
    watched = {name: sum(day["watched_seconds"] for day in told[name]["days"]) for name in told}
    assert watched["predictions"] - watched["storage"] == 600, "nobody knows how storage did"


def test_a_node_that_started_in_the_gap_was_away_before(
    parts: Installation, workspace: TeamSpace
) -> None:
    parts.ask_for(minutes=5)
    parts.node_started_at = parts.now + dt.timedelta(seconds=540)
    parts.ask(after=600)
    assert _told(workspace)["predictions"]["down_seconds"] == 540


def test_a_gateway_that_is_still_away_after_the_gap_was_away_in_it(
    parts: Installation, workspace: TeamSpace
) -> None:
    parts.ask_for(minutes=5)
    parts.wrong[Component.predictions] = "The gateway does not answer (ConnectError)."
    parts.ask(after=600)
    parts.ask()
    parts.wrong.clear()
    parts.node_started_at = parts.now
    parts.ask()
    parts.ask()
    told = _told(workspace)["predictions"]
    assert (told["down_seconds"], told["is_up"], len(told["outages"])) == (630, True, 1)


def test_a_database_that_was_away_is_told_once_it_is_back(
    parts: Installation, workspace: TeamSpace
) -> None:
    parts.ask_for(minutes=5)
    parts.wrong[Component.database] = "It does not answer (OperationalError)."
    parts.ask_for(minutes=1)
    parts.wrong.clear()
    parts.ask()
    told = _told(workspace)
    assert told["database"]["down_seconds"] == 60
    assert told["control_plane"]["down_seconds"] == 75, "without a database it answers nobody"


def test_days_are_cut_at_midnight_and_old_outages_forgotten(
    parts: Installation, workspace: TeamSpace
) -> None:
    parts.ask(after=0)
    parts.ask(after=11.5 * 3600)
    parts.ask(after=3600)
    days = _told(workspace)["control_plane"]["days"]
    assert [day["down_seconds"] for day in days[-2:]] == [43_200, 1800]
    parts.ask(after=100 * 86_400)
    told = _told(workspace)["control_plane"]
    assert (told["availability"], len(told["outages"])) == (0, 1)
    assert all(day["down_seconds"] == day["watched_seconds"] for day in told["days"])


def test_a_part_that_never_worked_is_not_told(parts: Installation, workspace: TeamSpace) -> None:
    parts.wrong[Component.predictions] = "No node has started yet."
    parts.ask_for(minutes=1)
    assert "predictions" not in _told(workspace)
    parts.wrong.clear()
    parts.ask()
    assert _told(workspace)["predictions"]["is_up"]


def test_real_parts_are_asked(platform: Platform, tmp_path: Path) -> None:
    with redis_server(tmp_path) as (url, process):
        services = Services()
        with socket.create_server(("127.0.0.1", 0)) as once:
            port = once.getsockname()[1]  # nobody's, in a moment
        settings = Settings(redis_url=url, data_dir=tmp_path, gateway_port=port)
        services.provide(Settings, settings)
        services.provide(Database, platform.database)
        services.provide(NodeState, LocalNode(settings))  # type: ignore[type-abstract]
        services.provide(BlobStore, platform.services.get(BlobStore))  # type: ignore[type-abstract]
        asked = probes(services)
        before = asked[Component.predictions]()
        at = clock.utcnow()
        seen = ObservedState(generation=1, node_pid=1, port=port, written_at=at, started_at=at)
        (tmp_path / "node").mkdir()
        (tmp_path / "node" / OBSERVED_FILE).write_text(seen.model_dump_json())
        well = {name: probe() for name, probe in asked.items()}
        process.kill()
        process.wait()
        gone = asked[Component.redis]()
    assert (
        well.pop(Component.predictions) == "The gateway does not answer (ConnectionRefusedError)."
    )
    assert before == "No node has started yet."
    assert well == {Component.database: None, Component.storage: None, Component.redis: None}
    assert gone == "It does not answer (ConnectionError)."
