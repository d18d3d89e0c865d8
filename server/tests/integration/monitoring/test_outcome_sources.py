"""Outcomes that are pulled from a database, an address or a bucket, from real ones."""

import io
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from moto.server import ThreadedMotoServer
from sqlalchemy import func, select, update
from tests.make import monitoring as make
from tests.make import sources
from tests.make.deployments import replaced
from tests.make.fixtures import Platform, TeamSpace

from modelyard_server.kernel import jobs
from modelyard_server.kernel.egress import Egress
from modelyard_server.kernel.trail import AuditEvent
from modelyard_server.monitoring.models import Outcome, OutcomeSource
from modelyard_server.monitoring.outcome_source_schemas import Place, SourceColumn
from modelyard_server.monitoring.ports import OutcomeReader, PulledRows

COLUMNS = {"prediction_id": "call_id", "value": "really", "at": "written_at"}
KEYS = ("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")


@pytest.fixture
def watched(workspace: TeamSpace, tmp_path: Path) -> Iterator[make.Watched]:
    with replaced(workspace.platform, Egress, Egress(["127.0.0.0/8"])):
        yield make.a_watched_deployment(workspace, tmp_path)


@pytest.fixture
def one(sqlite_platform: Platform, tmp_path: Path) -> Iterator[make.Watched]:
    """A deployment for what has nothing to do with the database of the platform."""
    with replaced(sqlite_platform, Egress, Egress(["127.0.0.0/8"])):
        yield make.a_watched_deployment(sqlite_platform.a_workspace(), tmp_path)


@pytest.fixture
def labels(postgres_url: str) -> Iterator[sources.Labels]:
    with sources.a_table_of_labels(postgres_url) as made:
        yield made


def calls(watched: make.Watched, ages: list[int], *, ago: int = 0) -> list[str]:
    """Let the model answer `age % 2` for each; give the ids."""
    at = int(time.time()) - ago
    records = [watched.prediction([{"age": age}], at_us=at * 1_000_000) for age in ages]
    make.ingest(watched, [*records, watched.traffic({"200": len(ages)}, at=at)])
    return [record.id for record in records]


def ask(watched: make.Watched, method: str, below: str = "", status: int = 200, **json: Any) -> Any:
    address = f"/api/v1/deployments/{watched.id}/outcome-source{below}"
    given = {"json": json} if method in ("PUT", "POST") else {}
    answer = watched.workspace.client("admin").request(method, address, **given)
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


def connect(watched: make.Watched, place: dict[str, Any], **more: Any) -> Any:
    """Connect, and let the pull that follows run; give what is shown then."""
    ask(watched, "PUT", place=place, **({"columns": COLUMNS} | more))
    return pulled(watched, 1)


def pull(watched: make.Watched, **how: Any) -> Any:
    ask(watched, "POST", "/pulls", 202, **how)
    return pulled(watched, 1)


def pulled(watched: make.Watched, jobs_run: int) -> Any:
    assert sources.run_pulls(watched.workspace) == jobs_run
    return ask(watched, "GET")


def counts(shown: dict[str, Any]) -> dict[str, int]:
    newest = shown["pulls"][0]
    assert newest["error"] is None, newest
    assert newest["ended_at"] is not None
    return {name: n for name, n in newest["counts"].items() if isinstance(n, int) and n}


