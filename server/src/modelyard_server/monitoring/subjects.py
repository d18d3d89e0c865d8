"""Asks the capabilities below about deployments, their signatures and their training data."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import structlog
from sqlalchemy.orm import Session

from modelyard_protocol.package import Signature
from modelyard_server.artifacts import service as artifacts
from modelyard_server.artifacts.ports import BlobStore
from modelyard_server.deployments import service as deployments
from modelyard_server.kernel import errors, tenancy
from modelyard_server.registry import service as registry
from modelyard_server.tracking import service as tracking
from modelyard_server.workspaces.access import System

from . import baseline, reference_tables
from .baseline import TrainingTable
from .capture import PREDICTION
from .models import ReferenceTable
from .ports import Subject
from .scoring import SCORES

REFERENCE_TAG = "modelyard.reference"
"""Run tag with the artifact path of the table that drift is measured against."""
log = structlog.get_logger("modelyard.monitoring")


class Deployed:
    """What the capabilities below know. The blob store is read for training tables only."""

    def __init__(self, blobs: BlobStore) -> None:
        self._blobs = blobs

    def every(self, db: Session) -> Sequence[Subject]:
        """Give all deployments of the bound workspace."""
        return deployments.monitored(db)

    def signature(self, db: Session, deployment_id: uuid.UUID, revision: int) -> Signature:
        """Give a revision's signature; an unknown one checks nothing."""
        try:
            return deployments.signature_of(db, deployment_id, revision)
        except errors.NotFound:
            return Signature()

    def training_table(self, db: Session, subject: Subject, version: int) -> TrainingTable | None:
        """Give the best matching table that the version's run logged."""
        entry = reference_tables.find(db, subject.deployment_id)
        if entry is not None and entry.version == version and entry.is_baseline:
            return self._uploaded(db, entry)
        found = self._logged(db, subject, version)
        if found is None and entry is not None and entry.version == version:
            return self._uploaded(db, entry)
        return found

    def _uploaded(self, db: Session, entry: ReferenceTable) -> TrainingTable:
        rows = reference_tables.rows_of(db, self._blobs, entry)
        columns = dict(rows.inputs)
        said = next((n for n in ("prediction", *SCORES) if n in rows.answers), None)
        if said is not None:
            columns[PREDICTION] = rows.answers[said]
        return TrainingTable(f"{entry.name}, uploaded", columns)

    def _logged(self, db: Session, subject: Subject, version: int) -> TrainingTable | None:
        system = System(tenancy.workspace_of(db))
        try:
            run_id = registry.get_version(db, system, subject.model_id, version).run_id
            if run_id is None:
                return None
            paths = [file.path for file in tracking.run_files(db, run_id)]
            tags = tracking.run_summary(db, system, run_id).tags
        except errors.NotFound:
            return None
        for path in baseline.candidates(paths, tags.get(REFERENCE_TAG)):
            try:
                content = artifacts.read_bytes(
                    db, self._blobs, f"runs/{run_id}/{path}", limit=baseline.MAX_BYTES
                )
                columns = baseline.read_table(path, content)
            except (baseline.UnreadableTable, errors.DomainError) as refused:
                log.warning("reference_unreadable", run_id=run_id, path=path, reason=str(refused))
                continue
            return TrainingTable(_name(db, run_id, path), columns)
        return None


def _name(db: Session, run_id: str, path: str) -> str:
    """Name the reference after the training data set of the run when there is one."""
    for dataset in tracking.datasets_of_run(db, run_id):
        if dataset.role == "training":
            return f"{dataset.name} ({dataset.digest})"
    return path
