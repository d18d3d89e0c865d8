"""Finds out whom kept rows are about, after a deployment's entity column was named or changed."""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from modelyard_protocol.records import Source
from modelyard_server.artifacts.ports import BlobStore
from modelyard_server.kernel import jobs, tenancy
from modelyard_server.kernel.db import Database

from . import captures, entities, sampling
from .entity_records import EntityRow
from .errors import EntityUndeclared
from .grid import is_missing
from .models import CaptureSegment
from .segments import INPUT, quoted

if TYPE_CHECKING:
    import pyarrow as pa


INDEX = "monitoring.index_entities"
AGAIN = dt.timedelta(minutes=3)
"""Rows that were counted before the column was named may be cut into a segment afterwards."""
FILES = 20  # copied at once
WRITTEN = 5_000  # rows of one transaction


def begin(db: Session, deployment_id: uuid.UUID) -> None:
    """Forget whom rows are about, and ask to read it from kept rows: now, and once more soon."""
    db.execute(delete(EntityRow).where(EntityRow.deployment_id == deployment_id))
    for which, delay in (("first", dt.timedelta()), ("again", AGAIN)):
        with suppress(IntegrityError), db.begin_nested():  # another request has just asked
            jobs.enqueue(
                db,
                INDEX,
                {"deployment_id": str(deployment_id)},
                workspace_id=tenancy.workspace_of(db),
                dedupe_key=f"entities:{deployment_id}:{which}",
                delay=delay,
            )


def run(
    database: Database, blobs: BlobStore, workspace_id: int, deployment_id: uuid.UUID, key: bytes
) -> int:
    """Keep whom kept rows are about; give how many were read. Bounded memory."""
    with database.session(workspace_id, write=False) as db:
        try:
            column = entities.reader(db, deployment_id, key).column
        except EntityUndeclared:
            return 0
        own = select(CaptureSegment.id).where(CaptureSegment.deployment_id == deployment_id)
        segments = list(db.scalars(own.order_by(CaptureSegment.last_at.desc())))
    read = 0
    for start in range(0, len(segments), FILES):
        for rows in _read(database, blobs, workspace_id, segments[start:][:FILES], column):
            made = [one for row in rows for one in _made(row, key)]
            with database.session(workspace_id) as db:
                entities.add(db, deployment_id, made)
            read += len(rows)
    return read


def _read(
    database: Database,
    blobs: BlobStore,
    workspace_id: int,
    segments: list[uuid.UUID],
    column: str,
) -> Iterator[list[dict[str, Any]]]:
    folder = Path(tempfile.mkdtemp(prefix="modelyard-rows-"))
    try:
        with database.session(workspace_id, write=False) as db:
            kept = db.scalars(select(CaptureSegment).where(CaptureSegment.id.in_(segments)))
            files = [sampling.copy(db, blobs, segment, folder) for segment in kept]
        if not files:
            return
        with captures.connect(folder) as reader:
            rows = captures.select_rows(files)  # names of our own files only
            if INPUT + column not in reader.sql(rows).columns:
                return
            told = quoted(INPUT + column)
            found: pa.RecordBatchReader = reader.sql(
                f'SELECT prediction_id, "row", epoch_us("at") AS at_us, {told} AS entity '  # noqa: S608
                f"FROM ({rows}) AS kept WHERE status < 400 AND source <> '{Source.console.value}' "
                f"AND {told} IS NOT NULL"
            ).to_arrow_reader(WRITTEN)
            for batch in found:
                yield batch.to_pylist()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _made(row: dict[str, Any], key: bytes) -> Iterator[dict[str, Any]]:
    """What looks like a hash may be one, or a value: whoever asks for either finds it."""
    value = row["entity"]
    if is_missing(value):
        return
    facts = (row["at_us"], row["prediction_id"], row["row"])
    yield entities.made(entities.of(value, key), *facts)
    if entities.is_word(value):
        yield entities.made(entities.number(value), *facts)
