"""Background work of monitoring."""

from __future__ import annotations

import datetime as dt
import uuid

from modelyard_server.artifacts.ports import BlobStore
from modelyard_server.deployments import service as deployments
from modelyard_server.kernel.clock import utcnow
from modelyard_server.kernel.crypto import RootKey
from modelyard_server.kernel.errors import DomainError
from modelyard_server.kernel.jobs import JobContext, LeaseLost, handler
from modelyard_server.registry import preparation

from . import entity_history, importances, outcome_pulls, outcome_sources, outcomes, recall
from .errors import OutcomesCollided
from .ports import Catalogue, OutcomeReader, PulledRows


@handler(importances.MEASURE, max_attempts=3)
def measure_importance(job: JobContext) -> None:
    """Shuffle every input of a live version in the sandbox, once."""
    assert job.workspace_id is not None  # noqa: S101 - enqueued with one
    deployment_id = uuid.UUID(job.payload["deployment_id"])
    version = int(job.payload["version"])
    blobs: BlobStore = job.services.get(BlobStore)
    catalogue: Catalogue = job.services.get(Catalogue)
    with job.database.session(job.workspace_id, write=False) as db:
        asked = importances.question(db, blobs, catalogue, deployment_id, version)
    if asked is None:
        return
    found: dict[str, object] = {}
    if isinstance(asked, importances.Question):
        found = _ask(job, job.workspace_id, asked, version)
    job.check()
    with job.database.session(job.workspace_id) as db:
        importances.keep(db, deployment_id, version, asked, found)


@handler(recall.RECALL, max_attempts=3)
def recall_predictions(job: JobContext) -> None:
    """Join outcomes with predictions that the log holds no more."""
    assert job.workspace_id is not None  # noqa: S101 - enqueued with one
    since = dt.datetime.fromisoformat(job.payload["since"])
    deployment_id = uuid.UUID(job.payload["deployment_id"])
    blobs: BlobStore = job.services.get(BlobStore)
    began = utcnow()
    recall.run(job.database, blobs, job.workspace_id, deployment_id, since)
    with job.database.session(job.workspace_id) as db:
        if recall.came_since(db, deployment_id, began):
            recall.enqueue(db, deployment_id, began, again=True)


@handler(entity_history.INDEX, max_attempts=3)
def index_entities(job: JobContext) -> None:
    """Read from kept rows whom they are about, and join outcomes that wait for that."""
    assert job.workspace_id is not None  # noqa: S101 - enqueued with one
    deployment_id = uuid.UUID(job.payload["deployment_id"])
    blobs: BlobStore = job.services.get(BlobStore)
    key = job.services.get(RootKey).derive("capture")
    entity_history.run(job.database, blobs, job.workspace_id, deployment_id, key)
    with job.database.session(job.workspace_id) as db:
        outcomes.match_entities(db, deployment_id)


def _ask(
    job: JobContext, workspace_id: int, asked: importances.Question, version: int
) -> dict[str, object]:
    try:
        prepared = preparation.materialise(job.services, workspace_id, asked.model_id, version)
        env = preparation.environment(job.services, prepared, on_line=lambda _: None)
    except DomainError as refusal:
        return {"reason": refusal.detail}
    with job.database.session(workspace_id, write=False) as db:
        variables = deployments.variables_of(db, job.services.get(RootKey), asked.environment)
    return preparation.importance(
        job.services,
        prepared,
        env,
        engine=asked.engine,
        question=asked.wire(),
        variables=variables,
    )


@handler(outcome_sources.PULL, max_attempts=3)
def pull_outcomes(job: JobContext) -> None:
    """Read a data connection from where it was left, part by part."""
    assert job.workspace_id is not None  # noqa: S101 - enqueued with one
    with job.database.session(job.workspace_id) as db:
        begun = outcome_pulls.begin(db, job.services.get(RootKey), job.id, job.payload)
    if begun is None:
        return
    error, has_more = None, False
    try:
        reader: OutcomeReader = job.services.get(OutcomeReader)
        for part in reader.read(begun.place, begun.columns, begun.mark):
            job.check()
            has_more = part.has_more
            if not _keep(job, job.workspace_id, begun, part):
                error = outcome_pulls.CHANGED
                break
    except DomainError as refusal:
        error = refusal.detail
    except LeaseLost:
        raise
    except Exception:
        if job.is_last_attempt:
            with job.database.session(job.workspace_id) as db:
                outcome_pulls.finish(db, begun, outcome_pulls.BROKEN)
        raise
    with job.database.session(job.workspace_id) as db:
        outcome_pulls.finish(db, begun, error, has_more=has_more)


def _keep(job: JobContext, workspace_id: int, begun: outcome_pulls.Begun, part: PulledRows) -> bool:
    for tries_left in (2, 1, 0):
        try:
            with job.database.session(workspace_id) as db:
                return outcome_pulls.keep(db, begun, part)
        except OutcomesCollided:  # somebody sent the same outcomes at this moment
            if not tries_left:
                raise
    return False
