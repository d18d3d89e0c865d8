"""Dashboards that people make: kept for the workspace, with history and as it changes."""

import time
from pathlib import Path
from typing import Any

import pytest
from tests.make import monitoring as make
from tests.make.fixtures import Platform, TeamSpace
from tests.make.listening import Message, heard, messages
from tests.make.live import serving

from modelyard_server.deployments import service as deployments
from modelyard_server.monitoring import evaluation, measuring, retention

BOARDS = "/api/v1/dashboards"
DAY = 86_400


@pytest.fixture
def watched(workspace: TeamSpace, tmp_path: Path) -> make.Watched:
    measuring.forget()
    return make.a_watched_deployment(workspace, tmp_path)


def a_panel(watched: make.Watched, signal: str = "traffic", **more: Any) -> dict[str, Any]:
    return {"id": signal, "signal": signal, "deployment_ids": [str(watched.id)], **more}


def a_board(watched: make.Watched, *panels: dict[str, Any], name: str = "Shop") -> dict[str, Any]:
    body = {"name": name, "window": "1h", "panels": panels or [a_panel(watched)]}
    answer = watched.workspace.client("developer").post(BOARDS, json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def wanted(board: dict[str, Any], **changed: Any) -> dict[str, Any]:
    return {key: board[key] for key in ("name", "window", "panels", "version")} | changed


def test_a_dashboard_is_made_changed_and_deleted_and_the_audit_knows(watched: make.Watched):
    http, admin = watched.workspace.client("developer"), watched.workspace.client("admin")
    board = a_board(watched, a_panel(watched), a_panel(watched, "latency", width=2))
    url = f"{BOARDS}/{board['id']}"
    turned = wanted(board, panels=board["panels"][::-1])
    assert http.put(url, json=turned).json()["version"] == 2
    assert [one["id"] for one in http.get(url).json()["panels"]] == ["latency", "traffic"]
    assert [one["panel_count"] for one in http.get(BOARDS).json()] == [2]
    assert http.delete(url).status_code == 204
    assert http.get(url).json()["code"] == "dashboards.missing"
    said = admin.get("/api/v1/audit").json()["items"]
    actions = [one["action"] for one in said if one["object_id"] == board["id"]]
    assert sorted(actions) == ["dashboards.change", "dashboards.create", "dashboards.delete"]


def test_what_cannot_be_kept_is_refused(watched: make.Watched):
    http, board = watched.workspace.client("developer"), a_board(watched)
    url, gone = f"{BOARDS}/{board['id']}", "00000000-0000-4000-8000-000000000009"
    lost = [a_panel(watched, deployment_ids=[gone])]
    twice = [a_panel(watched), a_panel(watched)]
    assert http.put(url, json=wanted(board)).status_code == 200
    stale = http.put(url, json=wanted(board))
    assert (stale.status_code, stale.json()["code"]) == (409, "dashboards.changed")
    for name in ("a\0b", "a\tb", "  ", ""):
        assert http.post(BOARDS, json={"name": name}).status_code == 422
    taken = http.post(BOARDS, json={"name": "Shop"})
    assert (taken.status_code, taken.json()["code"]) == (409, "dashboards.name_taken")
    unknown = http.put(url, json=wanted(board, version=2, panels=lost))
    assert (unknown.status_code, unknown.json()["code"]) == (422, "dashboards.deployment_unknown")
    assert http.put(url, json=wanted(board, version=2, panels=twice)).status_code == 422
    viewer = watched.workspace.client("viewer")
    assert viewer.get(url).json()["version"] == 2
    assert viewer.put(url, json=wanted(board, version=2)).status_code == 403


def test_history_outlives_the_fine_counts_and_every_window_is_exact(watched: make.Watched):
    now = int(time.time())
    for days, calls in ((0, 7), (3, 11), (20, 13), (60, 17), (300, 19)):
        late = watched.traffic({"200": calls - 1, "503": 1}, at=now - days * DAY)
        make.ingest(watched, [late])
    with watched.workspace.platform.database.session(watched.workspace.id) as db:
        retention.tidy(db, [watched.id], [])
    calls = {"1h": 7, "24h": 7, "7d": 18, "30d": 31, "90d": 48, "1y": 67}
    failed = {"1h": 1, "24h": 1, "7d": 2, "30d": 3, "90d": 4, "1y": 5}
    for window, requests in calls.items():
        found = watched.get("series", role="viewer", signal="traffic", window=window)
        seconds = found["step_seconds"]
        total = sum(point["value"] * seconds / 60 for point in found["points"])
        assert total == pytest.approx(requests), window
        errors = watched.get("series", signal="errors", window=window)
        assert errors["total"] == pytest.approx(failed[window] / requests)
    slow = watched.get("series", signal="latency", window="1y", percentile="p99")
    assert (slow["unit"], slow["metric"]) == ("ms", "p99")
    assert slow["total"] == pytest.approx(2.5, rel=0.02)


def test_verdicts_and_outcomes_are_signals_too(watched: make.Watched):
    records = [watched.prediction([row]) for row in make.rows(150)]
    make.ingest(watched, [*records, watched.traffic({"200": 150})])
    with watched.workspace.platform.database.session(watched.workspace.id) as db:
        evaluation.judge(db, deployments.monitored(db)[0])
    http = watched.workspace.client("developer")
    sent = [{"prediction_id": one.id, "value": n % 2} for n, one in enumerate(records[:60])]
    url = f"/api/v1/deployments/{watched.id}"
    assert http.post(f"{url}/outcomes", json={"outcomes": sent}).status_code == 200
    quality = watched.get("quality", range="24h")["total"]
    accuracy = watched.get("series", signal="accuracy", window="1h")
    assert (accuracy["window"], accuracy["metric"]) == ("24h", "accuracy")
    assert accuracy["total"] == quality["measures"][0]["value"]
    assert watched.get("series", signal="coverage")["total"] == quality["coverage"]
    money = watched.get("series", signal="value")
    assert money["note"] == "Nobody has said what outcomes are worth."
    assert http.put(f"{url}/value", json={"per_row": 2.5}).status_code == 200
    money = watched.get("series", signal="value")
    assert (money["total"], money["currency"]) == (150.0, "EUR")
    for more in ({}, {"feature": "age"}):
        drift = watched.get("series", signal="drift", window="1h", **more)
        assert drift["note"] is None or "verdict" in drift["note"]
    unknown = watched.get("series", signal="drift", feature="no such column")
    assert unknown["note"]


def test_an_open_dashboard_hears_of_calls_and_of_a_saved_version(watched: make.Watched):
    board = a_board(watched)
    token = watched.workspace.a_token("viewer")
    http = watched.workspace.client("developer")

    def said(message: Message) -> float:
        total: float = message[1]["series"]["total"] if message[0] == "series" else -1
        return total

    def goes_on(message: Message) -> bool:
        if said(message) == 0:  # heard while the page is open
            make.ingest(watched, [watched.traffic({"200": 60})])
        return said(message) == 1

    with serving(watched.workspace.platform.app) as here:
        url = f"{here}{BOARDS}/{board['id']}/live"
        first, *_, last = heard(url, token, "", goes_on)
        assert (first[0], first[1]["version"]) == ("dashboard", 1)
        assert last[1]["panel_id"] == "traffic"
        assert http.put(f"{BOARDS}/{board['id']}", json=wanted(board, name="New")).is_success
        make.ingest(watched, [watched.traffic({"200": 60})])
        [saved, *_, _] = heard(url, token, last[2], lambda one: said(one) == 2)
    assert (saved[0], saved[1]["version"]) == ("dashboard", 2)


def test_nobody_sees_or_follows_a_dashboard_of_another_workspace(
    platform: Platform, watched: make.Watched
):
    board, theirs = a_board(watched), platform.a_workspace()
    stranger = theirs.client("admin")
    url = f"{BOARDS}/{board['id']}"
    assert stranger.get(BOARDS).json() == []
    for path in (url, f"{url}/live"):
        answer = stranger.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "dashboards.missing")
    stolen = stranger.post(BOARDS, json={"name": "Ours", "panels": [a_panel(watched)]})
    assert stolen.json()["code"] == "dashboards.deployment_unknown"
    seen = watched.workspace.client("viewer").get(f"{url}/live")
    assert [name for name, *_ in messages(seen.text.split("\n"))] == ["dashboard", "series"]
