"""Outcomes that say whom they are about and when, instead of which prediction they are of."""

import datetime as dt
import io
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pa_parquet
import pytest
from sqlalchemy import func, select, update
from tests.make import monitoring as make
from tests.make.fixtures import TeamSpace

from modelyard_protocol.package import Column, DType, Signature
from modelyard_protocol.records import Source
from modelyard_server.monitoring import policy
from modelyard_server.monitoring.entity_records import EntityOutcome, EntityRow
from modelyard_server.monitoring.models import Outcome

PEOPLE = Signature(
    inputs=(
        Column(name="age", dtype=DType.double),
        Column(name="customer", dtype=DType.string, required=False),
    ),
    outputs=(Column(name="prediction", dtype=DType.long),),
)
START = int(time.time()) - 5 * 86400
HOUR = 3600


@pytest.fixture
def watched(workspace: TeamSpace, tmp_path: Path) -> make.Watched:
    return make.a_watched_deployment(workspace, tmp_path, signature=PEOPLE)


def choose(watched: make.Watched, keep: str = "store", column: str | None = "customer") -> None:
    wanted = {"columns": {"customer": keep}, "entity_column": column}
    answer = watched.workspace.client("developer").put(
        f"/api/v1/deployments/{watched.id}/capture", json=wanted
    )
    assert answer.status_code == 200, answer.text


def instant(seconds: float) -> str:
    return dt.datetime.fromtimestamp(START + seconds, dt.UTC).isoformat()


def call(
    watched: make.Watched, name: str, customers: list[Any], seconds: float, **changed: Any
) -> Any:
    rows = [{"age": 41.0, "customer": one} for one in customers]
    return watched.prediction(rows, id=name, at_us=int((START + seconds) * 1e6), **changed)


def of(entity: Any, value: Any, seconds: float, **more: Any) -> dict[str, Any]:
    return {"entity": entity, "value": value, "at": instant(seconds), **more}


def post(
    watched: make.Watched, path: str, status: int = 200, role: str = "developer", **request: Any
) -> dict[str, Any]:
    answer = watched.workspace.client(role).post(
        f"/api/v1/deployments/{watched.id}/{path}", **request
    )
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


def send(watched: make.Watched, *sent: dict[str, Any], **params: Any) -> dict[str, Any]:
    return post(watched, "outcomes", json={"outcomes": list(sent)}, params=params)


def counts(answer: dict[str, Any]) -> dict[str, int]:
    return {name: n for name, n in answer.items() if isinstance(n, int) and n and name != "late"}


def joined(watched: make.Watched) -> dict[tuple[str, int], str]:
    with watched.workspace.platform.database.session(watched.workspace.id) as db:
        rows = db.scalars(select(Outcome).where(Outcome.hour.is_not(None))).all()
        return {(row.prediction_id, row.row): row.value for row in rows}


def test_an_outcome_is_of_the_latest_prediction_up_to_its_time(watched: make.Watched):
    choose(watched)
    records = [
        call(watched, "a-1", ["ann"], 0),
        call(watched, "both", ["bob", "ann"], HOUR),
        call(watched, "a-3", ["ann"], 2 * HOUR),
        call(watched, "tied", ["eve", "eve"], HOUR),
        call(watched, "tried", ["bob"], 2 * HOUR, source=Source.console),
    ]
    make.ingest(watched, [*records, watched.traffic({"200": 5})])

    answer = send(
        watched,
        of("ann", 1, 0),  # at the very moment
        of("ann", 0, 2 * HOUR - 1),
        of("bob", 1, 3 * HOUR),  # what the console asked is nobody's prediction
        of("ann", 1, -1),
        of("eve", 1, 2 * HOUR),
        of("nobody", 1, HOUR),
        of("bob", 0, 3 * HOUR, since=instant(2 * HOUR)),
        {"prediction_id": "a-3", "value": 0},
        within_seconds=3 * HOUR,
    )

    assert counts(answer) == {"received": 8, "matched": 4, "waiting": 3, "rejected": 1}
    assert answer["reasons"] == {
        "prediction_later": 1,
        "same_moment": 1,
        "entity_unknown": 1,
        "prediction_too_old": 1,
    }
    assert joined(watched) == {("a-1", 0): "1", ("both", 1): "0", ("both", 0): "1", ("a-3", 0): "0"}
    said = {p["index"]: p["problem"] for p in answer["problems"]}
    assert sorted(said) == [3, 4, 5, 6]
    assert "made after" in said[3]
    assert "2 predictions of the same moment" in said[4]
    assert said[5] == "No prediction names this entity. The outcome waits 24 hours for one."
    assert "before" in said[6]
    found = watched.get("quality", range="7d")
    assert (found["total"]["n"], found["waiting"], found["unknown"]) == (4, 3, 0)
    assert [m["value"] for m in found["total"]["measures"] if m["name"] == "accuracy"] == [0.5]


