"""The thread of tracking: ends runs whose program died."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from modelyard_server.kernel.clock import utcnow
from modelyard_server.kernel.db import Database
from modelyard_server.kernel.repeating import repeat
from modelyard_server.kernel.services import Services
from modelyard_server.workspaces import service as workspaces
from modelyard_server.workspaces.access import System

from . import lost

EVERY_SECONDS = 600.0


def start(services: Services) -> Callable[[], None]:
    """Look after open runs until the given function is called."""
    work = partial(end_lost_runs, services.get(Database))
    return repeat("lost-runs", EVERY_SECONDS, work, at_once=True)


def end_lost_runs(database: Database) -> int:
    """End the lost runs of every workspace; give how many there were."""
    ended = 0
    for workspace_id in workspaces.every_id(database):
        with database.session(workspace_id) as db:
            ended += len(lost.mark(db, System(workspace_id), now=utcnow()))
    return ended
