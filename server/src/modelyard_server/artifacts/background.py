"""The thread that has every workspace's store looked through once a day."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from modelyard_server.kernel.clock import utcnow
from modelyard_server.kernel.db import Database
from modelyard_server.kernel.repeating import repeat
from modelyard_server.kernel.services import Services
from modelyard_server.workspaces import service as workspaces
from modelyard_server.workspaces.access import System

from . import collections

EVERY_SECONDS = 3600.0


def begin_collections(database: Database) -> int:
    """Begin the collections that are due in any workspace; give how many."""
    begun = 0
    for workspace_id in workspaces.every_id(database):
        with database.session(workspace_id) as db:
            begun += collections.begin_due(db, System(workspace_id), utcnow())
    return begun


def start(services: Services) -> Callable[[], None]:
    """Look every hour whose collection is due, until the given function is called."""
    return repeat("collections", EVERY_SECONDS, partial(begin_collections, services.get(Database)))
