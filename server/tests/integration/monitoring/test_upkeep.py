"""Deletion, retention, and comparison with the time before."""

import datetime as dt
import os
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from tests.make import monitoring as make
from tests.make.fixtures import Platform, TeamSpace, make_platform

from modelyard_server.artifacts.ports import BlobStore
from modelyard_server.deployments.models import Deployment, Revision
from modelyard_server.deployments.ports import DeploymentObserver
from modelyard_server.monitoring import measuring, retention, upkeep
from modelyard_server.monitoring.models import (
    DriftProfile,
    DriftReference,
    JournalFile,
    JournalPosition,
    LoggedPrediction,
    TrafficCount,
)
from modelyard_server.monitoring.ports import Catalogue

TABLES = (TrafficCount, LoggedPrediction, DriftProfile, DriftReference)


@pytest.fixture
def watched(workspace: TeamSpace, tmp_path: Path) -> make.Watched:
    measuring.forget()
    return make.a_watched_deployment(workspace, tmp_path)


def kept(watched: make.Watched, *tables: Any) -> list[int]:
    with watched.workspace.platform.database.session(watched.workspace.id) as db:
        return [db.scalar(select(func.count()).select_from(table)) or 0 for table in tables]


def hours_ago(hours: float) -> int:
    return int(time.time() - hours * 3600)


def test_a_deleted_deployment_leaves_no_row_and_late_records_are_dropped(
    platform: Platform, watched: make.Watched
):
    make.ingest(watched, watched.calls(make.rows(600)))
    assert all(kept(watched, *TABLES))
    with platform.database.session(watched.workspace.id) as db:
        for observer in platform.services.every(DeploymentObserver):  # type: ignore[type-abstract]
            observer.deployment_deleted(db, watched.id)
        for table, column in ((Revision, Revision.deployment_id), (Deployment, Deployment.id)):
            db.query(table).filter(column == watched.id).delete()
    assert kept(watched, *TABLES) == [0, 0, 0, 0]

    assert make.ingest(watched, watched.calls(make.rows(30))) == 31
    assert kept(watched, *TABLES) == [0, 0, 0, 0]


def test_only_finished_and_applied_journals_are_deleted(platform: Platform, watched: make.Watched):
    folder = watched.folder
    old = make.write(folder / "a-000001.journal", watched.calls(make.rows(20)))
    new = make.write(folder / "a-000002.journal", watched.calls(make.rows(10)))
    long_ago = time.time() - 2 * upkeep.KEPT_SECONDS
    os.utime(old, (long_ago, long_ago))
    make.tidy(watched)
    assert old.exists()  # not applied yet

    make.an_ingester(platform, folder).run_once()
    make.tidy(watched)
    assert old.exists()  # counted, and its rows not kept yet

    make.cut(watched)
    os.utime(old, (long_ago, long_ago))
    make.tidy(watched)

    assert (old.exists(), new.exists()) == (False, True)
    assert kept(watched, JournalPosition) == [2]  # of the newer one: counted, and kept
    with platform.database.platform_session() as db:
        assert db.get(JournalFile, old.name) is None
    make.an_ingester(platform, folder).run_once()
    assert watched.get("traffic")["total"]["requests"] == 30


def test_old_profiles_become_coarser_without_losing_a_row(watched: make.Watched):
    model_id = make.a_trained_version(
        watched.workspace, {"datasets/train.json": make.a_table(make.rows(1000))}
    )
    trained = make.a_watched_deployment(watched.workspace, watched.folder, model_id=model_id)
    start = hours_ago(5) // 300 * 300
    calls = [
        trained.prediction([row], at_us=(start + at) * 1_000_000)
        for at, row in enumerate(make.rows(300))
    ]
    make.ingest(trained, calls)
    before = trained.get("drift")
    assert kept(trained, DriftProfile) == [5]

    make.tidy(trained)
    measuring.forget()

    assert kept(trained, DriftProfile) == [1]
    after = trained.get("drift")
    assert (after["rows"], after["verdict"]) == (before["rows"], before["verdict"]) == (300, "ok")


def test_the_log_is_bounded_and_fine_counts_are_dropped_before_coarse_ones(
    watched: make.Watched, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(retention, "LOGGED_ROWS", 10)
    late = watched.traffic({"200": 7}, at=hours_ago(6))
    make.ingest(watched, [*watched.calls(make.rows(25)), late])
    make.tidy(watched)
    assert len(watched.get("predictions")["items"]) == 10
    assert watched.get("traffic", range="24h")["total"]["requests"] == 32
    with watched.workspace.platform.database.session(watched.workspace.id) as db:
        oldest = db.scalar(select(func.min(TrafficCount.at)).where(TrafficCount.resolution == 15))
    assert oldest is not None
    assert dt.datetime.now(dt.UTC) - oldest < dt.timedelta(hours=3)


def test_every_workspace_is_tidied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(retention, "LOGGED_ROWS", 1)
    alone = make_platform(f"sqlite:///{tmp_path / 'modelyard.db'}", tmp_path)
    both = [make.a_watched_deployment(alone.a_workspace(), tmp_path / "journals") for _ in range(2)]
    for watched in both:
        make.ingest(watched, watched.calls(make.rows(3)))

    services = alone.services
    catalogue, blobs = services.get(Catalogue), services.get(BlobStore)  # type: ignore[type-abstract]
    upkeep.tidy(alone.database, catalogue, blobs, tmp_path / "journals")

    assert [kept(watched, LoggedPrediction) for watched in both] == [[1], [1]]
    alone.database.engine.dispose()


def test_a_window_is_compared_with_the_one_before_it(watched: make.Watched):
    earlier = [
        watched.prediction([row], at_us=hours_ago(1.5) * 1_000_000) for row in make.rows(900)
    ]
    make.ingest(watched, earlier)
    make.ingest(watched, watched.calls(make.rows(300, age=60, seed=4)))
    drift = watched.get("drift", window="1h", baseline="previous")
    assert (drift["baseline"], drift["verdict"], drift["rows"]) == ("previous", "drifting", 300)
    assert drift["features"][0]["n_reference"] == 400  # 500 of 900 became the provisional baseline
    assert watched.get("drift", window="1h")["baseline"] == "provisional"