def test_a_table_is_pulled_from_where_it_was_left_and_everything_is_counted(
    watched: make.Watched, labels: sources.Labels
):
    old, new = calls(watched, [1, 2], ago=3 * 86400), calls(watched, [1, 2, 3])
    day = "2026-11-20 08:00:00.123456+00"
    labels.add((old[0], "1", day), (old[1], "0", day), (new[0], "1", day), ("never", "1", day))
    labels.add((new[1], "rot", day), (new[2], "0", None))

    first = connect(watched, labels.place())
    again = pull(watched)
    labels.add((new[0], "0", "2026-11-21 08:00+00"), (new[2], "1", "2026-11-22 08:00+00"))
    third = pull(watched)

    assert counts(first) == {
        "received": 5, "matched": 3, "waiting": 1, "late": 2, "rejected": 1
    }  # fmt: skip
    assert first["pulls"][0]["counts"]["problems"][0].startswith("Row ")
    assert "numbers" in first["pulls"][0]["counts"]["problems"][0]
    assert counts(again) == {}  # nothing is new
    assert counts(third)["corrected"] == counts(third)["matched"] == 1
    assert third["read_to"] == "2026-11-22 08:00:00+00"
    assert len(third["pulls"]) == 3
    assert watched.get("quality", range="7d")["total"]["n"] == 4
    assert counts(pull(watched, from_start=True))["duplicates"] >= 4


@dataclass
class Dying:
    """Reads one part; then nothing runs any more, as when the process is killed."""

    real: OutcomeReader

    def look(self, place: Place) -> list[SourceColumn]:
        return self.real.look(place)

    def read(self, *asked: Any) -> Iterator[PulledRows]:
        yield next(iter(self.real.read(*asked)))
        raise SystemExit


def test_a_pull_that_is_killed_goes_on_where_it_was(watched: make.Watched, labels: sources.Labels):
    labels.run(
        "INSERT INTO @.labels "
        "SELECT 'p-' || n, '1', '2026-11-20Z'::timestamptz + n * interval '1 s' "
        "FROM generate_series(1, 5500) n"
    )
    ask(watched, "PUT", place=labels.place(), columns=COLUMNS)
    platform = watched.workspace.platform
    worker = jobs.Worker(platform.database, platform.services, threads=0)
    dying = Dying(platform.services.get(OutcomeReader))

    def run_all() -> None:
        while worker.run_one():  # what other tests have left comes first
            pass

    with replaced(platform, OutcomeReader, dying), pytest.raises(SystemExit):
        run_all()
    halfway = ask(watched, "GET")
    with platform.database.platform_session() as db:
        db.execute(update(jobs.Job).values(state="ready", lease_until=None))
    done = pulled(watched, 1)

    assert halfway["pulls"][0]["counts"]["received"] == 5000
    assert halfway["pulls"][0]["ended_at"] is None
    assert len(done["pulls"]) == 1  # the same pull
    assert counts(done) == {"received": 5501, "waiting": 5500, "duplicates": 1}  # one at the mark
    with platform.database.session(watched.workspace.id, write=False) as db:
        assert db.scalar(select(func.count()).select_from(Outcome)) == 5500


def test_only_what_is_due_is_asked_for_and_only_once(watched: make.Watched, labels: sources.Labels):
    connect(watched, labels.place(), every_minutes=5)
    make.tidy(watched)
    assert sources.waiting(watched.workspace) == 0
    with watched.workspace.platform.database.session(watched.workspace.id) as db:
        db.execute(update(OutcomeSource).values(next_at=OutcomeSource.updated_at))
    make.tidy(watched)
    make.tidy(watched)
    assert sources.waiting(watched.workspace) == 1
    assert [pull["asked_by_name"] for pull in pulled(watched, 1)["pulls"]] == [None, "Pat Admin"]
    with watched.workspace.platform.database.session(watched.workspace.id) as db:
        db.execute(update(OutcomeSource).values(next_at=OutcomeSource.updated_at))
    make.tidy(watched)
    assert len(pulled(watched, 1)["pulls"]) == 2  # one that finds nothing makes room for the next


