"""Files scored by the jobs, behind a node that answers like a gateway."""

import csv
import io
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson
import pyarrow as pa
import pytest
from pyarrow import parquet
from sqlalchemy import delete, select
from tests.make.deployments import Killed, Serving

from modelyard_protocol.inference import InvalidRows, read_request
from modelyard_protocol.package import Column, DType, Signature
from modelyard_protocol.records import Skin
from modelyard_server.batches import jobs as batch_jobs
from modelyard_server.batches import service
from modelyard_server.deployments.errors import NodeUnreachable
from modelyard_server.deployments.ports import NodeAnswer
from modelyard_server.kernel import jobs
from modelyard_server.kernel.trail import AuditEvent
from modelyard_server.traffic import service as traffic

SIGNATURE = Signature(inputs=(Column(name="x", dtype=DType.double),))


@dataclass
class Gateway:
    """Adds one to x; may be told to fail at a call."""

    calls: list[tuple[str, dict[str, str], int]] = field(default_factory=list)
    failures: dict[int, BaseException] = field(default_factory=dict)
    between: Any = None

    def __call__(self, path: str, body: bytes, headers: dict[str, str]) -> NodeAnswer:
        self.calls.append((path, headers, len(orjson.loads(body)["rows"])))
        failure = self.failures.pop(len(self.calls), None)
        if failure is not None:
            raise failure
        if self.between is not None:
            self.between()
        try:
            rows = read_request(Skin.predict, "application/json", body, SIGNATURE).columns["x"]
        except InvalidRows as wrong:
            fields = [problem.as_field() for problem in wrong.problems]
            told: Any = {"detail": str(wrong), "fields": fields}
            return NodeAnswer(422, {}, orjson.dumps(told), 1.0)
        sums = [value + 1 for value in rows]
        told = {"prediction_id": f"p{len(self.calls)}", "version": 1, "predictions": sums}
        return NodeAnswer(200, {}, orjson.dumps(told), 1.0)


@pytest.fixture
def gateway(serving: Serving) -> Iterator[Gateway]:
    made = Gateway()
    serving.node.answers = made
    yield made
    with serving.platform.database.platform_session() as db:
        jobs.withdraw(db, serving.workspace.id)


@pytest.fixture
def address(serving: Serving, gateway: Gateway) -> str:
    """Give the address of a live deployment's batches."""
    deployment = serving.deploy()
    traffic.publish(serving.platform.services)
    return f"/api/v1/deployments/{deployment['id']}/batches"


def send(serving: Serving, address: str, name: str, body: bytes, status: int = 201) -> Any:
    answer = serving.client.post(f"{address}/file", params={"file_name": name}, content=body)
    assert answer.status_code == status, answer.text
    return answer.json()


def work(serving: Serving) -> None:
    """Do the batch jobs of this workspace, as a worker would; a killed one leaves its job."""
    database, workspace_id = serving.platform.database, serving.workspace.id
    ours = (jobs.Job.kind == service.SCORE, jobs.Job.owner_workspace_id == workspace_id)
    while True:
        with database.platform_session(write=False) as db:
            row = db.scalar(select(jobs.Job).where(*ours).order_by(jobs.Job.run_at).limit(1))
        if row is None:
            return
        batch_jobs.score_batch(
            jobs.JobContext(
                id=row.id,
                kind=row.kind,
                workspace_id=workspace_id,
                payload=row.payload,
                attempt=1,
                is_last_attempt=False,
                database=database,
                services=serving.platform.services,
                token=0,
            )
        )
        with database.platform_session() as db:
            db.execute(delete(jobs.Job).where(jobs.Job.id == row.id))