def test_sent_again_it_is_known_and_another_value_corrects(watched: make.Watched):
    choose(watched)
    make.ingest(watched, [call(watched, "a-1", ["ann"], 0), watched.traffic({"200": 1})])
    sent = [of("ann", 1, HOUR), of("cat", 1, HOUR)]
    send(watched, *sent)

    again = send(watched, *sent, of("ann", 1, 2 * HOUR))
    changed = send(watched, of("ann", 0, HOUR), of("cat", 0, HOUR))

    assert counts(again) == {"received": 3, "duplicates": 3}
    assert counts(changed) == {"received": 2, "corrected": 2}
    assert joined(watched) == {("a-1", 0): "0"}
    assert watched.get("quality", range="7d")["waiting"] == 1


@pytest.mark.parametrize("keep", ["store", "hash"])
def test_it_waits_for_its_prediction_also_where_the_column_is_hashed(
    watched: make.Watched, keep: str
):
    choose(watched, keep)
    late = send(watched, of("ann", 1, HOUR), of("cat", 1, HOUR), of("dan", "tall", HOUR))
    assert counts(late) == {"received": 3, "waiting": 3}
    ids = [("a-1", "ann"), ("d-1", "dan")]
    make.ingest(watched, [*(call(watched, i, [who], 0) for i, who in ids)])
    assert joined(watched) == {("a-1", 0): "1"}
    found = watched.get("quality", range="7d")
    assert (found["waiting"], found["unknown"]) == (2, 0)  # the model predicts no "tall"

    key = make.capture_key(watched.workspace.platform)
    word = policy.hashed("ann", key)
    answer = send(watched, of(word, 0, HOUR))
    assert counts(answer) == {"received": 1, "corrected" if keep == "hash" else "waiting": 1}
    with watched.workspace.platform.database.session(watched.workspace.id) as db:
        long_ago = dt.datetime.now(dt.UTC) - dt.timedelta(hours=25)
        db.execute(update(EntityOutcome).values(received_at=long_ago))
    make.ingest(watched, [call(watched, "c-1", ["cat"], 0)])
    make.tidy(watched)
    assert watched.get("quality", range="7d")["unknown"] == (2 if keep == "hash" else 3)


