"""How many outcomes should be there by now, from how late all earlier ones came."""

import datetime as dt
import time
import uuid
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert
from tests.make import monitoring as make
from tests.make.fixtures import TeamSpace

from modelyard_server.monitoring import delays, outcome_hours
from modelyard_server.monitoring.models import Outcome

DAY, HOUR = 86400, 3600


@pytest.fixture
def watched(workspace: TeamSpace, tmp_path: Path) -> make.Watched:
    return make.a_watched_deployment(workspace, tmp_path)


def came(watched: make.Watched, seconds: list[int], hour: int, *, told: bool = True) -> None:
    """Keep outcomes of predictions of one hour that came so many seconds after them."""
    now = dt.datetime.now(dt.UTC)
    facts: dict[str, Any] = {
        "workspace_id": watched.workspace.id,
        "deployment_id": watched.id,
        "row": 0,
        "value": "1",
        "at": now,
        "received_at": now,
        "hour": hour,
        "version": 1,
        "predicted": "1",
        "actual": "1",
        "predicted_number": 1.0,
        "actual_number": 1.0,
        "corrections": 0,
    }
    rows = [
        facts | {"id": uuid.uuid4(), "prediction_id": uuid.uuid4().hex, "delay_seconds": told_s}
        for told_s in seconds
    ]
    with watched.workspace.platform.database.session(watched.workspace.id) as db:
        db.execute(insert(Outcome.__table__), rows)  # type: ignore[arg-type]
        if told:
            outcome_hours.touch(db, watched.id, [hour])


def maturity(watched: make.Watched, start: int, end: int) -> float | None:
    with watched.workspace.platform.database.session(watched.workspace.id) as db:
        found = delays.of(db, watched.id)
    return delays.Delays(found.seconds, float(NOW)).maturity(start, end)


NOW = int(time.time()) // HOUR * HOUR


def test_every_kept_outcome_counts_not_the_newest_alone(watched: make.Watched):
    """20,000 that came at once would say 1 of a window of today."""
    old, older = NOW - 40 * DAY, NOW - 50 * DAY
    came(watched, [0] * 20_000, old, told=False)
    came(watched, [10 * DAY] * 5_000, older, told=False)
    assert maturity(watched, NOW - DAY, NOW) == pytest.approx(0.8, abs=1e-12)  # never told: rows

    came(watched, [2 * DAY] * 5_000, old)
    today, week = maturity(watched, NOW - DAY, NOW), maturity(watched, NOW - 7 * DAY, NOW - 6 * DAY)
    assert (today, week) == (pytest.approx(2 / 3, abs=1e-12), pytest.approx(5 / 6, abs=1e-12))
    # Eleven instants from 2.5 to 1.5 days ago: six of them are 2 days old or more.
    at_two = maturity(watched, NOW - 5 * DAY // 2, NOW - 3 * DAY // 2)
    assert at_two == pytest.approx((6 * 25 / 30 + 5 * 20 / 30) / 11, abs=1e-12)

    make.tidy(watched)  # packs the hours
    delays.forget()
    assert maturity(watched, NOW - DAY, NOW) == today
    came(watched, [20 * DAY] * 10_000, older)  # a packed hour is not believed any more
    assert maturity(watched, NOW - DAY, NOW) == pytest.approx(0.5, abs=1e-12)


def test_few_old_outcomes_leave_the_younger_ones_to_say(watched: make.Watched):
    came(watched, [0] * 29, NOW - 40 * DAY)
    assert maturity(watched, NOW - DAY, NOW) is None
    came(watched, [3 * DAY] * 29, NOW - 5 * DAY)
    assert maturity(watched, NOW - DAY, NOW) == 0.5
    came(watched, [0], NOW - 40 * DAY)
    assert maturity(watched, NOW - DAY, NOW) == 1
