"""Background work of monitoring."""

from __future__ import annotations

import uuid

from modelyard_server.artifacts.ports import BlobStore
from modelyard_server.deployments import service as deployments
from modelyard_server.kernel.crypto import RootKey
from modelyard_server.kernel.errors import DomainError
from modelyard_server.kernel.jobs import JobContext, handler
from modelyard_server.registry import preparation

from . import importances
from .ports import Catalogue


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