UNREADABLE = [
    ({"query": "SELECT nothing FROM @.labels"}, "does not exist"),
    ({"growing": "nonsense"}, "has no column nonsense. It has: call_id, really, written_at"),
    ({"query": "SELECT *, nextval('@.counter') FROM @.labels"}, "Only reading is allowed"),
    ({"query": "SELECT call_id, now() AS really, written_at FROM @.labels"}, "really::text"),
    ({"query": "SELECT *, 1 AS really FROM @.labels"}, "have the same name"),
    ({"query": "SELECT * FROM pg_authid"}, "GRANT SELECT"),
    ({"database": "nowhere"}, "no database nowhere"),
    ({"database": "host=elsewhere"}, "no such name"),
    ({"user": "nobody"}, "no user nobody"),
    ({"tls": "verify"}, "does not speak TLS"),
    ({"port": 1}, "refuses connections at port 1"),
]
MORE_THAN_READING = [
    "DELETE FROM @.labels",
    "SELECT 1; DROP TABLE @.labels",
    "WITH gone AS (DELETE FROM @.labels RETURNING *) SELECT * FROM gone",
    "SELECT * INTO other FROM @.labels",
    "SELECT * FROM @.labels FOR UPDATE",
    "COPY @.labels TO PROGRAM 'id'",
    "SELECT * FROM @.labels) AS s; DELETE FROM @.labels; --",
    "(" * 5000,
]


def test_what_cannot_be_read_is_said_with_what_to_do(one: make.Watched, labels: sources.Labels):
    labels.add(("p-1", "1", "2026-11-20Z"))
    labels.run("CREATE SEQUENCE @.counter")
    for changed, said in UNREADABLE:
        place = {
            name: value.replace("@", labels.schema) if isinstance(value, str) else value
            for name, value in labels.place(**changed).items()
        }
        error = connect(one, place)["pulls"][0]["error"]
        assert said in error, (changed, error)
    ranked = f"SELECT call_id, ARRAY['a', 'b'] AS really, written_at FROM {labels.table}"
    assert counts(connect(one, labels.place(query=ranked)))["waiting"] == 1
    with one.workspace.platform.database.session(one.workspace.id, write=False) as db:
        assert db.scalars(select(Outcome.value)).one() == '["a","b"]'
    fine = f"SELECT *, ARRAY[1] AS other FROM {labels.table} WHERE really LIKE '1%' -- all"
    assert counts(connect(one, labels.place(query=fine, growing=None)))["received"] == 1
    assert labels.run("SELECT last_value, is_called FROM @.counter").fetchone() == (1, False)


def test_a_query_that_does_more_than_read_is_refused(one: make.Watched, labels: sources.Labels):
    for query in MORE_THAN_READING:
        place = labels.place(query=query.replace("@", labels.schema))
        refused = ask(one, "PUT", status=422, place=place, columns=COLUMNS)
        assert refused["code"] == "monitoring.outcome_source_incomplete"
        assert refused["fields"][0]["location"] == "place.query"


def test_secrets_are_never_told_and_do_not_follow_to_another_place(
    watched: make.Watched, labels: sources.Labels
):
    place = labels.place()
    without = place | {"password": None}
    refused = ask(watched, "PUT", status=422, place=without, columns=COLUMNS)
    assert refused["fields"][0]["location"] == "place.password"
    shown = connect(watched, place)
    ask(watched, "PUT", place=without | {"query": f"SELECT * FROM {labels.table}"}, columns=COLUMNS)
    moved = ask(watched, "PUT", status=422, place=without | {"host": "127.0.0.2"}, columns=COLUMNS)
    [column] = [
        c
        for c in ask(watched, "POST", "/columns", place=without)["columns"]
        if c["name"] == "really"
    ]

    assert column == {"name": "really", "type": "text", "example": None}
    assert "needed again" in moved["detail"]
    assert "hunter2" not in str(shown)
    with watched.workspace.platform.database.session(watched.workspace.id, write=False) as db:
        row = db.scalars(select(OutcomeSource)).one()
        assert b"hunter2" not in row.sealed
        assert "hunter2" not in str(row.place)
    with watched.workspace.platform.database.platform_session(write=False) as db:
        events = db.scalars(select(AuditEvent).where(AuditEvent.object_id == str(watched.id))).all()
        assert "hunter2" not in str([(e.before, e.after) for e in events])
    ask(watched, "DELETE", status=204)
    assert ask(watched, "GET", status=404)["code"] == "monitoring.outcome_source_unknown"


