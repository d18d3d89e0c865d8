"""Background work of deployments."""

from __future__ import annotations

from modelyard_server.kernel.jobs import JobContext, handler

from .changes import ROLL_OUT
from .rollout import RollOut


@handler(ROLL_OUT, max_attempts=4)
def roll_out(job: JobContext) -> None:
    """Bring a revision into traffic, from wherever an earlier worker left it."""
    RollOut(job).run()
