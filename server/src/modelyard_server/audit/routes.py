"""Addresses of the audit trail."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime

from modelyard_server.kernel.db import Db
from modelyard_server.kernel.http import Cursors, Page, cursors
from modelyard_server.workspaces.access import Actor, allowed
from modelyard_server.workspaces.permissions import Permission

from . import service
from .schemas import AuditEventOut

router = APIRouter(prefix="/api/v1", tags=["audit"])
routers = [router]


def wanted_events(
    action: str | None = None,
    actor_id: uuid.UUID | None = None,
    object_type: str | None = None,
    object_id: str | None = None,
    q: Annotated[str | None, Query(max_length=200)] = None,
    since: AwareDatetime | None = None,
    until: AwareDatetime | None = None,
) -> service.Filter:
    """Read the filter (a FastAPI dependency)."""
    return service.Filter(action, actor_id, object_type, object_id, q, since, until)


Wanted = Annotated[service.Filter, Depends(wanted_events)]


@router.get("/audit")
def list_events(
    db: Db,
    wanted: Wanted,
    codec: Annotated[Cursors, Depends(cursors)],
    actor: Annotated[Actor, allowed(Permission.audit_read)],
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Page[AuditEventOut]:
    """List who did what in this workspace, newest first."""
    scope = f"{actor.workspace_id}:audit:{wanted.key()}"
    after = None
    if cursor is not None:
        at, event_id = codec.open(scope, cursor)
        after = (dt.datetime.fromisoformat(at), uuid.UUID(event_id))
    found = service.events(db, actor.workspace_id, wanted, after=after, limit=limit + 1)
    page, more = found[:limit], len(found) > limit
    following = codec.seal(scope, [page[-1].at.isoformat(), page[-1].id]) if more else None
    return Page(items=[service.as_out(row) for row in page], next_cursor=following, total=None)


@router.get(
    "/audit/export",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/csv": {}, "application/x-ndjson": {}}}},
)
def export_events(
    request: Request,
    wanted: Wanted,
    actor: Annotated[Actor, allowed(Permission.audit_export)],
    format: Literal["csv", "jsonl"] = "csv",  # noqa: A002 - the name on the wire
) -> StreamingResponse:
    """Download the matching events as CSV or JSON lines."""
    as_csv = format == "csv"
    lines = service.export(request.app.state.database, actor, wanted, as_csv=as_csv)
    return StreamingResponse(
        lines,
        media_type="text/csv; charset=utf-8" if as_csv else "application/x-ndjson",
        headers={
            "Content-Disposition": f'attachment; filename="audit.{format}"',
            "Cache-Control": "no-store",
        },
    )
