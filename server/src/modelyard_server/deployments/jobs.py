"""Background work of deployments."""

from __future__ import annotations

from modelyard_server.kernel.jobs import JobContext, handler

from .changes import ROLL_OUT
from .rollout import RollOut
from .watch import WATCH, Look


@handler(ROLL_OUT, max_attempts=4)
def roll_out(job: JobContext) -> None:
    """Bring a revision into traffic, from wherever an earlier worker left it."""
    RollOut(job).run()


@handler(WATCH, max_attempts=3)
def watch_rollout(job: JobContext) -> None:
    """Look once at a revision that has not proved itself yet."""
    Look(job).run()
