"""From the node's journal to the routes."""

from pathlib import Path

import pytest
from tests.make import monitoring as make
from tests.make.fixtures import Platform, TeamSpace

from modelyard_server.monitoring.models import JournalFile


@pytest.fixture
def watched(workspace: TeamSpace, tmp_path: Path) -> make.Watched:
    return make.a_watched_deployment(workspace, tmp_path)


def test_calls_are_counted_by_status_with_latency_percentiles(watched: make.Watched):
    slow = watched.traffic({"200": 10}, latency_us=90_000)
    make.ingest(watched, [watched.traffic({"200": 85, "422": 3, "503": 2}), slow])

    found = watched.get("traffic", role="viewer", range="15m")

    total = found["total"]
    assert (total["requests"], total["errors_4xx"], total["errors_5xx"]) == (100, 3, 2)
    assert total["p50_ms"] == pytest.approx(2.5, rel=0.03)
    assert total["p99_ms"] == pytest.approx(90, rel=0.03)
    assert sum(point["requests"] for point in found["points"]) == 100
    for longer in ("1h", "24h", "7d"):
        assert watched.get("traffic", range=longer)["total"]["requests"] == 100


def test_a_logged_call_shows_its_first_rows_and_a_refused_one_its_reason(watched: make.Watched):
    answered = watched.prediction(make.rows(8))
    refused = watched.prediction(
        [{}], status=422, response='{"detail": "row 0, column \'age\': is required"}'
    )
    make.ingest(watched, [answered, refused])

    newest, oldest = watched.get("predictions")["items"]

    assert newest["error"] == "row 0, column 'age': is required"
    assert oldest["rows"] == 8
    assert len(oldest["inputs"]) == len(oldest["outputs"]) == 5
    assert set(oldest["inputs"][0]) == {"age", "city"}
    assert [p["id"] for p in watched.get("predictions", status="error")["items"]] == [newest["id"]]


def test_pages_of_calls_neither_repeat_nor_skip_one(watched: make.Watched):
    make.ingest(watched, watched.calls(make.rows(25)))
    seen: list[str] = []
    cursor = None
    while True:
        page = watched.get("predictions", limit=10, **({"cursor": cursor} if cursor else {}))
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 25


def test_console_calls_are_logged_but_counted_nowhere(watched: make.Watched):
    rows = make.rows(300)
    make.ingest(watched, [watched.prediction([row], source="console") for row in rows])

    assert watched.get("predictions", limit=1)["items"][0]["source"] == "console"
    assert watched.get("traffic")["total"]["requests"] == 0
    assert watched.get("drift")["rows"] == 0


def test_a_batch_applied_in_one_workspace_only_is_finished_after_a_kill(
    platform: Platform, tmp_path: Path
):
    first, second = (make.a_watched_deployment(platform.a_workspace(), tmp_path) for _ in range(2))
    file = make.write(
        make.journal_of(tmp_path), [*first.calls(make.rows(30)), *second.calls(make.rows(20))]
    )
    make.an_ingester(platform, tmp_path).run_once()
    with platform.database.platform_session() as db:  # killed before the file's position moved
        row = db.get(JournalFile, file.name)
        assert row is not None
        row.offset = 0
    make.write(file, first.calls(make.rows(5)))

    make.an_ingester(platform, tmp_path).run_once()

    assert first.get("traffic")["total"]["requests"] == 35
    assert second.get("traffic")["total"]["requests"] == 20
    assert len(first.get("predictions", limit=200)["items"]) == 35
    assert len(second.get("predictions", limit=200)["items"]) == 20


def test_a_torn_end_waits_and_a_damaged_frame_is_counted_and_skipped(
    platform: Platform, watched: make.Watched
):
    file = make.write(make.journal_of(watched.folder), watched.calls(make.rows(3)))
    whole = file.read_bytes()
    damaged = bytearray(whole)
    damaged[20] ^= 0xFF
    file.write_bytes(bytes(damaged) + whole[:-7])
    ingester = make.an_ingester(platform, watched.folder)
    ingester.run_once()
    assert len(watched.get("predictions")["items"]) == 5
    assert watched.get("traffic")["total"]["requests"] == 3

    file.write_bytes(bytes(damaged) + whole)
    ingester.run_once()

    assert watched.get("traffic")["total"]["requests"] == 6
    with platform.database.platform_session() as db:
        row = db.get(JournalFile, file.name)
        assert row is not None
        assert row.damaged == 1


def test_another_workspace_sees_nothing_of_a_deployment(platform: Platform, watched: make.Watched):
    make.ingest(watched, watched.calls(make.rows(300)))
    other = platform.a_workspace().client("owner")
    for path in ("predictions", "traffic", "drift", "drift/distribution?feature=age"):
        answer = other.get(f"/api/v1/deployments/{watched.id}/{path}")
        assert answer.status_code == 404, path
    assert other.get("/api/v1/fleet").json()["rows"] == []


def test_a_viewer_reads_counts_but_no_rows(watched: make.Watched):
    viewer = watched.workspace.client("viewer")
    assert viewer.get(f"/api/v1/deployments/{watched.id}/predictions").status_code == 403
    assert viewer.get(f"/api/v1/deployments/{watched.id}/traffic").status_code == 200
