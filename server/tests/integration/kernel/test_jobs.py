"""The queue after a crash of the process that worked on it."""

from pathlib import Path
from typing import Any

import pytest
from tests.make.fixtures import make_platform
from tests.make.installation import wait_for

from modelyard_server.app import start_background
from modelyard_server.kernel import jobs

done: list[tuple[str, int]] = []


@jobs.handler("tests.note")
def note(job: jobs.JobContext) -> None:
    done.append((job.payload["text"], job.attempt))


@pytest.fixture
def platform(tmp_path: Path) -> Any:
    return make_platform(f"sqlite:///{tmp_path / 'modelyard.db'}", tmp_path)


def _enqueue(platform: Any, text: str) -> None:
    with platform.database.platform_session() as db:
        jobs.enqueue(db, "tests.note", {"text": text}, workspace_id=None)


def test_jobs_of_a_killed_process_go_on_at_once(platform: Any) -> None:
    _enqueue(platform, "resumed")
    held = jobs.claim(platform.database)
    assert held is not None  # and its process dies here, with 15 s of lease left

    stops = start_background(platform.services)
    try:
        wait_for(lambda: ("resumed", 2) in done, 5, lambda: str(done))
    finally:
        for stop in reversed(stops):
            stop()


def test_a_worker_whose_lease_was_released_can_finish_nothing(platform: Any) -> None:
    _enqueue(platform, "fenced")
    held = jobs.claim(platform.database)
    assert held is not None
    assert jobs.release_leases(platform.database) == 1

    claimed = jobs.claim(platform.database)

    assert claimed is not None
    assert claimed.id == held.id
    assert claimed.token > held.token
    assert jobs._write(platform.database, held, state="done") is False  # type: ignore[arg-type]
