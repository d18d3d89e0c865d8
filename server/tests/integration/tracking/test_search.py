"""Search of runs: every plan gives the same runs in the same order, page by page."""

import random

import pytest

from modelyard_server.tracking import columns, filters, ingest, large, runs, search, tags
from modelyard_server.workspaces.access import System

ORDERS = [
    [],
    ["metrics.loss ASC"],
    ["metrics.loss DESC"],
    ["params.depth DESC"],
    ["tags.team"],
    ["attributes.end_time DESC"],
    ["start_time ASC"],
    ["params.depth", "metrics.loss DESC"],
    ["metrics.nobody_logged_this"],
]
FILTERS = [
    "",
    "metrics.loss < 0.4",
    "metrics.acc >= 0.2 AND metrics.loss > 0.3",
    "params.depth = '3'",
    "params.depth != '3' AND metrics.acc < 0.9",
    "tags.team IS NULL",
    "tags.team LIKE 'a%' AND params.depth IS NOT NULL",
    "metrics.nobody_logged_this > 1",
    "attributes.status = 'RUNNING' AND metrics.loss != 0.5",
]


@pytest.fixture
def logged(platform, workspace):
    """Log runs with ties, NaNs, and values that some of them lack."""
    made, shown = random.Random(3), []
    with platform.database.session(workspace.id) as db:
        for number in range(40):
            run = runs.create(
                db, System(workspace.id), runs.NewRun("0", None, 1000 + number // 7, {})
            )
            target = ingest.target_of(run)
            values = {"loss": made.randrange(10) / 10, "acc": made.random()}
            if number % 9 == 0:
                values["loss"] = float("nan")
            metrics = {k: v for k, v in values.items() if made.random() < 0.8}
            points = [ingest.Point(key, value, 1, 1) for key, value in metrics.items()]
            ingest.write_points(db, target, ingest.grouped(points))
            params = {"depth": str(made.randrange(5))} if made.random() < 0.7 else {}
            ingest.write_params(db, target, params.items())
            tags = {"team": made.choice("abc") + "x" * 250} if made.random() < 0.5 else {}
            ingest.write_tags(db, target, tags)
            run.ended_ms = made.choice([None, 5, 6])
            shown.append((run, metrics, params, tags))
    return shown


def _value(row, kind, key):
    run, metrics, params, tags = row
    if kind == "attribute":
        column = {"end_time": "ended_ms", "start_time": "started_ms"}.get(key, key)
        return getattr(run, column)
    return {"metric": metrics, "param": params, "tag": tags}[kind].get(key)


def _holds(row, clause):
    found = _value(row, clause.kind, clause.key)
    if found is None and clause.operator not in {"IS NULL", "IS NOT NULL"}:
        return False
    is_nan = found != found
    return clause.operator in {"!=", "IS NOT NULL"} if is_nan else clause.holds(found)


def _expected(rows, clauses, orders):
    kept = [row for row in rows if all(_holds(row, clause) for clause in clauses)]
    kept.sort(key=lambda row: (row[0].started_ms, row[0].id), reverse=True)
    for order in reversed(orders):
        valued = [r for r in kept if (v := _value(r, order.kind, order.key)) is not None and v == v]
        valued.sort(key=lambda r: _value(r, order.kind, order.key), reverse=not order.is_ascending)
        nans = [r for r in kept if (v := _value(r, order.kind, order.key)) is not None and v != v]
        kept = valued + nans + [r for r in kept if _value(r, order.kind, order.key) is None]
    return [row[0].uid for row in kept]


def _paged(db, wanted, limit):
    found, after = [], None
    while True:
        page = search.find(db, wanted, limit=limit, after=after)
        found += [run.uid for run in page.runs]
        after = page.end
        if after is None:
            return found


PLANS = [(1000, 1000, 50_000), (0, 1000, 50_000), (0, 0, 50_000), (-1, 0, 0)]


@pytest.mark.parametrize(("few", "many", "is_large"), PLANS)
def test_every_plan_pages_through_the_same_runs(
    platform, workspace, logged, monkeypatch, few, many, is_large
):
    monkeypatch.setattr(search, "FEW", few)
    monkeypatch.setattr(search, "MANY", many)
    monkeypatch.setattr(large, "LARGE", is_large)
    with platform.database.session(workspace.id, write=False) as db:
        pairs = [(where, by) for where in FILTERS for by in ORDERS]
        for where, by in pairs[PLANS.index((few, many, is_large)) % 2 :: 2]:
            clauses, orders = filters.read(where), filters.read_order(by)
            wanted = search.Wanted([0], ["active"], clauses, orders)
            expected = _expected(logged, clauses, orders)
            assert _paged(db, wanted, 13) == expected, (where, by)
            assert search.count(db, wanted) == len(expected)


@pytest.fixture
def in_memory(monkeypatch):
    """Search every experiment in memory, however small; few of the changes are followed at once."""
    monkeypatch.setattr(search, "FEW", -1)
    monkeypatch.setattr(large, "LARGE", 0)
    monkeypatch.setattr(columns, "_PATCH", 3)


FOLLOWED = [
    ("metrics.loss > 0.3 AND tags.team = 'red'", ["metrics.acc DESC"]),
    ("metrics.acc <= 0.6 AND tags.team IS NULL", ["metrics.loss"]),
    ("attributes.status != 'FAILED' AND metrics.acc > 0", ["start_time DESC"]),
]


def _change(db, workspace, made, kept):
    """Change one run, or make or remove one, in one of the ways there are."""
    actor, run = System(workspace.id), made.choice(kept)
    match made.randrange(7):
        case 0:
            kept.append(runs.create(db, actor, runs.NewRun("0", None, made.randrange(9), {})))
        case 1 if len(kept) > 5:
            runs.delete_permanently(db, actor, run.uid)
            kept.remove(run)
        case 2:
            (runs.restore if run.lifecycle_stage == "deleted" else runs.mark_deleted)(
                db, actor, run.uid
            )
        case 3 if run.lifecycle_stage == "active":
            runs.change(db, actor, run.uid, status=made.choice(["FAILED", "FINISHED"]))
        case 4 if run.lifecycle_stage == "active":
            tags.delete_tag(db, ingest.target(db, run.uid), "team")
        case _ if run.lifecycle_stage == "active":
            target = ingest.target(db, run.uid)
            points = [(key, made.random(), 1, made.randrange(99)) for key in ("loss", "acc")]
            ingest.write_points(db, target, ingest.grouped(points))
            ingest.write_tags(db, target, {"team": made.choice(["red", "blue"])})


def test_what_is_kept_in_memory_follows_every_change(platform, workspace, logged, in_memory):
    made, kept = random.Random(5), [row[0] for row in logged]
    for _ in range(12):
        with platform.database.session(workspace.id) as db:
            kept = [db.merge(run, load=True) for run in kept]
            for _ in range(made.randrange(1, 6)):
                _change(db, workspace, made, kept)
        with platform.database.session(workspace.id, write=False) as db:
            for where, by in FOLLOWED:
                orders = filters.read_order(by)
                wanted = search.Wanted([0], ["active"], filters.read(where), orders)
                in_columns = _paged(db, wanted, 11)
                assert search._Search(db, wanted).large is not None
                with pytest.MonkeyPatch.context() as patched:
                    patched.setattr(large.Large, "can_do", lambda _self: False)
                    assert _paged(db, wanted, 11) == in_columns, (where, by)
                    count = search.count(db, wanted)
                assert search.count(db, wanted) == count == len(in_columns)


def test_workspaces_never_share_columns(platform, workspace, logged, in_memory):
    other = platform.a_workspace()
    wanted = search.Wanted([0], ["active"], filters.read("metrics.loss >= 0"), [])
    with platform.database.session(workspace.id, write=False) as db:
        assert search.find(db, wanted, limit=50).runs
    with platform.database.session(other.id) as db:
        assert search.find(db, wanted, limit=50).runs == []
        run = runs.create(db, System(other.id), runs.NewRun("0", None, 1, {}))
        ingest.write_points(db, ingest.target_of(run), ingest.grouped([("loss", 1.0, 1, 1)]))
        assert [found.uid for found in search.find(db, wanted, limit=50).runs] == [run.uid]


def test_columns_that_were_unused_for_longest_go_first(
    platform, workspace, logged, in_memory, monkeypatch
):
    monkeypatch.setattr(columns, "MOST_BYTES", 1500)
    with platform.database.session(workspace.id, write=False) as db:
        for where in ("metrics.loss > 0", "metrics.acc > 0", "tags.team IS NULL"):
            search.find(db, search.Wanted([0], ["active"], filters.read(where), []), limit=5)
        table = columns.kept(db, 0)
        assert table is not None
        assert table.size_bytes <= 1500
        assert filters.read("tags.team IS NULL")[0] in table.columns


def test_a_page_starts_after_the_last_one_although_runs_were_added(platform, workspace, logged):
    wanted = search.Wanted([0], ["active"], [], [])
    with platform.database.session(workspace.id) as db:
        first = search.find(db, wanted, limit=10)
        runs.create(db, System(workspace.id), runs.NewRun("0", None, 10_000, {}))
        second = search.find(db, wanted, limit=10, after=first.end)
    assert not {run.uid for run in first.runs} & {run.uid for run in second.runs}


def test_a_page_token_of_another_search_is_refused(workspace, logged):
    client = workspace.client("viewer")
    body = {"experiment_ids": ["0"], "max_results": 5, "order_by": ["metrics.loss"]}
    token = client.post("/api/2.0/mlflow/runs/search", json=body).json()["next_page_token"]
    body |= {"order_by": ["metrics.acc"], "page_token": token}
    answer = client.post("/api/2.0/mlflow/runs/search", json=body)
    assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")


def test_nonsense_is_refused_although_nothing_could_match(workspace):
    body = {"experiment_ids": ["0"], "filter": "metrics.none > 1 AND attributes.colour = 'red'"}
    answer = workspace.client("viewer").post("/api/2.0/mlflow/runs/search", json=body)
    assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
