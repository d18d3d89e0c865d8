"""`/livez`, `/readyz`, `/startupz`: cheap, unauthenticated, no secrets."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy import text

from .kernel.db import Database
from .migrations import state

router = APIRouter(include_in_schema=False)


@router.get("/livez")
def livez() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/startupz")
@router.get("/readyz")
def readyz(request: Request) -> Response:
    """The database answers and its schema is the newest."""
    database: Database = request.app.state.database
    parts: dict[str, Any] = {}
    try:
        with database.platform_session(write=False) as db:
            db.execute(text("SELECT 1"))
        parts["database"] = "ok"
        parts["migrations"] = "ok" if state.is_current(database) else "pending"
    except Exception as error:
        parts["database"] = f"does not answer ({type(error).__name__})"
    ready = all(value == "ok" for value in parts.values())
    return JSONResponse(
        {"status": "ok" if ready else "not ready", "parts": parts}, 200 if ready else 503
    )