def test_a_host_that_changes_its_mind_is_not_connected_to(
    one: make.Watched, labels: sources.Labels
):
    """DNS rebinding: public when it is connected, 127.0.0.1 when it is read."""
    answers = ["93.184.216.34"]

    def resolve(host: str, port: int, **_: Any) -> list[Any]:
        return [(2, 1, 6, "", (answers.pop(0) if answers else "127.0.0.1", port))]

    with replaced(one.workspace.platform, Egress, Egress(resolve=resolve)):
        place = labels.place(host="rebind.example.com", tls="encrypt")
        shown = connect(one, place)
        private = labels.place(host="10.0.0.8")
        ask(one, "PUT", status=422, place=private, columns=COLUMNS)
    assert "not a public address" in shown["pulls"][0]["error"]
    assert labels.callers == []


def test_a_file_is_read_when_it_changed(one: make.Watched):
    ids = calls(one, [1, 2, 3])
    with sources.a_shelf() as shelf:
        shelf.content = f"call_id,really,written_at\n{ids[0]},1,2026-11-20\n{ids[1]},0,\n".encode()
        shelf.tag = '"one"'
        place = {"kind": "https", "url": shelf.url, "token": "bearer-s3cr3t"}
        first = connect(one, place)
        same = pull(one)
        shelf.tag, shelf.content = '"two"', shelf.content + f"{ids[2]},1,gestern\n".encode()
        grown = pull(one)
        shelf.tag, shelf.status = None, 302
        away = pull(one)["pulls"][0]["error"]
        shelf.tag, shelf.status, shelf.content = None, 200, b"a,b\n1,2\n"
        other = pull(one)["pulls"][0]["error"]
        looked = ask(one, "POST", "/columns", place={"kind": "https"})

    assert counts(first) == {"received": 2, "matched": 2}
    assert counts(same) == {}
    assert shelf.asked[1]["if-none-match"] == '"one"'
    assert shelf.asked[0]["authorization"] == "Bearer bearer-s3cr3t"
    assert counts(grown) == {"received": 3, "duplicates": 2, "rejected": 1}
    assert "'gestern' is no time" in grown["pulls"][0]["counts"]["problems"][0]
    assert "another address (302)" in away
    assert other == "The file has no column call_id. It has: a, b."
    assert [c["name"] for c in looked["columns"]] == ["a", "b"]
    assert "s3cr3t" not in str(first)


@pytest.fixture(scope="module")
def bucket() -> Iterator[tuple[Any, str]]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    client = boto3.client(
        "s3", endpoint_url=url, region_name="eu-central-1",
        aws_access_key_id=KEYS[0], aws_secret_access_key=KEYS[1],
    )  # fmt: skip
    client.create_bucket(
        Bucket="labels", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    yield client, url
    server.stop()


def test_an_object_of_a_bucket_is_read(one: make.Watched, bucket: tuple[Any, str]):
    client, url = bucket
    ids = calls(one, [1, 2, 3])
    table = pa.table({"call_id": ids, "really": [1, 0, None], "written_at": [None] * 3})
    content = io.BytesIO()
    pq.write_table(table, content)
    key = "2026/labels of ü.parquet"
    client.put_object(Bucket="labels", Key=key, Body=content.getvalue())
    place = {
        "kind": "s3", "endpoint": url, "region": "eu-central-1", "bucket": "labels",
        "object": key, "access_key_id": KEYS[0], "secret_access_key": KEYS[1],
    }  # fmt: skip

    first = connect(one, place)
    same = pull(one)
    gone = connect(one, place | {"object": "no such"})

    assert counts(first) == {"received": 3, "matched": 2, "rejected": 1}
    assert counts(same) == {}
    assert gone["pulls"][0]["error"] == "The bucket labels has no object no such."
