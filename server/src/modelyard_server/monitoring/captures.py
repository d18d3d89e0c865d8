"""The rows that were kept: what is kept, how much there is, reading it out, erasing a person."""

from __future__ import annotations

import datetime as dt
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, delete, func, or_, select
from sqlalchemy.orm import Session

from modelyard_protocol.language import PROMPT, RESPONSE
from modelyard_server.artifacts import service as artifacts
from modelyard_server.artifacts.ports import BlobStore
from modelyard_server.deployments import service as deployments
from modelyard_server.kernel import errors, tenancy, trail
from modelyard_server.kernel.clock import utcnow
from modelyard_server.kernel.lazily import lazily

from . import entities, entity_history, outcome_hours, policy, segments
from .capture_schemas import (
    CaptureColumn,
    CaptureOut,
    CapturePut,
    Erased,
    ErasureIn,
)
from .errors import NothingCaptured, TooManyRows
from .models import (
    CaptureCount,
    CapturePolicy,
    CaptureSegment,
    LoggedPrediction,
    Outcome,
    ReplacedOutcome,
)
from .policies import as_policy, policy_of
from .policy import Policy
from .ports import Lost

if TYPE_CHECKING:
    import duckdb
else:
    duckdb = lazily("duckdb")


MOST_EXPORTED = 5_000_000  # rows of one file
_CHUNK = 400
_MB = 1024 * 1024


def read(db: Session, actor: trail.Who, deployment_id: uuid.UUID, *, lost: Lost) -> CaptureOut:
    """Give what is kept of a deployment's calls, and how much.

    Raises:
        DeploymentMissing: there is no such deployment.
    """
    deployments.monitored_one(db, actor, deployment_id)
    chosen = policy_of(db, deployment_id)
    rows, size, first, last, count = db.execute(
        select(
            func.coalesce(func.sum(CaptureSegment.rows), 0),
            func.coalesce(func.sum(CaptureSegment.size_bytes), 0),
            func.min(CaptureSegment.first_at),
            func.max(CaptureSegment.last_at),
            func.count(),
        ).where(CaptureSegment.deployment_id == deployment_id)
    ).one()
    left_out = db.scalar(
        select(func.coalesce(func.sum(CaptureCount.sampled_out), 0)).where(
            CaptureCount.deployment_id == deployment_id
        )
    )
    return CaptureOut(
        rate=chosen.rate,
        retention_days=chosen.retention_days,
        entity_column=chosen.entity,
        columns=_columns(db, deployment_id, chosen),
        rows=int(rows),
        size_bytes=int(size),
        segments=int(count),
        first_at=first,
        last_at=last,
        sampled_out=int(left_out or 0),
        **lost.told(),
    )


def change(
    db: Session,
    actor: trail.Who,
    deployment_id: uuid.UUID,
    wanted: CapturePut,
    *,
    lost: Lost,
) -> CaptureOut:
    """Choose what is kept of calls from now on; rows that were kept stay as they are.

    Raises:
        DeploymentMissing: there is no such deployment.
    """
    subject = deployments.monitored_one(db, actor, deployment_id)
    row = db.scalar(select(CapturePolicy).where(CapturePolicy.deployment_id == deployment_id))
    before = None if row is None else _facts(row)
    if row is None:
        row = CapturePolicy(deployment_id=deployment_id)
        db.add(row)
    told = None if row.updated_at is None else entities.kept_column(as_policy(row))
    row.columns = {name: keep.value for name, keep in sorted(wanted.columns.items())}
    row.rate, row.retention_days = wanted.rate, wanted.retention_days
    row.entity_column, row.updated_at = wanted.entity_column, utcnow()
    db.flush()
    if entities.kept_column(as_policy(row)) != told:
        entity_history.begin(db, deployment_id)
    trail.record(
        db,
        actor,
        "monitoring.capture_changed",
        object_type="deployment",
        object_id=deployment_id,
        object_name=subject.name,
        before=before,
        after=_facts(row),
    )
    return read(db, actor, deployment_id, lost=lost)


