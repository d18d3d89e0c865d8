"""The fleet's live stream: what changed, over breaks and from any server; of one workspace only."""

import json
from pathlib import Path

import pytest
from tests.make import monitoring as make
from tests.make.fixtures import Platform, TeamSpace
from tests.make.listening import Message, heard, messages
from tests.make.live import serving

from modelyard_server.app import compose, create_app
from modelyard_server.kernel.db import Database
from modelyard_server.kernel.services import Services
from modelyard_server.monitoring import fleet
from modelyard_server.settings import Settings

LIVE = "/api/v1/fleet/live?range=30d"


@pytest.fixture
def another_server(platform: Platform) -> Services:
    """A second process of the same installation: it shares nothing but the database."""
    services: Services = platform.app.state.services
    return compose(services.get(Settings), services.get(Database))


def requests(message: Message) -> list[int]:
    return [row["requests"] for row in message[1]["rows"]]


def test_a_page_hears_of_changes_and_goes_on_at_another_server(
    workspace: TeamSpace, tmp_path: Path, another_server: Services
):
    watched = make.a_watched_deployment(workspace, tmp_path)
    token = workspace.a_token("viewer")

    def goes_on(message: Message) -> bool:
        if requests(message) == [0]:  # heard while the page is open
            make.ingest(watched, [watched.traffic({"200": 40})])
        return requests(message) == [40]

    with serving(workspace.platform.app) as here:
        first, *_, (name, said, position) = heard(here + LIVE, token, "", goes_on)
    assert (first[0], first[1]["range"], first[1]["healthy"]) == ("fleet", "30d", 1)
    assert (name, said["order"]) == ("rows", [str(watched.id)])
    make.ingest(watched, [watched.traffic({"200": 20})])  # nobody listens
    with serving(create_app(another_server, run_background=False)) as elsewhere:
        [(name, *_)] = heard(elsewhere + LIVE, token, position, lambda one: requests(one) == [60])
    assert name == "rows"


@pytest.mark.parametrize("position", ["-", "30d.00000000.1.AAAA", "A" * 9000, "24h.0.0.AAAAAA=="])
def test_a_position_that_cannot_be_read_starts_anew(
    workspace: TeamSpace, tmp_path: Path, position: str
):
    make.a_watched_deployment(workspace, tmp_path)
    answer = workspace.client("viewer").get(LIVE, params={"range": "30d", "position": position})
    [(name, said, seen)] = messages(answer.text.split("\n"))
    assert (name, len(said["rows"])) == ("fleet", 1)
    again = workspace.client("viewer").get(LIVE, headers={"Last-Event-ID": seen})
    assert list(messages(again.text.split("\n"))) == []


def test_nobody_hears_of_another_workspace(platform: Platform, tmp_path: Path):
    ours, theirs = platform.a_workspace(), platform.a_workspace()
    make.a_watched_deployment(ours, tmp_path)
    answer = theirs.client("viewer").get(LIVE)
    [(_, said, position)] = messages(answer.text.split("\n"))
    assert said["rows"] == []
    resumed = theirs.client("viewer").get(LIVE, headers={"Last-Event-ID": position})
    assert "deployment_id" not in resumed.text
    stranger = theirs.client("viewer").get(LIVE, headers={"X-Modelyard-Workspace": ours.slug})
    assert stranger.json()["code"] == "workspaces.mismatch"
    nobody = theirs.client("viewer").get(LIVE, headers={"Authorization": "Bearer none"})
    assert nobody.status_code == 401


def test_a_row_names_its_owner_and_what_outcomes_say(workspace: TeamSpace, tmp_path: Path) -> None:
    model_id = make.a_trained_version(workspace, {})
    watched = make.a_watched_deployment(workspace, tmp_path, model_id=model_id)
    silent = make.a_watched_deployment(workspace, tmp_path / "silent")
    records = [watched.prediction([row]) for row in make.rows(4)]
    make.ingest(watched, [*records, watched.traffic({"200": 4, "500": 1})])
    right = int(json.loads(str(records[0].response))["predictions"][0])
    sent = {"outcomes": [{"prediction_id": records[0].id, "value": right}]}
    client = workspace.client("developer")
    answer = client.post(f"/api/v1/deployments/{watched.id}/outcomes", json=sent)
    assert answer.json()["matched"] == 1, answer.text
    fleet.forget()

    def found(asked: str) -> dict[str, tuple[str, float | None]]:
        rows = client.get("/api/v1/fleet", params={"range": asked}).json()["rows"]
        return {row["deployment_id"]: (row["owner"], row["coverage"]) for row in rows}

    assert found("24h") == {str(watched.id): ("Pat", 0.25), str(silent.id): ("", None)}
    assert found("1h")[str(watched.id)] == ("Pat", None)
    told = {
        asked: {
            row["deployment_id"]: row["performance"]
            for row in client.get("/api/v1/fleet", params={"range": asked}).json()["rows"]
        }
        for asked in ("1h", "24h", "7d")
    }
    performance = told["24h"][str(watched.id)]
    assert (performance["metric"], performance["value"], performance["n"]) == ("accuracy", 1.0, 1)
    assert (performance["few"], performance["high"]) == (True, 1.0)
    assert 0 < performance["low"] < 1
    assert told["7d"][str(watched.id)] == performance
    assert (told["24h"][str(silent.id)], told["1h"][str(watched.id)]) == (None, None)
