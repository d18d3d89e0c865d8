"""The thread of tracking: ends runs whose program died."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

from modelyard_server.kernel.clock import utcnow
from modelyard_server.kernel.db import Database
from modelyard_server.kernel.services import Services
from modelyard_server.workspaces import service as workspaces
from modelyard_server.workspaces.access import System

from . import lost

EVERY_SECONDS = 600.0
log = structlog.get_logger("modelyard.tracking")


def start(services: Services) -> Callable[[], None]:
    """Look after open runs until the given function is called."""
    database, stop = services.get(Database), threading.Event()

    def look() -> None:
        while not stop.is_set():
            try:
                end_lost_runs(database)
            except Exception:
                log.exception("lost_runs_not_ended")
            stop.wait(EVERY_SECONDS)

    thread = threading.Thread(target=look, name="lost-runs", daemon=True)
    thread.start()

    def finish() -> None:
        stop.set()
        thread.join(timeout=10)

    return finish


def end_lost_runs(database: Database) -> int:
    """End the lost runs of every workspace; give how many there were."""
    ended = 0
    for workspace_id in workspaces.every_id(database):
        with database.session(workspace_id) as db:
            ended += len(lost.mark(db, System(workspace_id), now=utcnow()))
    return ended