def erase(
    db: Session,
    actor: trail.Who,
    blobs: BlobStore,
    key: bytes,
    deployment_id: uuid.UUID,
    asked: ErasureIn,
) -> Erased:
    """Remove every call that names someone: segments are written anew, logged calls deleted.

    Counts stay: they name nobody. Values that were hashed are found as well.

    Raises:
        DeploymentMissing: there is no such deployment.
        NothingCaptured: no column was named and none is known to name whom a row is about.
    """
    subject = deployments.monitored_one(db, actor, deployment_id)
    column = asked.column or policy_of(db, deployment_id).entity
    if column is None:
        raise NothingCaptured("Name the column that says whom a row is about.")
    words = {asked.value, str(policy.hashed(asked.value, key))}
    if column == entities.kept_column(policy_of(db, deployment_id)):
        named = entities.reader(db, deployment_id, key).of(asked.value)
        entities.forget(db, deployment_id, named)
    ids: set[str] = set()
    rewritten = rows = 0
    own = select(CaptureSegment).where(CaptureSegment.deployment_id == deployment_id)
    for segment in db.scalars(own).all():
        gone, removed = _rewrite(db, blobs, segment, segments.INPUT + column, words)
        ids |= set(gone)
        rewritten, rows = rewritten + bool(gone), rows + removed
    ids |= _logged(db, deployment_id, column, words)
    calls = _delete_calls(db, deployment_id, ids)
    found = Erased(calls=len(ids), rows=rows, segments=rewritten, logged_calls=calls)
    trail.record(
        db,
        actor,
        "monitoring.rows_erased",
        object_type="deployment",
        object_id=deployment_id,
        object_name=subject.name,
        after={"column": column, **found.model_dump()},  # never the value
    )
    return found


def export(
    db: Session,
    blobs: BlobStore,
    actor: trail.Who,
    deployment_id: uuid.UUID,
    since: dt.datetime | None,
    until: dt.datetime | None,
) -> Path:
    """Write the kept rows of a time as one Parquet file; the caller deletes its folder.

    Raises:
        DeploymentMissing: there is no such deployment.
        NothingCaptured: no rows were kept in that time.
        TooManyRows: they are too many for one file.
    """
    deployments.monitored_one(db, actor, deployment_id)
    folder = Path(tempfile.mkdtemp(prefix="modelyard-rows-"))
    target = folder / "rows.parquet"
    files = copy_segments(db, blobs, deployment_id, since, until, folder)
    chosen = select_rows(files, since, until)
    quoted = str(target).replace("'", "''")
    with connect(folder) as reader:
        reader.execute(
            f'COPY ({chosen} ORDER BY "at", prediction_id, "row") TO \'{quoted}\' '
            "(FORMAT parquet, COMPRESSION zstd)"
        )
    return target


def copy_segments(
    db: Session,
    blobs: BlobStore,
    deployment_id: uuid.UUID,
    since: dt.datetime | None,
    until: dt.datetime | None,
    folder: Path,
) -> list[Path]:
    """Copy the segments that touch a time to where DuckDB can read them.

    Raises:
        NothingCaptured: there are none.
        TooManyRows: they are too many for one question.
    """
    query = select(CaptureSegment).where(
        CaptureSegment.deployment_id == deployment_id, *_touching(since, until)
    )
    found = db.scalars(query.order_by(CaptureSegment.first_at)).all()
    if not found:
        raise NothingCaptured("No rows were kept in that time.")
    if sum(segment.rows for segment in found) > MOST_EXPORTED:
        raise TooManyRows(f"More than {MOST_EXPORTED:,} rows; ask for a shorter time.")
    files: list[Path] = []
    for segment in found:
        file = folder / f"{segment.id}.parquet"
        digest = artifacts.find(db, segment.path).sha256
        blobs.copy_to(tenancy.workspace_of(db), digest, file)
        files.append(file)
    return files


def connect(folder: Path, *, memory: str = "1GB") -> duckdb.DuckDBPyConnection:
    """Open DuckDB on one folder: nothing else can be read, no extension loaded.

    What takes more memory is put into the folder; rows come in any order.
    """
    reader = duckdb.connect(":memory:")
    reader.execute("SET threads = 2")
    reader.execute(f"SET memory_limit = '{memory}'")
    quoted = str(folder).replace("'", "''")
    reader.execute(f"SET temp_directory = '{quoted}/spilled'")
    reader.execute("SET preserve_insertion_order = false")
    reader.execute("SET TimeZone = 'UTC'")
    reader.execute("SET autoinstall_known_extensions = false")
    reader.execute("SET autoload_known_extensions = false")
    reader.execute(f"SET allowed_directories = ['{quoted}/']")
    reader.execute("SET enable_external_access = false")
    reader.execute("SET lock_configuration = true")
    return reader


def select_rows(
    files: list[Path], since: dt.datetime | None = None, until: dt.datetime | None = None
) -> str:
    """Write the query that gives the rows of segments in a time."""
    names = ", ".join("'" + str(file).replace("'", "''") + "'" for file in files)
    where = [
        f"\"at\" {sign} TIMESTAMPTZ '{end.astimezone(dt.UTC).isoformat()}'"
        for sign, end in ((">=", since), ("<", until))
        if end is not None
    ]
    # Only names of files that we made ourselves, and instants.
    chosen = f"SELECT * FROM read_parquet([{names}], union_by_name = true)"  # noqa: S608
    return chosen + (f" WHERE {' AND '.join(where)}" if where else "")


