"""Scores batches a few seconds at a time, so that other work gets its turn between."""

from __future__ import annotations

import time
import uuid
from typing import Any

import orjson
from sqlalchemy import update
from sqlalchemy.orm import Session

from modelyard_protocol.package import Signature
from modelyard_server.artifacts import service as artifacts
from modelyard_server.artifacts.ports import BlobStore
from modelyard_server.deployments.errors import NodeUnreachable
from modelyard_server.deployments.ports import ComputeDriver
from modelyard_server.kernel.clock import utcnow
from modelyard_server.kernel.crypto import RootKey
from modelyard_server.kernel.jobs import JobContext, handler
from modelyard_server.traffic import console
from modelyard_server.workspaces.access import System

from . import scoring, service
from .errors import BatchMissing, NotDeployed
from .models import OPEN, Batch, BatchStatus
from .reading import Reader, Row, Unreadable, open_file
from .scoring import Answered, Failed, Refused, Scored

SLICE_SECONDS = 3.0
PATIENCE_SECONDS = 10.0
_BUSY = (429, 502, 503, 504)
_HOPELESS = 3  # parts from the beginning on without a single prediction


class NodeBusy(Exception):
    """The gateway answers nothing useful for a while; the job is tried again later."""


@handler(service.SCORE, max_attempts=10)
def score_batch(job: JobContext) -> None:
    """Score the next parts of a batch, from wherever the last one ended."""
    Slice(job).run()


