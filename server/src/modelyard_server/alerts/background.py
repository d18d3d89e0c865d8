"""The thread that evaluates: every workspace in its turn, one process at a time."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable

import structlog

from modelyard_server.kernel.db import Database
from modelyard_server.kernel.services import Services
from modelyard_server.settings import Settings
from modelyard_server.workspaces import service as workspaces

from . import evaluating

log = structlog.get_logger("modelyard.alerts")


def start(services: Services) -> Callable[[], None]:
    """Evaluate until the given function is called."""
    every = services.get(Settings).alert_seconds
    stop = threading.Event()

    def work() -> None:
        while not stop.wait(min(every, 5.0)):
            run_once(services, dt.timedelta(seconds=every))

    thread = threading.Thread(target=work, name="alerts", daemon=True)
    thread.start()

    def finish() -> None:
        stop.set()
        thread.join(timeout=10)

    return finish


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