def prune(db: Session, now: dt.datetime) -> int:
    """Delete segments that are older than their deployment keeps them; give how many."""
    chosen = {
        row.deployment_id: row.retention_days for row in db.scalars(select(CapturePolicy)).all()
    }
    usual = CaptureSegment.last_at < now - dt.timedelta(days=policy.RETENTION_DAYS)
    old: list[ColumnElement[bool]] = [usual & CaptureSegment.deployment_id.not_in(list(chosen))]
    old += [
        (CaptureSegment.deployment_id == of)
        & (CaptureSegment.last_at < now - dt.timedelta(days=days))
        for of, days in chosen.items()
    ]
    for of, days in chosen.items():
        entities.prune(db, of, now - dt.timedelta(days=days))
    found = db.scalars(select(CaptureSegment).where(or_(*old)).limit(500)).all()
    for segment in found:
        _remove(db, segment)
    db.execute(delete(CaptureCount).where(CaptureCount.at < now - dt.timedelta(days=90)))
    return len(found)


def forget(db: Session, deployment_id: uuid.UUID) -> None:
    """Delete the segments of a deployment that is deleted."""
    own = select(CaptureSegment).where(CaptureSegment.deployment_id == deployment_id)
    for segment in db.scalars(own).all():
        _remove(db, segment)


def _columns(db: Session, deployment_id: uuid.UUID, chosen: Policy) -> list[CaptureColumn]:
    try:
        signature = deployments.signature_of(db, deployment_id)
        names = [column.name for column in signature.inputs if column.shape is None]
        if deployments.speaks(db, deployment_id):
            names, chosen = [PROMPT, RESPONSE], policy.of_texts(chosen)
    except errors.NotFound:
        names = []
    names += sorted(set(chosen.columns) - set(names))
    return [
        CaptureColumn(name=name, keep=chosen.of(name), is_sensitive=policy.is_sensitive(name))
        for name in names
    ]


def _facts(row: CapturePolicy) -> dict[str, object]:
    return {
        "columns": row.columns,
        "rate": row.rate,
        "retention_days": row.retention_days,
        "entity_column": row.entity_column,
    }


def _touching(since: dt.datetime | None, until: dt.datetime | None) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if since is not None:
        found.append(CaptureSegment.last_at >= since)
    if until is not None:
        found.append(CaptureSegment.first_at < until)
    return found


def _rewrite(
    db: Session, blobs: BlobStore, segment: CaptureSegment, column: str, words: set[str]
) -> tuple[list[str], int]:
    content = artifacts.read_bytes(db, blobs, segment.path, limit=512 * _MB)
    table = segments.read(content)
    kept, gone = segments.without(table, column, words)
    if not gone:
        return [], 0
    removed = table.num_rows - kept.num_rows
    if kept.num_rows:
        stored = artifacts.store(db, blobs, segment.path, segments.write(kept))
        segment.rows, segment.size_bytes = kept.num_rows, stored.size_bytes
        db.flush()
    else:
        _remove(db, segment)
    return gone, removed


def _remove(db: Session, segment: CaptureSegment) -> None:
    artifacts.delete_file(db, segment.path)
    db.delete(segment)
    db.flush()


def _logged(db: Session, deployment_id: uuid.UUID, column: str, words: set[str]) -> set[str]:
    """Find logged calls whose shown rows name someone; rows beyond those are in segments only."""
    query = select(LoggedPrediction).where(
        LoggedPrediction.deployment_id == deployment_id, LoggedPrediction.inputs.is_not(None)
    )
    found: set[str] = set()
    for call in db.scalars(query.execution_options(yield_per=500)):
        if any(str(row.get(column)) in words for row in _rows(call)):
            found.add(call.prediction_id)
    return found


def _rows(call: LoggedPrediction) -> Iterator[dict[str, object]]:
    import orjson

    for row in orjson.loads(call.inputs or "[]"):
        if isinstance(row, dict):
            yield row


def _delete_calls(db: Session, deployment_id: uuid.UUID, ids: set[str]) -> int:
    ordered, deleted = sorted(ids), 0
    for start in range(0, len(ordered), _CHUNK):
        part = ordered[start : start + _CHUNK]
        outcome_hours.forget(db, deployment_id, part)
        entities.forget_calls(db, deployment_id, part)
        for table in (Outcome, ReplacedOutcome):
            db.execute(
                delete(table).where(
                    table.deployment_id == deployment_id, table.prediction_id.in_(part)
                )
            )
        own = (LoggedPrediction.deployment_id == deployment_id) & (
            LoggedPrediction.prediction_id.in_(part)
        )
        deleted += db.scalar(select(func.count()).select_from(LoggedPrediction).where(own)) or 0
        db.execute(delete(LoggedPrediction).where(own))
    return deleted
