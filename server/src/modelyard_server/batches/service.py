"""Batches from the file that arrived to the results that are read."""

from __future__ import annotations

import csv
import io
import uuid
from collections.abc import Iterator
from functools import partial
from typing import Any

import orjson
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from modelyard_protocol.routing import DesiredState, Route
from modelyard_server.artifacts import service as artifacts
from modelyard_server.artifacts.ports import BlobStore, StoredBlob
from modelyard_server.artifacts.service import StoredFile
from modelyard_server.deployments import service as deployments
from modelyard_server.kernel import jobs, tenancy, trail
from modelyard_server.kernel.clock import utcnow

from .errors import (
    BatchEnded,
    BatchMissing,
    BatchRuns,
    FileRefused,
    NotDeployed,
    TooManyBatches,
)
from .models import OPEN, Batch, BatchStatus, Format
from .parquet import Parts, as_parquet

SCORE = "batches.score"
MAX_OPEN = 20  # of a workspace; the others wait in line behind each other anyway
MAX_BYTES = 50 * 1024**3
LISTED = 50
_OURS = ("row", "prediction_id", "prediction_row", "version")
_REFUSED = ("row", "column", "problem", "input")
_ENDINGS = {
    ".csv": Format.csv,
    ".tsv": Format.csv,
    ".jsonl": Format.jsonl,
    ".ndjson": Format.jsonl,
    ".parquet": Format.parquet,
}


def format_of(file_name: str, asked: Format | None) -> Format:
    """Tell a file's format by what was asked, or by its ending.

    Raises:
        FileRefused: neither says.
    """
    if asked is not None:
        return asked
    ending = file_name[file_name.rfind(".") :].lower()
    if ending not in _ENDINGS:
        raise FileRefused("Name the file .csv, .jsonl or .parquet, or say its format.")
    return _ENDINGS[ending]


def route_of(desired: DesiredState, deployment_id: uuid.UUID, version: int | None) -> Route:
    """Give the route that scores for a deployment.

    Raises:
        NotDeployed: nothing serves it, or not this version, or a language model does.
    """
    wanted = str(deployment_id)
    found = next((one for one in desired.routes if one.deployment_id == wanted), None)
    if found is None or not found.targets:
        raise NotDeployed("The deployment serves nothing now. Start it first.")
    if found.language is not None:
        raise NotDeployed("A language model has no rows to score; talk to it at its address.")
    if version is not None and version not in {target.version for target in found.targets}:
        served = ", ".join(sorted({f"v{target.version}" for target in found.targets}))
        raise NotDeployed(f"Version {version} is not served here, only {served}.")
    return found


def refuse_more(db: Session, actor: trail.Who, deployment_id: uuid.UUID) -> None:
    """Refuse a batch before its file is sent.

    Raises:
        DeploymentMissing: there is no such deployment.
        TooManyBatches: too many have not ended.
    """
    deployments.get(db, actor, deployment_id)
    count = select(func.count()).select_from(Batch).where(Batch.status.in_(OPEN))
    if int(db.scalar(count) or 0) >= MAX_OPEN:
        raise TooManyBatches(f"{MAX_OPEN} batches have not ended yet. Wait for one, or cancel one.")


def create(
    db: Session,
    actor: trail.Who,
    blobs: BlobStore,
    route: Route,
    file: StoredFile,
    kind: Format,
    version: int | None,
) -> Batch:
    """Begin to score a stored file; `file.path` is its name.

    Raises:
        TooManyBatches: too many have not ended.
        ContentMissing: the content was removed meanwhile.
    """
    deployment_id = uuid.UUID(route.deployment_id)
    refuse_more(db, actor, deployment_id)
    if not file.size_bytes:
        raise FileRefused("The file is empty.")
    row = Batch(
        id=uuid.uuid4(),
        deployment_id=deployment_id,
        deployment_name=f"{route.environment}/{route.deployment}",
        version=version,
        file_name=file.path.rpartition("/")[2][:255],
        format=kind,
        sha256=file.sha256,
        size_bytes=file.size_bytes,
        status=BatchStatus.waiting,
        parts=0,
        position={},
        columns=[],
        outputs=[],
        rows_done=0,
        rows_failed=0,
        progress=0.0,
        created_at=utcnow(),
        created_by=actor.id,
        created_by_name=actor.name,
    )
    db.add(row)
    db.flush()
    blob = StoredBlob(file.sha256, file.size_bytes)
    artifacts.attach(db, blobs, f"{row.folder}input", blob)
    facts = {"file": row.file_name, "bytes": row.size_bytes, "version": version}
    _record(db, actor, "start", row, facts)
    go_on(db, row.id)
    return row


def go_on(db: Session, batch_id: uuid.UUID) -> None:
    """Have the next parts scored after the commit, in line behind other work."""
    workspace_id = tenancy.workspace_of(db)
    jobs.enqueue(db, SCORE, {"batch_id": str(batch_id)}, workspace_id=workspace_id)


def get(db: Session, batch_id: uuid.UUID, *, lock: bool = False) -> Batch:
    """Give a batch.

    Raises:
        BatchMissing: there is none.
    """
    query = select(Batch).where(Batch.id == batch_id)
    row = db.scalar(query.with_for_update() if lock else query)
    if row is None:
        raise BatchMissing("There is no such batch.")
    return row


