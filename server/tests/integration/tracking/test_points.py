"""What a history holds: each point once, in order, whatever came late, twice or at once."""

import math
import random
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import func, select
from tests.make.fixtures import TeamSpace

from modelyard_server.kernel.trail import Who
from modelyard_server.tracking import history, ingest, keys, points, reading, restoring, runs
from modelyard_server.tracking.records import MetricChunk, MetricPoint
from modelyard_server.workspaces.access import System

Given = tuple[str, float, int, int]


def a_run(workspace: TeamSpace) -> str:
    who: Who = System(workspace.id)
    with workspace.platform.database.session(workspace.id) as db:
        return runs.create(db, who, runs.NewRun("0", None, 1, {})).uid


def log(workspace: TeamSpace, run: str, batch: list[Given]) -> None:
    with workspace.platform.database.session(workspace.id) as db:
        restoring.put_points(db, run, batch)


def kept(workspace: TeamSpace, run: str, key: str = "loss") -> list[tuple[int, int, float | None]]:
    with workspace.platform.database.session(workspace.id, write=False) as db:
        found = history.points(db, runs.get(db, run).id, key)
    return [(p.step, p.at_ms, p.value) for p in found]


def latest(workspace: TeamSpace, run: str) -> tuple[int, int, float, bool]:
    with workspace.platform.database.session(workspace.id, write=False) as db:
        number = runs.get(db, run).id
        (one,) = reading.logged(db, [number])[number].metrics
        return one.step, one.at_ms, one.value, one.is_nan


def expected(given: list[Given]) -> list[tuple[int, int, float | None]]:
    stored = {(step, at, *ingest.clean(value)) for _, value, at, step in given}
    return [(step, at, None if nan else value) for step, at, value, nan in sorted(stored)]


def test_late_and_repeated_points(workspace: TeamSpace) -> None:
    """Batches that overlap, end early, repeat, and differ in nothing but being no number."""
    made = random.Random(7)
    values = [0.0, 1.5, -2.0, math.nan, math.inf, -math.inf]
    run, everything = a_run(workspace), []
    for number in range(12):
        start = made.choice([0, number * 10, number * 20])
        batch = [
            ("loss", made.choice(values), made.randrange(3), start + made.randrange(30))
            for _ in range(made.choice([1, 60]))
        ]
        everything += batch
        log(workspace, run, batch)
        log(workspace, run, batch[:5])
        assert kept(workspace, run) == expected(everything)
        newest = max((step, at, ingest.clean(value)[0]) for _, value, at, step in everything)
        assert latest(workspace, run)[:3] == newest

    same = [("loss", 0.0, 5, 10_000), ("loss", math.nan, 5, 10_000)]
    for point in (same[1], same[0], same[1], same[0]):
        log(workspace, run, [point])
    assert kept(workspace, run) == expected([*everything, *same])


def test_points_that_come_together_are_one_row(workspace: TeamSpace) -> None:
    """And those that come alone or late are rows, which charts, pages and spans do not tell."""
    run = a_run(workspace)
    batches = [
        [("loss", float(n), 1, n) for n in range(0, 5000, 2)],
        [("loss", float(n), 1, n) for n in range(5000, 5003)],
        [("loss", math.nan, 2, n) for n in range(4990, 5010)],
        [("loss", 0.5, 1, 7), ("loss", 6.0, 1, 6)],
    ]
    for batch in batches:
        log(workspace, run, batch)
    everything = expected([point for batch in batches for point in batch])

    with workspace.platform.database.session(workspace.id, write=False) as db:
        number = runs.get(db, run).id
        sizes = db.scalars(select(MetricChunk.points).order_by(MetricChunk.step)).all()
        assert sizes == [1000, 1000, 500, 8]
        assert db.scalar(select(func.count()).select_from(MetricPoint)) == 16
        (key,) = keys.known(db, ["loss"]).values()
        assert points.count(db, number, key) == len(everything)
        assert points.end(db, number, key) == (5009, 2, 0.0, True)
        after, paged = points.START, []
        while page := history.points(db, number, "loss", most=7, after=after):
            after = history.place(page[-1])
            paged += [(p.step, p.at_ms, p.value) for p in page]
        assert paged == everything
        spanned = history.sampled_steps(db, [number], "loss", (5, 4995), 100_000)[number]
        assert [(p.step, p.at_ms, p.value) for p in spanned] == [
            point for point in everything if 5 <= point[0] <= 4995
        ]


def test_writers_of_one_run_at_once(workspace: TeamSpace) -> None:
    """Four writers send the same and other points of the same run, in other orders."""
    run = a_run(workspace)
    batches = [
        [(f"m{n % 3}", float(n), 1, n) for n in range(start, start + 80)]
        for start in range(0, 400, 40)
    ]

    def write(seed: int) -> None:
        for batch in random.Random(seed).sample(batches, len(batches)):
            log(workspace, run, batch)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))

    for key in range(3):
        given = [point for batch in batches for point in batch if point[0] == f"m{key}"]
        assert kept(workspace, run, f"m{key}") == expected(given)


def test_removed_run_leaves_no_points(workspace: TeamSpace) -> None:
    """Also where the database has no foreign key that would take them along."""
    run, other = a_run(workspace), a_run(workspace)
    for one in (run, other):
        log(workspace, one, [("loss", 1.0, 1, step) for step in range(200)])
    log(workspace, run, [("loss", 1.0, 1, 300)])
    with workspace.platform.database.session(workspace.id) as db:
        runs.delete_permanently(db, System(workspace.id), run)
    with workspace.platform.database.session(workspace.id, write=False) as db:
        assert not db.scalar(select(func.count()).select_from(MetricPoint))
        assert db.scalars(select(MetricChunk.points)).all() == [200]
