"""How much a version relies on each input: asking the sandbox once, and reading it back."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from modelyard_protocol.package import DType, Signature
from modelyard_server.artifacts.ports import BlobStore
from modelyard_server.deployments import service as deployments
from modelyard_server.kernel import errors, jobs, tenancy
from modelyard_server.kernel.clock import utcnow
from modelyard_server.workspaces.access import System

from . import measuring, reference_tables, scoring, weighing
from .models import FeatureImportance
from .ports import Catalogue, Subject

MEASURE = "monitoring.measure_importance"
MOST_ROWS = 1000
LEAST_ROWS = 50
MOST_INPUTS = 300
TARGETS = (*scoring.ACTUALS, "class", "y")
_REAL = frozenset({DType.float, DType.double})


@dataclass(frozen=True, slots=True)
class Question:
    """Rows to shuffle, with what came true where that is known."""

    source: str
    rows: list[dict[str, Any]]
    actual: list[Any] | None
    is_number: bool
    engine: str
    model_id: uuid.UUID
    environment: str
    """Where it is served, whose variables it finds."""

    def wire(self) -> dict[str, Any]:
        """Give what the sandbox reads."""
        return {"rows": self.rows, "actual": self.actual, "is_number": self.is_number}


def enqueue_missing(db: Session, subjects: Sequence[Subject]) -> int:
    """Ask for live versions that nobody has measured yet; give how many."""
    live = {(s.deployment_id, s.live_version) for s in subjects if s.live_version is not None}
    columns = (FeatureImportance.deployment_id, FeatureImportance.version)
    missing = live - {(row[0], row[1]) for row in db.execute(select(*columns))}
    for deployment_id, version in missing:
        jobs.enqueue(
            db,
            MEASURE,
            {"deployment_id": str(deployment_id), "version": version},
            workspace_id=tenancy.workspace_of(db),
            dedupe_key=f"importance:{deployment_id}:{version}",
        )
    return len(missing)


def question(
    db: Session, blobs: BlobStore, catalogue: Catalogue, deployment_id: uuid.UUID, version: int
) -> Question | str | None:
    """Give what to ask; a text says why it cannot be, `None`: it is not live any more."""
    system = System(tenancy.workspace_of(db))
    try:
        subject = deployments.monitored_one(db, system, deployment_id)
        deployment = deployments.get(db, system, deployment_id)
        revision = deployments.revision_of(db, deployment, subject.live_revision)
    except errors.NotFound:
        return None
    if subject.live_version != version:
        return None
    if subject.kind == "reported":
        return "The model is served elsewhere, so nothing can be asked of it here."
    signature = Signature.model_validate(revision.signature)
    inputs = [c.name for c in signature.inputs if c.shape is None]
    if not inputs or len(inputs) > MOST_INPUTS:
        return f"The model has {len(inputs)} named inputs; 1 to {MOST_INPUTS} can be measured."
    found = _table(db, blobs, catalogue, subject, version, inputs)
    if found is None:
        return "No table of rows with the model's inputs was logged or uploaded."
    source, columns, actual = found
    count = len(next(iter(columns.values())))
    if count < LEAST_ROWS:
        return f"{source} has {count} rows; {LEAST_ROWS} are needed."
    at = range(0, count, max(1, -(-count // MOST_ROWS)))
    return Question(
        source,
        [{name: values[n] for name, values in columns.items()} for n in at],
        None if actual is None else [actual[n] for n in at],
        bool(signature.outputs) and signature.outputs[0].dtype in _REAL,
        revision.engine,
        subject.model_id,
        deployment.environment,
    )


def keep(
    db: Session,
    deployment_id: uuid.UUID,
    version: int,
    asked: Question | str,
    found: dict[str, Any],
) -> None:
    """Store what came of it; once per version."""
    if weighing.of_version(db, deployment_id, version) is not None:
        return
    is_known = isinstance(asked, Question)
    db.add(
        FeatureImportance(
            deployment_id=deployment_id,
            version=version,
            source=asked.source[:300] if isinstance(asked, Question) else "",
            has_outcomes=isinstance(asked, Question) and asked.actual is not None,
            rows=len(asked.rows) if isinstance(asked, Question) else 0,
            loss=found.get("loss"),
            importance=found.get("importance") or {},
            spread=found.get("spread") or {},
            reason=(found.get("reason") or None) if is_known else asked,
            measured_at=utcnow(),
        )
    )
    db.flush()
    measuring.forget()


def _table(
    db: Session,
    blobs: BlobStore,
    catalogue: Catalogue,
    subject: Subject,
    version: int,
    inputs: list[str],
) -> tuple[str, dict[str, list[Any]], list[Any] | None] | None:
    """Take the uploaded reference when it has outcomes, else the table that the run logged."""
    entry = reference_tables.find(db, subject.deployment_id)
    if entry is not None and entry.version == version and entry.has_outcomes:
        rows = reference_tables.rows_of(db, blobs, entry)
        if all(name in rows.inputs for name in inputs):
            return f"{entry.name}, uploaded", {n: list(rows.inputs[n]) for n in inputs}, rows.actual
    table = catalogue.training_table(db, subject, version)
    if table is None or not all(name in table.columns for name in inputs):
        return None
    others = [name for name in table.columns if name not in inputs]
    named = [name for name in others if name.lower() in TARGETS]
    actual = table.columns[named[0]] if named else None
    return table.name, {name: table.columns[name] for name in inputs}, actual
