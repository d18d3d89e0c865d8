"""Background work of identity."""

from __future__ import annotations

from modelyard_server.kernel import jobs

from .mail import JOB, Mailer


@jobs.handler(JOB)
def send_mail(job: jobs.JobContext) -> None:
    """Deliver one mail. Running twice sends it twice; its link works once all the same."""
    job.services.get(Mailer).send(job.payload["sealed"])
