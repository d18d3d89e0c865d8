"""Reading the trail: filters, pages, export, and that nobody rewrites it."""

import csv
import io
import json

import pytest
from sqlalchemy import text

from modelyard_server.kernel import trail
from modelyard_server.workspaces.access import System


def record(workspace, action, name="thing", **more):
    with workspace.platform.database.platform_session() as db:
        trail.record(
            db, System(workspace.id), action, object_type="thing", object_name=name, **more
        )


def test_pages_give_every_event_once_newest_first(workspace):
    for number in range(7):
        record(workspace, "things.make", f"number {number}")
    admin, found, cursor = workspace.client(), [], None
    while True:
        params = {"limit": 3, "action": "things", **({"cursor": cursor} if cursor else {})}
        page = admin.get("/api/v1/audit", params=params).json()
        found += [row["object_name"] for row in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert found == [f"number {n}" for n in reversed(range(7))]


def test_a_cursor_of_another_filter_is_refused(workspace):
    for _ in range(3):
        record(workspace, "things.make")
    admin = workspace.client()
    cursor = admin.get("/api/v1/audit", params={"limit": 1}).json()["next_cursor"]
    refused = admin.get("/api/v1/audit", params={"cursor": cursor, "action": "things"})
    assert refused.status_code == 422


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"action": "things.make"}, ["first 100%"]),
        ({"action": "things"}, ["second", "first 100%"]),
        ({"q": "FIRST"}, ["first 100%"]),
        ({"q": "100%"}, ["first 100%"]),
        ({"q": "%%"}, []),
        ({"object_type": "other"}, []),
        ({"until": "2020-01-01T00:00:00Z"}, []),
    ],
)
def test_filters(workspace, params, expected):
    record(workspace, "things.make", "first 100%")
    record(workspace, "things.break", "second")
    found = workspace.client().get("/api/v1/audit", params=params).json()["items"]
    assert [row["object_name"] for row in found] == expected


def test_secrets_are_masked(workspace):
    record(workspace, "things.make", after={"token": "mlp_x", "deep": {"password": "y"}})
    asked = {"action": "things.make"}
    (row,) = workspace.client().get("/api/v1/audit", params=asked).json()["items"]
    assert row["after"] == {"token": "•••", "deep": {"password": "•••"}}


def test_the_csv_export_holds_no_formula_and_is_itself_recorded(workspace):
    record(workspace, "things.make", '=HYPERLINK("http://evil")')
    admin = workspace.client()
    answer = admin.get("/api/v1/audit/export")
    assert "attachment" in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    made = [row["object_name"] for row in rows if row["action"] == "things.make"]
    assert made == ['\'=HYPERLINK("http://evil")']
    assert admin.get("/api/v1/audit").json()["items"][0]["action"] == "audit.export"


def test_the_json_export_streams_past_a_batch(workspace, monkeypatch):
    monkeypatch.setattr("modelyard_server.audit.service._BATCH", 3)
    for number in range(8):
        record(workspace, "things.make", f"number {number}")
    answer = workspace.client().get("/api/v1/audit/export?format=jsonl&action=things")
    lines = [json.loads(line)["object_name"] for line in answer.text.splitlines()]
    assert lines == [f"number {n}" for n in reversed(range(8))]


def test_a_developer_neither_reads_nor_exports_and_the_attempt_is_recorded(workspace):
    developer = workspace.client("developer")
    for path in ("/api/v1/audit", "/api/v1/audit/export"):
        assert developer.get(path).json()["code"] == "workspaces.not_allowed"
    denied = workspace.client().get("/api/v1/audit", params={"action": "workspaces.denied"})
    assert [row["result"] for row in denied.json()["items"]] == ["denied", "denied"]


@pytest.mark.parametrize("change", ["DELETE FROM audit_events", "UPDATE audit_events SET at = at"])
def test_the_database_refuses_to_rewrite_the_trail(workspace, change):
    record(workspace, "things.make")
    with (
        pytest.raises(Exception, match="never changed or deleted"),
        workspace.platform.database.platform_session() as db,
    ):
        db.execute(text(change))