def newest(db: Session, actor: trail.Who, deployment_id: uuid.UUID) -> list[Batch]:
    """Give a deployment's newest batches.

    Raises:
        DeploymentMissing: there is no such deployment.
    """
    deployments.get(db, actor, deployment_id)
    query = select(Batch).where(Batch.deployment_id == deployment_id)
    return list(db.scalars(query.order_by(Batch.created_at.desc(), Batch.id).limit(LISTED)))


def cancel(db: Session, actor: trail.Who, batch_id: uuid.UUID) -> Batch:
    """Stop after the part that is being scored; what was scored stays.

    Raises:
        BatchMissing: there is none.
        BatchEnded: it has ended already.
    """
    row = get(db, batch_id, lock=True)
    if row.status not in OPEN:
        raise BatchEnded(f"This batch has {row.status} already.")
    row.status, row.ended_at = BatchStatus.cancelled, utcnow()
    _record(db, actor, "cancel", row, {"rows_done": row.rows_done})
    return row


def remove(db: Session, actor: trail.Who, batch_id: uuid.UUID) -> None:
    """Remove a batch with its input and results.

    Raises:
        BatchMissing: there is none.
        BatchRuns: it has not ended.
    """
    row = get(db, batch_id, lock=True)
    if row.status in OPEN:
        raise BatchRuns("Cancel the batch before you remove it.")
    artifacts.delete_below(db, row.folder)
    _record(db, actor, "remove", row, None)
    db.delete(row)


def end(db: Session, actor: trail.Who, row: Batch, status: BatchStatus, error: str | None) -> None:
    """Note how a batch ended."""
    row.status, row.ended_at, row.error = status, utcnow(), error
    facts = {"rows_done": row.rows_done, "rows_failed": row.rows_failed, "error": error}
    _record(db, actor, "finish" if status is BatchStatus.finished else "fail", row, facts)


def files(db: Session, row: Batch, kind: str) -> list[StoredFile]:
    """Give the parts of `parts` or `errors`, in order."""
    return artifacts.files_below(db, f"{row.folder}{kind}/")


def lines(blobs: BlobStore, workspace_id: int, parts: list[StoredFile]) -> Iterator[bytes]:
    """Give the content of parts one after the other."""
    for part in parts:
        with blobs.open(workspace_id, part.sha256) as stream:
            yield stream.read()


def heads(columns: list[str], outputs: list[str]) -> list[str]:
    """Name the columns of results: ours first, then the file's own."""
    named = [f"prediction.{name}" for name in outputs] or ["prediction"]
    taken = {*_OURS, *named}
    return [*_OURS, *named, *(f"input.{name}" if name in taken else name for name in columns)]


def as_csv(parts: Iterator[bytes], columns: list[str], outputs: list[str]) -> Iterator[bytes]:
    """Write results as CSV."""
    yield _written([heads(columns, outputs)])
    for part in parts:
        found = map(orjson.loads, part.splitlines())
        yield _written(map(_cell, cells(one, columns, outputs)) for one in found)


def errors_as_csv(parts: Iterator[bytes]) -> Iterator[bytes]:
    """Write refused rows as CSV, what was read of each as JSON."""
    yield _written([_REFUSED])
    for part in parts:
        found = map(orjson.loads, part.splitlines())
        yield _written(map(_cell, _refused(one)) for one in found)


def results_as_parquet(read: Parts, columns: list[str], outputs: list[str]) -> Iterator[bytes]:
    """Write results as Parquet; rows that are lists and not objects stand in one column."""
    if columns:
        told = partial(cells, columns=columns, outputs=outputs)
        return as_parquet(read, heads(columns, outputs), told)

    def with_whole_row(result: dict[str, Any]) -> list[Any]:
        return [*cells({**result, "input": None}, [], outputs), result["input"]]

    return as_parquet(read, [*heads([], outputs), "input"], with_whole_row)


def errors_as_parquet(read: Parts) -> Iterator[bytes]:
    """Write refused rows as Parquet, what was read of each as JSON."""
    return as_parquet(read, _REFUSED, _refused)


def cells(result: dict[str, Any], columns: list[str], outputs: list[str]) -> list[Any]:
    """Give the cells of one result, one for each of `heads`."""
    prediction, given = result["prediction"], result["input"]
    told = [prediction.get(name) for name in outputs] if outputs else [prediction]
    own = [given.get(name) for name in columns] if isinstance(given, dict) else given or []
    return [*(result[name] for name in _OURS), *told, *own]


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _refused(one: dict[str, Any]) -> list[Any]:
    return [one["row"], one["column"], one["problem"], orjson.dumps(one["input"]).decode()]


def _written(rows: Any) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()


def _record(
    db: Session, actor: trail.Who, verb: str, row: Batch, after: dict[str, Any] | None
) -> None:
    trail.record(
        db,
        actor,
        f"batches.{verb}",
        object_type="batch",
        object_id=row.id,
        object_name=f"{row.deployment_name}: {row.file_name}"[:512],
        after=after,
    )
