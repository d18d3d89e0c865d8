"""Slow work of workspaces."""

from __future__ import annotations

import structlog

from modelyard_server.kernel import jobs

from . import deletion
from .ports import WorkspaceFiles

log = structlog.get_logger("modelyard.workspaces")


@jobs.handler(deletion.ERASE)
def erase(job: jobs.JobContext) -> None:
    """Remove files and rows of a deleted workspace."""
    workspace_id = int(job.payload["workspace_id"])
    for files in job.services.every(WorkspaceFiles):
        job.check()
        files.erase(workspace_id)
    job.check()
    with job.database.session(workspace_id) as db:
        gone = deletion.erase_rows(db)
    log.info("workspace_erased", workspace_id=workspace_id, rows=gone)
