"""The run table: only shown columns, what columns there are, groups, and saved views."""

import random
import statistics
from collections import Counter

import pytest

from modelyard_server.tracking import ingest, runs
from modelyard_server.workspaces.access import System

MEAN = 1e8  # a large one with a small spread around it: squares alone would lose it


@pytest.fixture
def logged(platform, workspace):
    made, shown = random.Random(5), []
    with platform.database.session(workspace.id) as db:
        for number in range(30):
            run = runs.create(db, System(workspace.id), runs.NewRun("0", None, 1000 + number, {}))
            target = ingest.target_of(run)
            loss = float("nan") if number % 10 == 9 else MEAN + made.random()
            ingest.write_points(db, target, ingest.grouped([("loss", loss, 1, 1)]))
            params = {"same": "1"} | ({"model": made.choice("abc")} if number % 5 else {})
            ingest.write_params(db, target, params.items())
            if number % 2:
                ingest.write_tags(db, target, {"team": "risk"})
            shown.append((run.uid, loss, params))
    return shown


def get(workspace, part, **query):
    answer = workspace.client("viewer").get(f"/api/v1/experiments/0/{part}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_page_has_only_the_columns_that_are_shown(workspace, logged):
    rows = get(workspace, "runs", column=["metrics.loss", "params.model"])["items"]
    by_id = {row["id"]: row for row in rows}
    for uid, loss, params in logged:
        wanted = {key: params[key] for key in ("model",) if key in params}
        assert by_id[uid]["params"] == wanted
        assert by_id[uid]["tags"] == {}
        assert by_id[uid]["metrics"]["loss"] == (None if loss != loss else loss)
    assert get(workspace, "runs", column="")["items"][0]["metrics"] == {}
    assert get(workspace, "runs")["items"][0]["tags"]["mlflow.runName"]


def test_columns_say_how_many_runs_have_them_and_which_differ(workspace, logged):
    found = get(workspace, "columns")
    told = {column["name"]: (column["runs"], column["differs"]) for column in found["columns"]}
    assert found["runs"] == 30
    assert told["params.same"] == (30, False)
    assert told["params.model"] == (24, True)
    assert told["tags.team"] == (15, True)
    assert told["metrics.loss"] == (30, True)
    newest = get(workspace, "columns", sample=4)
    assert newest["is_sampled"]
    assert {c["name"]: c["runs"] for c in newest["columns"]}["params.same"] == 4


def test_columns_of_deleted_runs_do_not_count(workspace, logged):
    http = workspace.client("developer")
    for uid, _, _ in logged[:3]:
        assert http.delete(f"/api/v1/runs/{uid}").status_code == 204
    columns = get(workspace, "columns")
    assert columns["runs"] == 27
    assert {c["name"]: c["runs"] for c in columns["columns"]}["params.same"] == 27


def test_groups_are_counted_and_their_metrics_spread_as_computed_by_hand(workspace, logged):
    found = get(workspace, "groups", by="params.model", metric="loss")["items"]
    counts = Counter(params.get("model") for _, _, params in logged)
    assert {group["value"]: group["runs"] for group in found} == counts
    assert found[-1]["value"] is None  # without a value comes last
    for group in found:
        values = [v for _, v, p in logged if p.get("model") == group["value"] and v == v]
        spread = group["metrics"]["loss"]
        assert spread["count"] == len(values)
        assert (spread["low"], spread["high"]) == (min(values), max(values))
        assert spread["mean"] == pytest.approx(statistics.fmean(values), rel=1e-12)
        assert spread["sd"] == pytest.approx(statistics.stdev(values), rel=1e-4)


@pytest.mark.parametrize("by", ["params.model", "tags.team", "status", "author", "params.gone"])
def test_groups_come_in_pages_without_gaps(workspace, logged, by):
    whole = get(workspace, "groups", by=by)["items"]
    paged, cursor = [], None
    while True:
        page = get(workspace, "groups", by=by, limit=1, **({"cursor": cursor} if cursor else {}))
        paged += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert paged == whole
    assert sum(group["runs"] for group in whole) == 30


def test_groups_follow_the_filter_and_refuse_what_makes_none(workspace, logged):
    chosen = "tags.team IN ('risk', 'other') AND attributes.created > '1960-01-01'"
    found = get(workspace, "groups", by="status", filter=chosen)["items"]
    assert [(group["value"], group["runs"]) for group in found] == [("RUNNING", 15)]
    http = workspace.client("viewer")
    for by in ("metrics.loss", "nothing", ""):
        assert http.get("/api/v1/experiments/0/groups", params={"by": by}).status_code == 422


VIEWS = "/api/v1/experiments/0/views"
BODY = {"name": "best", "state": "order=metrics.loss&cols=params.C", "is_shared": False}


def test_a_private_view_is_seen_by_its_owner_alone(workspace):
    ana, ben = workspace.client("developer"), workspace.client("developer")
    made = ana.post(VIEWS, json=BODY).json()
    assert [view["name"] for view in ana.get(VIEWS).json()] == ["best"]
    assert ben.get(VIEWS).json() == []
    change = {"is_shared": True}
    assert ben.patch(f"/api/v1/run-views/{made['id']}", json=change).status_code == 404
    assert ben.post(VIEWS, json=BODY).status_code == 201  # a name is one's own


def test_a_shared_view_is_changed_by_its_owner_and_admins(workspace):
    ana, ben, admin = (workspace.client(r) for r in ("developer", "developer", "admin"))
    made = ana.post(VIEWS, json={**BODY, "is_shared": True}).json()
    path = f"/api/v1/run-views/{made['id']}"
    assert [view["may_change"] for view in ben.get(VIEWS).json()] == [False]
    assert ben.patch(path, json={"state": "x=1"}).json()["code"] == "tracking.not_your_view"
    assert ben.post(VIEWS, json=BODY).json()["code"] == "tracking.run_view_name_taken"
    assert admin.patch(path, json={"name": "better"}).json()["name"] == "better"
    assert ana.delete(path).status_code == 204
    assert ana.get(VIEWS).json() == []
    audit = admin.get("/api/v1/audit", params={"action": "run_views.delete"}).json()
    assert audit["items"][0]["object_name"] == "better"


@pytest.mark.parametrize("wrong", [{"name": " "}, {"name": "x" * 101}, {"state": "y" * 9000}])
def test_a_view_without_sense_is_refused(workspace, wrong):
    http = workspace.client("developer")
    assert http.post(VIEWS, json={**BODY, **wrong}).status_code == 422
    assert http.get(VIEWS).json() == []
