"""Issues of traces as MLflow's client notes and reads them."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Response

from modelyard_server.kernel.db import Db
from modelyard_server.kernel.http import Cursors, cursors
from modelyard_server.tracking.mlflow import wire
from modelyard_server.workspaces.access import Actor, allowed
from modelyard_server.workspaces.permissions import Permission

from . import issues
from .models import TraceIssue

router = APIRouter(prefix="/api/3.0/mlflow/issues", tags=["trace_issues"], include_in_schema=False)
Reader = Annotated[Actor, allowed(Permission.experiments_read)]
Writer = Annotated[Actor, allowed(Permission.experiments_write)]
_MOST_PAGE = 1000


class Create(msgspec.Struct):
    experiment_id: str
    name: str
    description: str
    status: str = "pending"
    severity: str | None = None
    root_causes: list[str] = []
    categories: list[str] = []
    source_run_id: str = ""
    created_by: str = ""


class Change(msgspec.Struct):
    name: str | None = None
    description: str | None = None
    status: str | None = None
    severity: str | None = None


class Search(msgspec.Struct):
    experiment_id: str = ""
    filter_string: str = ""
    max_results: int = 100
    page_token: str = ""
    include_trace_count: bool = False


@router.post("")
def create_issue(body: Annotated[Create, wire.body(Create)], db: Db, actor: Writer) -> Response:
    """Note a problem."""
    new = issues.NewIssue(**msgspec.structs.asdict(body))
    return wire.answer({"issue": _shown(issues.create(db, actor, new))})


@router.post("/search", dependencies=wire.READS)
def search_issues(
    body: Annotated[Search, wire.body(Search)],
    db: Db,
    actor: Reader,
    codec: Annotated[Cursors, Depends(cursors)],
) -> Response:
    """Find problems."""
    wire.within("max_results", body.max_results, 1, _MOST_PAGE)
    scope = f"{actor.workspace_id}/issues/{body.experiment_id}/{body.filter_string}"
    offset = int(codec.open(scope, body.page_token)[0]) if body.page_token else 0
    found = issues.find(
        db,
        body.experiment_id or None,
        body.filter_string,
        offset=offset,
        limit=body.max_results,
        with_traces=body.include_trace_count,
    )
    token = codec.seal(scope, [offset + body.max_results]) if found.has_more else ""
    shown = [_shown(row, found.traces) for row in found.issues]
    return wire.answer({"issues": shown, "next_page_token": token})


@router.get("/{issue_id}")
def get_issue(issue_id: str, db: Db, actor: Reader) -> Response:  # noqa: ARG001
    """Give a problem."""
    return wire.answer({"issue": _shown(issues.get(db, issue_id))})


@router.patch("/{issue_id}")
def update_issue(
    issue_id: str, body: Annotated[Change, wire.body(Change)], db: Db, actor: Writer
) -> Response:
    """Change what is said of a problem."""
    row = issues.change(db, actor, issue_id, **msgspec.structs.asdict(body))
    return wire.answer({"issue": _shown(row)})


def _shown(row: TraceIssue, traces: dict[str, int] | None = None) -> dict[str, Any]:
    shown = {
        "issue_id": row.id,
        "experiment_id": str(row.experiment_id),
        "name": row.name,
        "description": row.description,
        "status": row.status,
        "severity": row.severity,
        "root_causes": row.root_causes,
        "categories": row.categories,
        "source_run_id": row.source_run_id,
        "created_by": row.created_by,
        "created_timestamp": row.created_ms,
        "last_updated_timestamp": row.updated_ms,
        "trace_count": None if traces is None else traces[row.id],
    }
    return {key: value for key, value in shown.items() if value not in (None, [])}
