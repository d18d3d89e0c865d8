"""Search of runs: every plan gives the same runs in the same order, page by page."""

import random

import pytest

from modelyard_server.tracking import filters, ingest, runs, search
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
    return found == found and clause.holds(found)


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


PLANS = [(1000, 1000), (0, 1000), (0, 0)]


@pytest.mark.parametrize(("few", "many"), PLANS)
def test_every_plan_pages_through_the_same_runs(
    platform, workspace, logged, monkeypatch, few, many
):
    monkeypatch.setattr(search, "FEW", few)
    monkeypatch.setattr(search, "MANY", many)
    with platform.database.session(workspace.id, write=False) as db:
        pairs = [(where, by) for where in FILTERS for by in ORDERS]
        for where, by in pairs[PLANS.index((few, many)) :: 2]:
            clauses, orders = filters.read(where), filters.read_order(by)
            wanted = search.Wanted([0], ["active"], clauses, orders)
            expected = _expected(logged, clauses, orders)
            assert _paged(db, wanted, 13) == expected, (where, by)
            assert search.count(db, wanted) == len(expected)


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
