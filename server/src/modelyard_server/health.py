"""`/livez`, `/readyz`, `/startupz`: cheap, unauthenticated, no secrets."""

from __future__ import annotations

import anyio
import anyio.to_thread
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy import text

from .kernel.db import Database
from .migrations import state

router = APIRouter(include_in_schema=False)
_SECONDS = 3.0
_lookers = anyio.CapacityLimiter(4)


@router.get("/livez")
def livez() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/startupz")
@router.get("/readyz")
async def readyz(request: Request) -> Response:
    """The database answers in time and its schema is the newest."""
    database: Database = request.app.state.database
    parts = {"database": f"does not answer (not in {_SECONDS:g} s)"}
    with anyio.move_on_after(_SECONDS):
        # One that hangs holds its thread until the database answers or its connection ends: the
        # next ones wait here and not for a thread that requests need.
        parts = await anyio.to_thread.run_sync(
            _asked, database, limiter=_lookers, abandon_on_cancel=True
        )
    ready = all(value == "ok" for value in parts.values())
    return JSONResponse(
        {"status": "ok" if ready else "not ready", "parts": parts}, 200 if ready else 503
    )


def _asked(database: Database) -> dict[str, str]:
    parts = {}
    try:
        with database.platform_session(write=False) as db:
            db.execute(text("SELECT 1"))
        parts["database"] = "ok"
        parts["migrations"] = "ok" if state.is_current(database) else "pending"
    except Exception as error:
        parts["database"] = f"does not answer ({type(error).__name__})"
    return parts