class Slice:
    """One turn of one batch."""

    def __init__(self, job: JobContext) -> None:
        assert job.workspace_id is not None  # noqa: S101 - enqueued with it
        self._job, self._workspace_id = job, job.workspace_id
        self._batch_id = uuid.UUID(job.payload["batch_id"])
        self._blobs: BlobStore = job.services.get(BlobStore)
        self._compute: ComputeDriver = job.services.get(ComputeDriver)
        self._root: RootKey = job.services.get(RootKey)
        self._path = ""
        self._headers: dict[str, str] = {}

    def run(self) -> None:
        """Score until the turn is over or the file is."""
        row = self._begin()
        if row is None:
            return
        try:
            signature = self._prepare(row)
            with self._blobs.open(self._workspace_id, row.sha256) as stream:
                reader = open_file(row.format, stream, row.size_bytes, signature, row.position)
                self._parts(row, reader)
        except (Unreadable, NotDeployed) as wrong:
            self._end(BatchStatus.failed, str(wrong))
        except NodeBusy as busy:
            if not self._job.is_last_attempt:
                raise
            self._end(BatchStatus.failed, str(busy))

    def _begin(self) -> Batch | None:
        with self._job.database.session(self._workspace_id) as db:
            try:
                row = service.get(db, self._batch_id, lock=True)
            except BatchMissing:
                return None
            if row.status not in OPEN:
                return None
            if row.status == BatchStatus.waiting or row.started_at is None:
                row.status, row.started_at = BatchStatus.running, utcnow()
            db.flush()
            db.expunge(row)
            return row

    def _prepare(self, row: Batch) -> Signature:
        route = service.route_of(self._compute.desired(), row.deployment_id, row.version)
        address = f"/{route.workspace}/{route.environment}/{route.deployment}"
        pinned = f"/versions/{row.version}" if row.version is not None else ""
        self._path = f"{address}{pinned}/predict"
        self._headers = {
            "Authorization": console.authorization(self._root, row.deployment_id),
            "Content-Type": "application/json",
            "X-Modelyard-Source": "batch",
        }
        return route.signature

    def _parts(self, row: Batch, reader: Reader) -> None:
        number, done = row.parts, row.rows_done
        end = time.monotonic() + SLICE_SECONDS
        while True:
            self._job.check()
            rows = reader.part()
            if not rows:
                self._end(BatchStatus.finished, None)
                return
            scored, failed = scoring.score(rows, self._send)
            is_last = time.monotonic() >= end
            if not self._commit(number, reader, scored, failed, goes_on=is_last):
                return
            number, done = number + 1, done + len(scored)
            if not done and number >= _HOPELESS:
                why = failed[-1].problem if failed else ""
                self._end(BatchStatus.failed, f"No row of the file gets a prediction: {why}")
                return
            if is_last:
                return

    def _send(self, rows: list[Row]) -> Answered | Refused:
        body = b'{"rows":[' + b",".join(row.content for row in rows) + b"]}"
        end = time.monotonic() + PATIENCE_SECONDS
        while True:
            self._job.check()
            try:
                answer = self._compute.call(self._path, body, self._headers)
                status, told = answer.status, orjson.loads(answer.body)
            except (NodeUnreachable, orjson.JSONDecodeError) as error:
                status, told = 503, {"detail": str(error)}
            if status == 200:
                return Answered(told["prediction_id"], told["version"], told["predictions"])
            if status not in _BUSY:
                return _refused(told)
            if time.monotonic() >= end:
                raise NodeBusy(str(told.get("detail", "The gateway does not answer.")))
            self._job.lost.wait(0.5)

    def _commit(
        self,
        number: int,
        reader: Reader,
        scored: list[Scored],
        failed: list[Failed],
        *,
        goes_on: bool,
    ) -> bool:
        """Add a part to the results; False when it is another's to do, or the batch was stopped."""
        results = _lines([_result(one) for one in scored])
        refusals = _lines([_refusal(one) for one in failed])
        store = self._blobs
        blobs = {
            kind: store.receive(self._workspace_id, [content])
            for kind, content in (("parts", results), ("errors", refusals))
            if content
        }
        with self._job.database.session(self._workspace_id) as db:
            is_ours = self._advance(db, number, reader, scored, failed)
            for kind, blob in blobs.items():
                if is_ours:
                    path = f"batches/{self._batch_id.hex}/{kind}/{number:08d}.jsonl"
                    artifacts.attach(db, store, path, blob)
                else:
                    artifacts.remove_if_unused(db, store, blob.sha256)
            if is_ours and goes_on:
                service.go_on(db, self._batch_id)
            return is_ours

    def _advance(
        self,
        db: Session,
        number: int,
        reader: Reader,
        scored: list[Scored],
        failed: list[Failed],
    ) -> bool:
        first = scored[0].prediction if scored else None
        values: dict[str, Any] = {
            "parts": number + 1,
            "position": reader.position(),
            "progress": reader.progress(),
            "columns": reader.columns,
            "rows_done": Batch.rows_done + len(scored),
            "rows_failed": Batch.rows_failed + len(failed),
        }
        if number == 0 or isinstance(first, dict):
            values["outputs"] = list(first) if isinstance(first, dict) else []
        ours = (Batch.id == self._batch_id, Batch.parts == number)
        changed = db.execute(
            update(Batch).where(*ours, Batch.status == BatchStatus.running).values(**values)
        )
        return bool(changed.rowcount)  # type: ignore[attr-defined]

    def _end(self, status: BatchStatus, error: str | None) -> None:
        with self._job.database.session(self._workspace_id) as db:
            row = service.get(db, self._batch_id, lock=True)
            if row.status in OPEN:
                if status is BatchStatus.finished:
                    row.progress = 1.0
                service.end(db, System(self._workspace_id), row, status, error)


def _refused(told: dict[str, Any]) -> Refused:
    named: dict[int, tuple[str | None, str]] = {}
    for problem in told.get("fields") or []:
        if isinstance(problem.get("row"), int):
            named.setdefault(problem["row"], (problem.get("column"), str(problem.get("problem"))))
    return Refused(str(told.get("detail", "The call was refused."))[:1000], named)


def _result(one: Scored) -> dict[str, Any]:
    return {
        "row": one.row.number,
        "prediction_id": one.prediction_id,
        "prediction_row": one.place,
        "version": one.version,
        "prediction": one.prediction,
        "input": one.row.values,
    }


def _refusal(one: Failed) -> dict[str, Any]:
    return {
        "row": one.row.number,
        "column": one.column,
        "problem": one.problem,
        "input": one.row.values,
    }


def _lines(rows: list[dict[str, Any]]) -> bytes:
    return b"".join(orjson.dumps(row, default=str) + b"\n" for row in rows)
