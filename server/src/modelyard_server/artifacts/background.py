"""The thread that has every workspace's store looked through once a day."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

from modelyard_server.kernel.clock import utcnow
from modelyard_server.kernel.db import Database
from modelyard_server.kernel.services import Services
from modelyard_server.workspaces import service as workspaces
from modelyard_server.workspaces.access import System

from . import collections

EVERY_SECONDS = 3600.0
log = structlog.get_logger("modelyard.artifacts")


def begin_collections(database: Database) -> int:
    """Begin the collections that are due in any workspace; give how many."""
    with database.platform_session(write=False) as db:
        workspace_ids = [found[0] for found in workspaces.every_workspace(db)]
    begun = 0
    for workspace_id in workspace_ids:
        with database.session(workspace_id) as db:
            begun += collections.begin_due(db, System(workspace_id), utcnow())
    return begun


def start(services: Services) -> Callable[[], None]:
    """Look every hour whose collection is due, until the given function is called."""
    database, stop = services.get(Database), threading.Event()

    def work() -> None:
        while not stop.wait(EVERY_SECONDS):
            try:
                begin_collections(database)
            except Exception:
                log.exception("collections_not_begun")

    thread = threading.Thread(target=work, name="collections", daemon=True)
    thread.start()

    def finish() -> None:
        stop.set()
        thread.join(timeout=10)

    return finish
