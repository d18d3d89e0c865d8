"""Applies the node's journals: every record exactly once, in every workspace.

A batch touches several workspaces, a transaction only one. So each workspace keeps its own
position, written with its rows; the file's position moves when all of them have the batch. After
a crash the batch is read again, and workspaces that have it already skip it.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import structlog
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from modelyard_protocol.package import Signature
from modelyard_protocol.records import (
    Guarded,
    Mirrored,
    Prediction,
    Shadowed,
    Single,
    Tokens,
    Traffic,
)
from modelyard_server.kernel.db import Database
from modelyard_server.traffic import service as traffic_keys

from . import (
    constraint_counts,
    delta,
    journal,
    outcomes,
    policies,
    positions,
    reference,
    reference_tables,
    writing,
)
from .constraint_counts import Asked
from .delta import Keeping, Version
from .models import DriftReference
from .policy import Policy
from .ports import Catalogue, Subject
from .positions import PositionMoved
from .reference import Reference

log = structlog.get_logger("modelyard.monitoring")


@dataclass(slots=True)
class _Plan:
    """What applying a batch in one workspace needs, read before anything is written."""

    position: int
    subjects: dict[uuid.UUID, Subject]
    policies: Mapping[uuid.UUID, Policy]
    asked: Mapping[uuid.UUID, Asked] = field(default_factory=dict)
    signatures: dict[tuple[uuid.UUID, int], Signature] = field(default_factory=dict)
    references: dict[Version, Reference] = field(default_factory=dict)
    new: set[Version] = field(default_factory=set)


class Ingester:
    """Follows one folder of journals; one thread of one process calls it."""

    def __init__(
        self, database: Database, catalogue: Catalogue, folder: Path, key: bytes = b""
    ) -> None:
        self._key = key
        self._database = database
        self._catalogue = catalogue
        self._folder = folder
        self._offsets: dict[str, int] = {}
        self._references: dict[tuple[int, Version], Reference] = {}
        self._uploaded: dict[int, dict[uuid.UUID, dt.datetime]] = {}
        self._signatures: dict[tuple[int, uuid.UUID, int], Signature] = {}

    def run_once(self) -> int:
        """Apply everything that is there now; give the number of records."""
        applied = 0
        for file in journal.list_files(self._folder):
            while True:
                count, moved = self._next_batch(file)
                applied += count
                if not moved:
                    break
        return applied

    def _next_batch(self, file: journal.JournalPath) -> tuple[int, bool]:
        offset = self._offset(file.name)
        batch = journal.read(file, offset)
        if batch.end == offset:
            return 0, False
        grouped: dict[int, list[journal.Entry]] = defaultdict(list)
        for entry in batch.entries:
            grouped[entry.record.workspace_id].append(entry)
        for workspace_id, entries in grouped.items():
            self._apply(workspace_id, file.name, entries)
        positions.move_file(self._database, file.name, batch.end, damaged=batch.damaged)
        if batch.damaged:
            log.warning("journal_damaged", file=file.name, frames=batch.damaged)
        self._offsets[file.name] = batch.end
        return len(batch.entries), True

    def _offset(self, name: str) -> int:
        if name not in self._offsets:
            self._offsets[name] = positions.of_file(self._database, name)
        return self._offsets[name]

    def _apply(self, workspace_id: int, file: str, entries: list[journal.Entry]) -> None:
        for _ in range(3):
            try:
                self._apply_once(workspace_id, file, entries)
            except (PositionMoved, IntegrityError):
                self.forget(workspace_id)
            except Exception:
                self.forget(workspace_id)  # references may have grown by rows that were not kept
                raise
            else:
                return
        raise PositionMoved(f"The position of {file} keeps moving.")

    def forget(self, workspace_id: int) -> None:
        """Read references and signatures of a workspace from the database again."""
        for key in [key for key in self._references if key[0] == workspace_id]:
            del self._references[key]
        for signed in [key for key in self._signatures if key[0] == workspace_id]:
            del self._signatures[signed]

    def _drop_replaced(self, workspace_id: int, uploaded: Mapping[uuid.UUID, dt.datetime]) -> None:
        """Read references anew whose deployment got other reference rows meanwhile."""
        known = self._uploaded.get(workspace_id, {})
        changed = {of for of in {*known, *uploaded} if known.get(of) != uploaded.get(of)}
        for key in [key for key in self._references if key[0] == workspace_id]:
            if key[1][0] in changed:
                del self._references[key]
        self._uploaded[workspace_id] = dict(uploaded)

    def _apply_once(self, workspace_id: int, file: str, entries: list[journal.Entry]) -> None:
        end = entries[-1].end
        with self._database.session(workspace_id, write=False) as db:
            subjects = {s.deployment_id: s for s in self._catalogue.every(db)}
            at = positions.of_workspace(db, file)
            plan = _Plan(at, subjects, policies.every(db))
            uploaded = reference_tables.uploaded_at(db)
            self._drop_replaced(workspace_id, uploaded)
            records = [
                entry.record
                for entry in entries
                if entry.end > plan.position and _known(entry.record, subjects)
            ]
            called = {delta.identifier(r.deployment_id) for r in records}
            plan.asked = constraint_counts.every(db, called)
            self._prepare(db, workspace_id, plan, records)
        if end <= plan.position:
            return
        made = delta.make(
            records,
            plan.signatures,
            plan.references,
            Keeping(plan.policies, self._key, plan.asked),
        )
        with self._database.session(workspace_id) as db:
            if reference_tables.uploaded_at(db) != uploaded:
                raise PositionMoved(f"Reference rows were uploaded while {file} was counted.")
            positions.advance(db, file, plan.position, end)
            left = {s.deployment_id for s in self._catalogue.every(db)}
            writing.apply(db, made, left)
            traffic_keys.count_tokens(db, [r for r in records if isinstance(r, Tokens)], left)
            _match_outcomes(db, made)
            changed = {
                version: plan.references[version]
                for version in made.touched | plan.new
                if version[0] in left
            }
            writing.keep_references(db, changed)
            traffic_keys.note_use(db, _used_keys(records))

    def _prepare(
        self,
        db: Session,
        workspace_id: int,
        plan: _Plan,
        records: list[Single],
    ) -> None:
        for record in records:
            if isinstance(record, Traffic | Mirrored | Guarded | Tokens):
                continue
            deployment_id = delta.identifier(record.deployment_id)
            revision = (deployment_id, record.revision)
            if revision not in plan.signatures:
                plan.signatures[revision] = self._signature(db, workspace_id, *revision)
            if isinstance(record, Shadowed):
                continue
            version = (deployment_id, record.version)
            if version not in plan.references:
                plan.references[version] = self._reference(
                    db, workspace_id, plan, version, plan.signatures[revision]
                )

    def _signature(
        self, db: Session, workspace_id: int, deployment_id: uuid.UUID, revision: int
    ) -> Signature:
        key = (workspace_id, deployment_id, revision)
        if key not in self._signatures:
            self._signatures[key] = self._catalogue.signature(db, deployment_id, revision)
        return self._signatures[key]

    def _reference(
        self,
        db: Session,
        workspace_id: int,
        plan: _Plan,
        version: Version,
        signature: Signature,
    ) -> Reference:
        key = (workspace_id, version)
        if key not in self._references:
            stored = stored_reference(db, *version)
            if stored is None:
                plan.new.add(version)
                subject = plan.subjects[version[0]]
                stored = first_reference(db, self._catalogue, subject, version[1], signature)
            self._references[key] = stored
        return self._references[key]


def stored_reference(db: Session, deployment_id: uuid.UUID, version: int) -> Reference | None:
    """Give the stored reference of a version."""
    row = db.scalar(
        select(DriftReference).where(
            DriftReference.deployment_id == deployment_id, DriftReference.version == version
        )
    )
    return None if row is None else reference.unpack(row.name, row.columns, row.pending)


def first_reference(
    db: Session, catalogue: Catalogue, subject: Subject, version: int, signature: Signature
) -> Reference:
    """Make a version's reference from its training table, or an empty one that live rows fill."""
    table = catalogue.training_table(db, subject, version)
    if table is None:
        return Reference()
    inputs = [column.name for column in signature.inputs if column.shape is None]
    outputs = [column.name for column in signature.outputs]
    return reference.from_training(table, inputs, outputs) or Reference()


def _known(record: Single, subjects: dict[uuid.UUID, Subject]) -> bool:
    try:
        return delta.identifier(record.deployment_id) in subjects
    except ValueError:
        return False


def _match_outcomes(db: Session, made: delta.Delta) -> None:
    """Join outcomes that arrived before their prediction did."""
    for deployment_id in outcomes.deployments_that_wait(db) if made.logged else ():
        ids = {row["prediction_id"] for row in made.logged if row["deployment_id"] == deployment_id}
        outcomes.match_waiting(db, deployment_id, ids)
    for deployment_id, about in made.about.items():
        outcomes.match_entities(db, deployment_id, {row["entity"] for row in about})


def _used_keys(records: list[Single]) -> dict[str, dt.datetime]:
    latest: dict[str, int] = {}
    for record in records:
        if isinstance(record, Prediction) and record.key_id is not None:
            latest[record.key_id] = max(latest.get(record.key_id, 0), record.at_us)
    return {key: dt.datetime.fromtimestamp(us / 1e6, dt.UTC) for key, us in latest.items()}
