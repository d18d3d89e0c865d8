"""Background work of notifications."""

from __future__ import annotations

import uuid

from modelyard_server.kernel import jobs

from . import outbox


@jobs.handler(outbox.DELIVER)
def deliver(job: jobs.JobContext) -> None:
    """Make one attempt. After a crash it is made again with the same message id."""
    if job.workspace_id is not None:
        delivery_id = uuid.UUID(job.payload["delivery_id"])
        number = int(job.payload["attempt"])
        outbox.run(job.database, job.services, job.workspace_id, delivery_id, number)


@jobs.handler(outbox.DIGEST)
def digest(job: jobs.JobContext) -> None:
    """Send what a channel held back, as one message."""
    if job.workspace_id is not None:
        with job.database.session(job.workspace_id) as db:
            outbox.collect(db, uuid.UUID(job.payload["channel_id"]))
