"""Cuts Parquet segments out of the journals, beside the counting and independent of it.

The segment, its line in the manifest and the position in the journal are one transaction, so every
row is in exactly one segment, also after `kill -9`. A full store stops segments, nothing else.
"""

from __future__ import annotations

import time
import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog
from sqlalchemy.orm import Session

from modelyard_protocol.records import Prediction
from modelyard_server.artifacts import service as artifacts
from modelyard_server.artifacts.ports import BlobStore, StoredBlob
from modelyard_server.kernel import tenancy
from modelyard_server.kernel.clock import utcnow
from modelyard_server.kernel.db import Database

from . import delta, journal, outcomes, positions, recall, segments
from .models import CaptureCount, CaptureSegment
from .policies import policy_of
from .ports import Catalogue
from .segments import Rows

ROWS = 10_000
SECONDS = 60.0
SMALL_BYTES = 2 * 1024 * 1024  # below, a journal is not worth looking into before its time
PREFIX = "segments:"
FOLDER = "captures"
log = structlog.get_logger("modelyard.monitoring")


@dataclass(frozen=True, slots=True)
class _Cut:
    """A written segment that is not in the manifest yet."""

    deployment_id: uuid.UUID
    rows: Rows
    blob: StoredBlob | None


class Segmenter:
    """Follows one folder of journals; one thread of one process calls it."""

    def __init__(
        self,
        database: Database,
        catalogue: Catalogue,
        blobs: BlobStore,
        folder: Path,
        key: bytes,
    ) -> None:
        self._database, self._catalogue, self._blobs = database, catalogue, blobs
        self._folder, self._key = folder, key
        self._cut_at: dict[str, float] = {}

    def run_once(self, *, all_now: bool = False) -> int:
        """Cut what is due; give the number of records. `all_now`: also what is young and few."""
        done = 0
        for file in journal.list_files(self._folder):
            while True:
                count = self._next(file, all_now=all_now)
                done += count
                if not count:
                    break
        return done

    def _next(self, file: journal.JournalPath, *, all_now: bool) -> int:
        name = PREFIX + file.name
        offset = positions.of_file(self._database, name)
        waiting = file.path.stat().st_size - offset
        since = self._cut_at.setdefault(file.name, time.monotonic())
        is_due = all_now or file.is_finished or time.monotonic() - since >= SECONDS
        if waiting <= 0 or (waiting < SMALL_BYTES and not is_due):
            return 0
        batch = _read(file, offset)
        if batch.end == offset or (len(batch.entries) < ROWS and not is_due):
            return 0
        grouped: dict[int, list[journal.Entry]] = defaultdict(list)
        for entry in batch.entries:
            grouped[entry.record.workspace_id].append(entry)
        for workspace_id, entries in grouped.items():
            self._apply(workspace_id, name, entries)
        positions.move_file(self._database, name, batch.end)
        self._cut_at[file.name] = time.monotonic()
        return len(batch.entries)

    def _apply(self, workspace_id: int, name: str, entries: Sequence[journal.Entry]) -> None:
        with self._database.session(workspace_id, write=False) as db:
            position = positions.of_workspace(db, name)
            known = {subject.deployment_id for subject in self._catalogue.every(db)}
            calls = [e.record for e in entries if e.end > position]
            rows = self._rows(db, [c for c in calls if isinstance(c, Prediction)], known)
        if entries[-1].end <= position:
            return
        cuts = [self._write(workspace_id, of, found) for of, found in rows.items()]
        with self._database.session(workspace_id) as db:
            positions.advance(db, name, position, entries[-1].end)
            left = {subject.deployment_id for subject in self._catalogue.every(db)}
            for cut in cuts:
                if cut.deployment_id in left:
                    _enter(db, self._blobs, cut)

    def _rows(
        self, db: Session, calls: Sequence[Prediction], known: set[uuid.UUID]
    ) -> dict[uuid.UUID, Rows]:
        grouped: dict[tuple[uuid.UUID, int], dict[str, Prediction]] = {}
        for call in calls:
            try:
                deployment_id = delta.identifier(call.deployment_id)
            except ValueError:
                continue
            if deployment_id in known:  # the same id twice is the same call
                grouped.setdefault((deployment_id, call.revision), {})[call.id] = call
        found: dict[uuid.UUID, Rows] = defaultdict(Rows)
        for (deployment_id, revision), own in grouped.items():
            signature = self._catalogue.signature(db, deployment_id, revision)
            policy = policy_of(db, deployment_id)
            found[deployment_id].add(list(own.values()), signature, policy, self._key)
        return found

    def _write(self, workspace_id: int, deployment_id: uuid.UUID, rows: Rows) -> _Cut:
        blob = None
        if len(rows):
            blob = self._blobs.receive(workspace_id, [segments.write(rows.table())])
        return _Cut(deployment_id, rows, blob)


def _read(file: journal.JournalPath, offset: int) -> journal.Batch:
    """Read up to `ROWS` records; journals are read in blocks of fewer."""
    entries: list[journal.Entry] = []
    damaged = 0
    while len(entries) < ROWS:
        batch = journal.read(file, offset)
        if batch.end == offset:
            break
        entries += batch.entries
        damaged += batch.damaged
        offset = batch.end
    return journal.Batch(entries, offset, damaged)


def _enter(db: Session, blobs: BlobStore, cut: _Cut) -> None:
    """Make a segment part of the deployment's rows, and count what sampling left out."""
    if cut.rows.sampled_out:
        db.add(
            CaptureCount(
                deployment_id=cut.deployment_id, at=utcnow(), sampled_out=cut.rows.sampled_out
            )
        )
    if cut.blob is None:
        return
    if outcomes.waits_for(db, cut.deployment_id, cut.rows.facts["prediction_id"]):
        recall.enqueue(db, cut.deployment_id, utcnow() - recall.WAIT)
    first, last = cut.rows.span
    segment_id = uuid.uuid4()
    path = f"{FOLDER}/{cut.deployment_id}/{first:%Y-%m-%d}/{segment_id}.parquet"
    artifacts.attach(db, blobs, path, cut.blob)
    db.add(
        CaptureSegment(
            id=segment_id,
            workspace_id=tenancy.workspace_of(db),
            deployment_id=cut.deployment_id,
            path=path,
            first_at=first,
            last_at=last,
            rows=len(cut.rows),
            size_bytes=cut.blob.size_bytes,
            created_at=utcnow(),
        )
    )
    db.flush()
