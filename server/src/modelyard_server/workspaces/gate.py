"""Authorisation for routes that must not hold a transaction while they wait for the network.

An upload of minutes would keep SQLite's only writer; and the hottest writes save three trips
through the thread pool when authentication, check and rows share one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import anyio
import anyio.to_thread
from fastapi import Depends, Request
from sqlalchemy.orm import Session

from modelyard_server.kernel.db import Database

from . import access
from .access import Actor
from .permissions import Permission

T = TypeVar("T")
# Of their own: these threads queue for the writer, and must not use up those that let it finish.
_THREADS = anyio.CapacityLimiter(24)


class Gate:
    """Opens transactions for one request. Each one authenticates and checks the permission."""

    def __init__(self, request: Request, permission: Permission) -> None:
        self.request = request
        self._permission = permission
        self._database: Database = request.app.state.database

    def actor(self, db: Session) -> Actor:
        """Find out who asks."""
        return access.lean_actor(self.request, db)

    async def run(self, work: Callable[[Session, Actor], T], *, write: bool) -> T:
        """Do work in a transaction that is committed when this returns.

        Raises:
            NotSignedIn: nobody asks.
            NotAllowed: whoever asks may not.
        """
        self.request.scope["modelyard_write"] = write

        def admitted(db: Session) -> T:
            actor = self.actor(db)
            access.refuse_unless(self.request, actor, self._permission)
            return work(db, actor)

        def in_thread() -> T:
            with self._database.platform_session(write=write) as db:
                return admitted(db)

        if write and self._database.grouped is not None:
            return await self._database.grouped.run(admitted)
        return await anyio.to_thread.run_sync(in_thread, limiter=_THREADS)


def gate(permission: Permission) -> Any:
    """Declare the permission of a route that opens its own transactions; gives the `Gate`."""

    def check(request: Request) -> Gate:
        return Gate(request, permission)

    check.permission = permission  # type: ignore[attr-defined]
    return Depends(check)
