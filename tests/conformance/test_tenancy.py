"""Nothing of one workspace can be read, changed or noticed from another, on any route."""

import pytest

from modelyard_server.kernel import tenancy

from .recipes import call, make_all
from .seeds import OF_EVERYBODY, SHORTEST_ID, Strangers, World
from .walk import names, own_operations

LISTS_NOTHING = {
    "tracking_mlflow_search_runs",  # MLflow: unknown experiments have no runs
    "tracking_mlflow_search_logged_models",
    "tracking_mlflow_search_datasets",
    "traces_search_traces",
    "traces_v2_search_traces_v2",
    "trace_issues_search_issues",
    "traces_correlate_filters",
    "traces_query_metrics",
    "evaluation_datasets_delete_dataset",  # MLflow: what is not there is deleted
    "traces_get_traces",
    "traces_get_trace_infos",
}
TARGETS = [op for op in own_operations() if not op.is_public]


@pytest.fixture(params=["sqlite", "postgres"], scope="module")
def worlds(request):
    """Ours, which has something of every kind, and theirs, who tries to reach it."""
    platform = request.getfixturevalue(f"{request.param}_platform")
    return World.new(platform), World.new(platform)


def rows_of(world):
    """Everything the tenant tables hold for a workspace; the driver alone, as it is asked often."""
    found = {}
    with world.platform.database.session(world.space.id, write=False) as db:
        cursor = db.connection().connection.cursor()
        for name in sorted(tenancy.tenant_tables()):
            cursor.execute(f"SELECT * FROM {name} WHERE workspace_id = {int(world.space.id)}")
            found[name] = sorted(map(repr, cursor.fetchall()))
    assert sum(map(len, found.values())) > 0
    return found


@pytest.mark.parametrize("operation", TARGETS, ids=names(TARGETS))
def test_another_workspace_is_out_of_reach(worlds, operation):
    ours, theirs = worlds
    named = Watched(ours)
    make_all(operation, named)
    before = rows_of(ours) if operation.is_write else None

    answer = call(client_of(theirs, operation), operation, named)

    assert ours.canary not in without(answer.text, named.given)
    if named.given and operation.name not in LISTS_NOTHING:
        assert answer.status_code in (403, 404), answer.text
        stranger = Strangers(ours)
        same = call(client_of(theirs, operation), operation, stranger)
        assert same.status_code == answer.status_code
        assert shape(same, stranger.made.values()) == shape(answer, named.given)
    else:
        assert answer.status_code < 500, answer.text
    assert before is None or rows_of(ours) == before


class Watched:
    """The world's ids, remembering which were asked for."""

    def __init__(self, world):
        self.world, self.given = world, []

    def __getitem__(self, seed):
        value = self.world[seed]
        if len(value) >= SHORTEST_ID and seed not in OF_EVERYBODY:
            self.given.append(value)
        return value

    def __getattr__(self, name):
        return getattr(self.world, name)


def client_of(world, operation):
    """Give an owner's client: a browser's where tokens are not enough."""
    if operation.permission != "signed in":
        return world.http
    return world.space.browser("owner", of=world.owner)


def without(text, values):
    parts = {part for value in values for part in (value, *value.split("/"))}
    for part in sorted(parts, key=len, reverse=True):
        if len(part) >= SHORTEST_ID:
            text = text.replace(part, "…")
    return text


def shape(answer, values):
    """An error's body without the ids that were sent and the request's own id."""
    body = answer.json()
    body.pop("request_id", None)
    return without(str(body), values)