@pytest.mark.parametrize("keep", ["store", "hash"])
def test_rows_kept_before_the_column_was_named_are_found(watched: make.Watched, keep: str):
    choose(watched, keep, column=None)
    first = [call(watched, "a-1", ["ann", None], 0), call(watched, "n-1", ["7"], 0)]
    refused = call(watched, "no", ["ann"], HOUR, status=422, response="{}")
    make.ingest(watched, [*first, refused, watched.traffic({"200": 2})])
    make.cut(watched)
    path = f"/api/v1/deployments/{watched.id}/outcomes"
    unready = watched.workspace.client("developer").post(path, json=of("ann", 1, HOUR))
    assert (unready.status_code, unready.json()["code"]) == (409, "monitoring.entity_undeclared")

    choose(watched, keep)
    assert counts(send(watched, of("ann", 1, HOUR), of(7, 0, HOUR))) == {
        "received": 2,
        "waiting": 2,
    }
    make.index_entities(watched)

    assert joined(watched) == {("a-1", 0): "1", ("n-1", 0): "0"}
    make.index_entities(watched)  # asked for twice; what is known stays as it is
    with watched.workspace.platform.database.session(watched.workspace.id) as db:
        known = db.scalar(select(func.count()).select_from(EntityRow))
    assert known == (2 if keep == "store" else 4)  # a hash may be one, or a value itself
    choose(watched, "count_only")
    refused = watched.workspace.client("developer").post(path, json=of("ann", 1, HOUR))
    assert refused.status_code == 409
    assert "let capture store or hash it" in refused.json()["detail"]


def test_files_name_entities_and_whoever_is_erased_is_gone(watched: make.Watched):
    choose(watched)
    records = [call(watched, f"p-{n}", [str(n)], n) for n in range(20)]
    make.ingest(watched, [*records, watched.traffic({"200": 20})])
    lines = [f"{n},{n % 2},{instant(HOUR)}," for n in range(10)]
    text = "\n".join(["entity,value,at,since", *lines, f"10,1,{instant(HOUR)},{instant(60)}"])
    csv = post(watched, "outcomes/file", content=text.encode())
    assert counts(csv) == {"received": 11, "matched": 10, "waiting": 1}
    assert csv["reasons"] == {"prediction_too_old": 1}

    table = pa.table(
        {
            "entity": list(range(10, 20)),
            "value": [1] * 10,
            "at": [dt.datetime.fromtimestamp(START + HOUR, dt.UTC)] * 10,
        }
    )
    parquet = io.BytesIO()
    pa_parquet.write_table(table, parquet)
    short = post(
        watched, "outcomes/file", content=parquet.getvalue(), params={"within_seconds": 3585}
    )
    assert counts(short) == {"received": 10, "matched": 5, "waiting": 4, "duplicates": 1}
    assert len(joined(watched)) == 15

    gone = post(watched, "capture/erase", role="admin", json={"value": "3"})
    assert gone["calls"] == 1
    assert ("p-3", 0) not in joined(watched)
    assert send(watched, of("3", 1, HOUR))["reasons"] == {"entity_unknown": 1}
    make.forget(watched)
    with watched.workspace.platform.database.session(watched.workspace.id) as db:
        for table_of in (EntityRow, EntityOutcome):
            assert db.scalar(select(func.count()).select_from(table_of)) == 0


@pytest.mark.parametrize(
    ("sent", "problem"),
    [
        ({"value": 1}, "Name either the prediction_id or the entity."),
        ({"value": 1, "entity": "a", "prediction_id": "b"}, "Name either"),
        ({"value": 1, "entity": "a", "row": 2}, "The row goes with a prediction_id"),
        ({"value": 1, "prediction_id": "a", "since": instant(0)}, "goes with an entity"),
        (of("a", 1, 0, since=instant(1)), "lies behind"),
        (of("", 1, 0), "at least 1 character"),
        (of("x" * 501, 1, 0), "at most 500 characters"),
    ],
)
def test_what_names_no_row_or_two_is_refused(watched: make.Watched, sent: Any, problem: str):
    choose(watched)
    answer = post(watched, "outcomes", 422, json={"outcomes": [sent]})
    assert problem in str(answer["fields"])


def test_many_outcomes_of_many_entities_are_joined(watched: make.Watched):
    choose(watched)
    calls = [call(watched, f"m-{n}", [f"c{n % 100}"], n) for n in range(300)]
    make.ingest(watched, [*calls, watched.traffic({"200": 300})])

    answer = send(watched, *(of(f"c{n % 100}", 1, n + 0.5) for n in range(2100)))

    assert (answer["matched"], answer["duplicates"]) == (300, 1800)
    assert len(joined(watched)) == 300
