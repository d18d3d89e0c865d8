"""Removal of content that no path holds any more."""

from __future__ import annotations

import uuid

from modelyard_server.kernel import jobs

from . import service, uploads
from .ports import BlobStore


@jobs.handler("artifacts.collect")
def collect(job: jobs.JobContext) -> None:
    """Remove the content that a deletion let go of, unless a path holds it again."""
    blobs = job.services.get(BlobStore)
    assert job.workspace_id is not None  # noqa: S101 - only enqueued inside workspaces
    for sha256 in job.payload["sha256"]:
        job.check()
        with job.database.session(job.workspace_id) as db:
            service.remove_if_unused(db, blobs, sha256)


@jobs.handler("artifacts.forget_abandoned")
def forget_abandoned(job: jobs.JobContext) -> None:
    """Remove the parts of an upload that nobody went on with."""
    assert job.workspace_id is not None  # noqa: S101 - only enqueued inside workspaces
    with job.database.session(job.workspace_id) as db:
        uploads.forget_abandoned(db, uuid.UUID(job.payload["upload_id"]))
