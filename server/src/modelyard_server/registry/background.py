"""The thread that empties the bin."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from modelyard_server.kernel.clock import utcnow
from modelyard_server.kernel.db import Database
from modelyard_server.kernel.repeating import repeat
from modelyard_server.kernel.services import Services
from modelyard_server.workspaces import service as workspaces
from modelyard_server.workspaces.access import System

from . import binned

EVERY_SECONDS = 3600.0


def empty_bins(database: Database) -> int:
    """Remove what has lain in any workspace's bin for its time; give how many."""
    removed = 0
    for workspace_id in workspaces.every_id(database):
        with database.session(workspace_id) as db:
            removed += binned.purge_due(db, System(workspace_id), utcnow())
    return removed


def start(services: Services) -> Callable[[], None]:
    """Empty the bins every hour until the given function is called."""
    return repeat("bin", EVERY_SECONDS, partial(empty_bins, services.get(Database)))
