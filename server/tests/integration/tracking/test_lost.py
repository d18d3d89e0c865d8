"""Runs that were left open for a day are marked lost, and no others."""

import datetime as dt

import pytest

from modelyard_server.kernel.clock import utcnow
from modelyard_server.tracking import ingest, lost, runs
from modelyard_server.workspaces.access import System


def hours(number):
    return dt.timedelta(hours=number)


def a_run(db, workspace, *, metric_in_hours=None):
    run = runs.create(db, System(workspace.id), runs.NewRun("0", None, None, {}))
    if metric_in_hours is not None:
        at = int((utcnow() + hours(metric_in_hours)).timestamp() * 1000)
        ingest.write_points(db, ingest.target_of(run), ingest.grouped([("loss", 1.0, at, 1)]))
    return run.uid


@pytest.mark.parametrize(
    ("metric_in_hours", "looked_in_hours", "is_lost"),
    [(None, 23, False), (None, 25, True), (10, 25, False), (10, 35, True)],
)
def test_a_run_is_lost_after_a_silent_day(
    platform, workspace, metric_in_hours, looked_in_hours, is_lost
):
    with platform.database.session(workspace.id) as db:
        uid = a_run(db, workspace, metric_in_hours=metric_in_hours)
        found = lost.mark(db, System(workspace.id), now=utcnow() + hours(looked_in_hours))
        again = lost.mark(db, System(workspace.id), now=utcnow() + hours(looked_in_hours))
    assert [run.uid for run in found] == [uid] * is_lost
    assert again == []
    seen = workspace.client("viewer").get(f"/api/v1/runs/{uid}").json()
    assert (seen["status"] == "KILLED") is is_lost
    assert (lost.TAG in seen["tags"]) is is_lost
    told = workspace.client("admin").get("/api/v1/audit", params={"action": "runs.lost"})
    assert [event["object_id"] for event in told.json()["items"]] == [uid] * is_lost


def test_a_program_that_comes_back_finishes_its_run(platform, workspace):
    with platform.database.session(workspace.id) as db:
        uid = a_run(db, workspace)
        lost.mark(db, System(workspace.id), now=utcnow() + hours(25))
    with platform.database.session(workspace.id) as db:
        assert runs.change(db, System(workspace.id), uid, status="FINISHED").status == "FINISHED"
