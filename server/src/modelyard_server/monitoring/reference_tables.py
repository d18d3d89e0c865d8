"""The uploaded reference of a deployment: keeping it, reading it, removing it."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from modelyard_protocol.package import DType, Signature
from modelyard_server.artifacts import service as artifacts
from modelyard_server.artifacts.ports import BlobStore
from modelyard_server.deployments import service as deployments
from modelyard_server.kernel import errors, trail
from modelyard_server.kernel.clock import utcnow
from modelyard_server.workspaces.access import Actor

from . import measuring, reference_rows
from .errors import ReferenceUnknown, ReferenceUnreadable
from .estimate_schemas import ReferenceOut
from .models import DriftProfile, DriftReference, ReferenceTable
from .reference_rows import Rows

MOST_BYTES = 256 * 1024 * 1024
FOLDER = "references"


def read(db: Session, actor: Actor, deployment_id: uuid.UUID) -> ReferenceOut:
    """Tell what was uploaded.

    Raises:
        DeploymentMissing: there is no such deployment.
        ReferenceUnknown: no reference was uploaded.
    """
    deployments.monitored_one(db, actor, deployment_id)
    return _out(_one(db, deployment_id))


def put(
    db: Session,
    actor: Actor,
    blobs: BlobStore,
    deployment_id: uuid.UUID,
    name: str,
    content: bytes,
    *,
    is_baseline: bool = False,
) -> ReferenceOut:
    """Keep rows of the live version as its reference; an earlier one is replaced.

    `is_baseline`: drift is measured against it from now on; counts on the old grids are dropped.
    Where the run logged no training table that is so anyway.

    Raises:
        DeploymentMissing: there is no such deployment.
        ReferenceUnreadable: the file is no table of rows with inputs or answers.
    """
    subject = deployments.monitored_one(db, actor, deployment_id)
    table = reference_rows.table(content)
    rows = reference_rows.tell_apart(table, inputs_of(db, deployment_id))
    if not rows.inputs and not rows.has_answers:
        raise ReferenceUnreadable("The file has neither inputs nor answers of the model.")
    row = find(db, deployment_id)
    before = None if row is None else _facts(row)
    path = f"{FOLDER}/{deployment_id}/rows.parquet"
    stored = artifacts.store(db, blobs, path, reference_rows.written(table))
    if row is None:
        row = ReferenceTable(deployment_id=deployment_id, path=path)
    row.name, row.version = name, measuring.watched_version(subject)
    row.rows, row.size_bytes = table.num_rows, stored.size_bytes
    row.columns, row.has_answers = sorted(rows.inputs), rows.has_answers
    row.has_outcomes, row.is_baseline = rows.actual is not None, is_baseline
    row.created_at, row.created_by_name = utcnow(), actor.name
    db.add(row)
    db.flush()
    _begin_anew(db, row)
    _record(db, actor, "monitoring.reference_uploaded", row, subject.name, before, _facts(row))
    return _out(row)


def remove(db: Session, actor: Actor, deployment_id: uuid.UUID) -> None:
    """Remove the uploaded reference.

    Raises:
        DeploymentMissing: there is no such deployment.
        ReferenceUnknown: no reference was uploaded.
    """
    subject = deployments.monitored_one(db, actor, deployment_id)
    row = _one(db, deployment_id)
    artifacts.delete_file(db, row.path)
    _record(db, actor, "monitoring.reference_removed", row, subject.name, _facts(row), None)
    db.delete(row)
    db.flush()


def _begin_anew(db: Session, row: ReferenceTable) -> None:
    """Let drift be measured against the new rows, unless training data is the better baseline."""
    own = (DriftReference.deployment_id == row.deployment_id) & (
        DriftReference.version == row.version
    )
    held = db.scalar(select(DriftReference).where(own))
    if held is None or (held.name is not None and not row.is_baseline):
        return
    db.execute(delete(DriftReference).where(own))
    db.execute(
        delete(DriftProfile).where(
            DriftProfile.deployment_id == row.deployment_id, DriftProfile.version == row.version
        )
    )
    measuring.forget()


def uploaded_at(db: Session) -> dict[uuid.UUID, dt.datetime]:
    """Give when the reference of each deployment was uploaded."""
    query = select(ReferenceTable.deployment_id, ReferenceTable.created_at)
    return {row[0]: row[1] for row in db.execute(query)}


def find(db: Session, deployment_id: uuid.UUID) -> ReferenceTable | None:
    """Give the uploaded reference's entry, if there is one."""
    return db.scalar(select(ReferenceTable).where(ReferenceTable.deployment_id == deployment_id))


def rows_of(db: Session, blobs: BlobStore, entry: ReferenceTable) -> Rows:
    """Read the rows of an uploaded reference."""
    content = artifacts.read_bytes(db, blobs, entry.path, limit=MOST_BYTES)
    table = reference_rows.table(content)
    return reference_rows.tell_apart(table, inputs_of(db, entry.deployment_id))


def inputs_of(db: Session, deployment_id: uuid.UUID) -> list[str]:
    """Give the inputs that the live revision's signature declares."""
    return [c.name for c in _signature(db, deployment_id).inputs if c.shape is None]


def outputs_of(db: Session, deployment_id: uuid.UUID) -> list[DType]:
    """Give the types of the answers that the live revision's signature declares."""
    return [column.dtype for column in _signature(db, deployment_id).outputs]


def _signature(db: Session, deployment_id: uuid.UUID) -> Signature:
    try:
        return deployments.signature_of(db, deployment_id)
    except errors.NotFound:
        return Signature()


def forget(db: Session, deployment_id: uuid.UUID) -> None:
    """Delete the rows with their deployment."""
    row = find(db, deployment_id)
    if row is not None:
        artifacts.delete_file(db, row.path)


def _one(db: Session, deployment_id: uuid.UUID) -> ReferenceTable:
    row = find(db, deployment_id)
    if row is None:
        raise ReferenceUnknown("No reference was uploaded for this deployment.")
    return row


def _facts(row: ReferenceTable) -> dict[str, object]:
    return {"name": row.name, "version": row.version, "rows": row.rows}


def _record(
    db: Session,
    actor: trail.Who,
    action: str,
    row: ReferenceTable,
    name: str,
    before: dict[str, object] | None,
    after: dict[str, object] | None,
) -> None:
    trail.record(
        db,
        actor,
        action,
        object_type="deployment",
        object_id=row.deployment_id,
        object_name=name,
        before=before,
        after=after,
    )


def _out(row: ReferenceTable) -> ReferenceOut:
    return ReferenceOut(
        name=row.name,
        version=row.version,
        rows=row.rows,
        size_bytes=row.size_bytes,
        columns=row.columns,
        has_answers=row.has_answers,
        has_outcomes=row.has_outcomes,
        is_baseline=row.is_baseline,
        created_at=row.created_at,
        created_by_name=row.created_by_name,
    )
