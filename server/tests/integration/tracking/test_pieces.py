"""Curves of long histories: what pieces keep is what reading every point would give."""

import itertools
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select
from tests.make.fixtures import TeamSpace

from modelyard_server.tracking import curves, pieces, queries, runs
from modelyard_server.tracking.records import MetricPiece
from modelyard_server.workspaces.access import System

API = "/api/2.0/mlflow"
MOST = 12


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a history of some hundred points be a long one."""
    monkeypatch.setattr(pieces, "LONG", 200)
    monkeypatch.setattr(pieces, "PIECE", 50)
    monkeypatch.setattr(pieces, "BLOCK", 10)


class Logger:
    """Logs to a run and knows what is in its history."""

    def __init__(self, workspace: TeamSpace) -> None:
        self.workspace, self.client = workspace, workspace.client("developer")
        self.run = self.client.post(f"{API}/runs/create", json={}).json()["run"]["info"]["run_id"]
        self.logged: set[tuple[int, float | str]] = set()

    def log(self, steps: range, values: Iterator[float] | list[float]) -> None:
        points = [
            {"key": "loss", "value": "NaN" if value != value else value, "timestamp": 1, "step": at}
            for at, value in zip(steps, itertools.cycle(values), strict=False)
        ]
        body = {"run_id": self.run, "metrics": points}
        assert self.client.post(f"{API}/runs/log-batch", json=body).status_code == 200
        self.logged |= {(int(p["step"]), p["value"]) for p in points}  # type: ignore[call-overload]

    def pieces(self) -> int:
        with self.workspace.platform.database.session(self.workspace.id, write=False) as db:
            return int(db.scalar(select(func.count()).select_from(MetricPiece)) or 0)

    def check(self) -> None:
        """Look twice, before and after pieces are made for the look."""
        database = self.workspace.platform.database
        known = [float(value) for _, value in self.logged if value != "NaN"]
        for _ in range(2):
            with database.session(self.workspace.id, write=False) as db:
                shown = queries.series(db, self.run, "loss", MOST)
            seen = [p.value for p in shown.points if p.value is not None]
            assert shown.total_points == len(self.logged)
            assert len(shown.points) <= MOST
            assert (min(seen), max(seen)) == (min(known), max(known))
            ends = min(self.logged)[0], max(self.logged)[0]
            assert (shown.points[0].step, shown.points[-1].step) == ends
            curves.wait_for_pieces(database)


def test_curve_follows_what_is_logged(workspace: TeamSpace) -> None:
    """Appended points, whole pieces exactly, late ones, spikes, NaN and retries."""
    logger = Logger(workspace)
    with workspace.platform.database.session(workspace.id, write=False) as db:
        assert queries.series(db, logger.run, "loss", 10).total_points == 0
    for steps, values in (
        (range(200), [1.0, -1.5, 1.25]),
        (range(200, 207), [2.0]),
        (range(207, 250), [float("nan"), 0.5]),
        (range(207, 250), [float("nan"), 0.5]),
        (range(250, 600), [0.0, 0.0, -4.0, 0.0, 7.0]),
        (range(150, 151), [9.0]),
        (range(-60, 700, 7), [-8.0]),
        (range(700, 1000), [float("nan")]),
        (range(1000, 1001), [1.0]),
        (range(205, 210), [1e300, float("inf")]),
    ):
        logger.log(steps, [1.7976931348623157e308 if v == float("inf") else v for v in values])
        logger.check()
    assert logger.pieces() >= len(logger.logged) // 50 - 4


def test_random_batches_in_any_order(workspace: TeamSpace) -> None:
    """Two writers of one run at once, in steps that cross; then one look tells the truth."""
    logger, made = Logger(workspace), random.Random(3)
    starts = [made.randrange(0, 900) for _ in range(30)]
    with ThreadPoolExecutor(2) as pool:
        list(
            pool.map(
                lambda start: logger.log(range(start, start + 90), [float(start), -start / 2]),
                starts,
            )
        )
    logger.check()
    logger.log(range(2000, 2300), [0.25])
    logger.check()


def test_pieces_of_what_was_logged_before_there_were_any(
    workspace: TeamSpace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first look makes them; removing the run takes them along."""
    logger = Logger(workspace)
    with monkeypatch.context() as patched:
        patched.setattr(pieces, "LONG", 10_000)
        for start in range(0, 2000, 500):
            logger.log(range(start, start + 500), [1.0, float("nan"), -3.0, 5.0])
    assert logger.pieces() == 0
    logger.check()
    assert logger.pieces() == 40

    with workspace.platform.database.session(workspace.id) as db:
        runs.delete_permanently(db, System(workspace.id), logger.run)
    assert logger.pieces() == 0