def shown(serving: Serving, batch: Any, what: str = "", **query: Any) -> Any:
    answer = serving.client.get(f"/api/v1/batches/{batch['id']}{what}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.text if what else answer.json()


def a_csv(rows: int, wrong: tuple[int, ...] = ()) -> bytes:
    lines = [f"{'no' if n in wrong else n},r{n}" for n in range(1, rows + 1)]
    return "\n".join(["x,name", *lines]).encode()


def test_every_row_gets_its_prediction_or_its_reason(
    serving: Serving, gateway: Gateway, address: str
) -> None:
    batch = send(serving, address, "rows.csv", a_csv(2500, wrong=(7, 1001, 2500)))
    assert (batch["status"], batch["format"], batch["progress"]) == ("waiting", "csv", 0)
    work(serving)
    done = shown(serving, batch)
    assert (done["error"], done["status"]) == (None, "finished")
    assert (done["rows_done"], done["rows_failed"]) == (2497, 3)
    assert done["progress"] == 1
    rows = list(csv.DictReader(io.StringIO(shown(serving, batch, "/results"))))
    assert [int(row["row"]) for row in rows] == [
        n for n in range(1, 2501) if n not in {7, 1001, 2500}
    ]
    assert all(float(row["prediction"]) == float(row["x"]) + 1 for row in rows)
    assert {row["version"] for row in rows} == {"1"}
    places = [(row["prediction_id"], row["prediction_row"]) for row in rows]
    assert len(set(places)) == len(places)
    refused = list(csv.DictReader(io.StringIO(shown(serving, batch, "/errors"))))
    assert [(one["row"], one["column"]) for one in refused] == [
        ("7", "x"), ("1001", "x"), ("2500", "x"),
    ]  # fmt: skip
    assert json.loads(refused[0]["input"]) == {"x": "no", "name": "r7"}
    path, headers, count = gateway.calls[0]
    assert (path.rpartition("/")[2], headers["X-Modelyard-Source"], count) == (
        "predict", "batch", 1000,
    )  # fmt: skip
    with serving.platform.database.session(serving.workspace.id, write=False) as db:
        found = select(AuditEvent.action).where(AuditEvent.object_id == batch["id"])
        assert set(db.scalars(found)) == {"batches.start", "batches.finish"}


def test_results_come_as_parquet_with_the_types_of_the_file(
    serving: Serving, gateway: Gateway, address: str
) -> None:
    rows = {"x": [1.5, None, 3.5], "name": ["a", "b", "c"], "row": [7, 8, 9]}
    file = io.BytesIO()
    parquet.write_table(pa.table(rows), file)
    batch = send(serving, address, "rows.parquet", file.getvalue())
    work(serving)

    def told(what: str) -> pa.Table:
        asked = f"/api/v1/batches/{batch['id']}/{what}?format=parquet"
        answer = serving.client.get(asked)
        assert answer.headers["content-type"] == "application/vnd.apache.parquet"
        return parquet.read_table(io.BytesIO(answer.content))

    results, refused = told("results"), told("errors")
    assert results.select(["row", "prediction", "x", "name", "input.row"]).to_pylist() == [
        {"row": 1, "prediction": 2.5, "x": 1.5, "name": "a", "input.row": 7},
        {"row": 3, "prediction": 4.5, "x": 3.5, "name": "c", "input.row": 9},
    ]
    assert results.schema.field("input.row").type == pa.int64()
    (wrong,) = refused.to_pylist()
    assert (wrong["row"], wrong["column"], json.loads(wrong["input"])["row"]) == (2, "x", 8)


@pytest.mark.parametrize("at", [1, 2, 3])
def test_a_killed_worker_loses_and_repeats_nothing(
    serving: Serving, gateway: Gateway, address: str, at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_jobs, "SLICE_SECONDS", 0.0)
    batch = send(serving, address, "rows.csv", a_csv(2500))
    gateway.failures[at] = Killed()
    with pytest.raises(Killed):
        work(serving)
    assert shown(serving, batch)["status"] == "running"
    work(serving)
    done = shown(serving, batch)
    assert (done["status"], done["rows_done"]) == ("finished", 2500)
    rows = list(map(json.loads, shown(serving, batch, "/results", format="jsonl").splitlines()))
    assert [row["row"] for row in rows] == list(range(1, 2501))


def test_two_workers_at_one_part_write_it_once(
    serving: Serving, gateway: Gateway, address: str
) -> None:
    batch = send(serving, address, "rows.jsonl", b'{"x":1}\n{"x":2}\n')

    def other_worker() -> None:
        gateway.between = None
        with serving.platform.database.session(serving.workspace.id) as db:
            service.go_on(db, uuid.UUID(batch["id"]))
        work(serving)

    gateway.between = other_worker
    work(serving)
    done = shown(serving, batch)
    assert (done["status"], done["rows_done"]) == ("finished", 2)
    assert len(shown(serving, batch, "/results", format="jsonl").splitlines()) == 2


def test_a_cancelled_batch_keeps_what_it_has(
    serving: Serving, gateway: Gateway, address: str
) -> None:
    batch = send(serving, address, "rows.csv", a_csv(2500))
    cancel = f"/api/v1/batches/{batch['id']}/cancel"

    def cancel_at_the_second() -> None:
        if len(gateway.calls) == 2:
            assert serving.client.post(cancel).status_code == 200

    gateway.between = cancel_at_the_second
    work(serving)
    done = shown(serving, batch)
    assert (done["status"], done["rows_done"]) == ("cancelled", 1000)
    assert len(shown(serving, batch, "/results").splitlines()) == 1001
    assert serving.client.post(cancel).json()["code"] == "batches.ended"
    assert serving.client.delete(f"/api/v1/batches/{batch['id']}").status_code == 204
    assert serving.client.get(f"/api/v1/batches/{batch['id']}").status_code == 404


def test_an_unreachable_gateway_is_waited_for(
    serving: Serving, gateway: Gateway, address: str
) -> None:
    gateway.failures[1] = NodeUnreachable("It is being restarted.")
    batch = send(serving, address, "rows.csv", a_csv(3))
    work(serving)
    assert shown(serving, batch)["rows_done"] == 3


def test_what_cannot_be_scored_says_why(serving: Serving, gateway: Gateway, address: str) -> None:
    for name, body, words in (
        ("a.csv", b"name\nx\n", "no column 'x'"),
        ("a.parquet", b"nonsense", "not a Parquet file"),
    ):
        batch = send(serving, address, name, body)
        work(serving)
        failed = shown(serving, batch)
        assert failed["status"] == "failed"
        assert words in failed["error"]
    assert send(serving, address, "a.xlsx", b"x", 422)["code"] == "batches.file_refused"
    assert send(serving, address, "a.csv", b"", 422)["code"] == "batches.file_refused"
    pinned = serving.client.post(
        f"{address}/file", params={"file_name": "a.csv", "version": 9}, content=b"x\n1\n"
    )
    assert pinned.json()["code"] == "batches.not_deployed"
    viewer = serving.workspace.client("viewer")
    assert viewer.get(address).status_code == 403
    for _ in range(service.MAX_OPEN):
        send(serving, address, "a.csv", b"x\n1\n")
    assert send(serving, address, "a.csv", b"x\n1\n", 429)["code"] == "batches.too_many"
