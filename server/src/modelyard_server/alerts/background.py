"""The thread that evaluates: every workspace in its turn, one process at a time."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable

import structlog

from modelyard_server.kernel.clock import utcnow
from modelyard_server.kernel.db import Database
from modelyard_server.kernel.services import Services
from modelyard_server.notifications import service as notifications
from modelyard_server.settings import Settings
from modelyard_server.workspaces import service as workspaces

from . import evaluating

PRUNE_SECONDS = 3600.0
log = structlog.get_logger("modelyard.alerts")


def start(services: Services) -> Callable[[], None]:
    """Evaluate until the given function is called."""
    every = services.get(Settings).alert_seconds
    stop = threading.Event()

    def work() -> None:
        pruned = time.monotonic() - PRUNE_SECONDS
        while not stop.wait(min(every, 5.0)):
            run_once(services, dt.timedelta(seconds=every))
            if time.monotonic() - pruned >= PRUNE_SECONDS:
                prune(services.get(Database))
                pruned = time.monotonic()

    thread = threading.Thread(target=work, name="alerts", daemon=True)
    thread.start()

    def finish() -> None:
        stop.set()
        thread.join(timeout=10)

    return finish


def prune(database: Database) -> None:
    """Keep the log of notices bounded in every workspace."""
    try:
        for workspace_id in workspaces.every_id(database):
            with database.session(workspace_id) as db:
                notifications.prune(db, utcnow())
    except Exception:
        log.exception("deliveries_not_pruned")


def run_once(services: Services, every: dt.timedelta) -> None:
    """Evaluate the workspaces that are due. One that fails does not keep the others waiting."""
    database = services.get(Database)
    try:
        with database.platform_session(write=False) as db:
            found = workspaces.every_workspace(db)
    except Exception:
        log.exception("alerts_not_evaluated")
        return
    for workspace_id, slug in found:
        try:
            if evaluating.claim(database, workspace_id, every):
                evaluating.evaluate(services, workspace_id, slug)
        except Exception:
            log.exception("alerts_not_evaluated", workspace=slug)
