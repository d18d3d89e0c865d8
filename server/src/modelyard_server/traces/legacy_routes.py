"""Traces by MLflow's second protocol, which clients before MLflow 3 speak: without spans."""

from __future__ import annotations

import uuid
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Response

from modelyard_server.kernel.clock import utcnow
from modelyard_server.kernel.db import Db
from modelyard_server.kernel.http import Cursors, cursors, parameter_missing
from modelyard_server.tracking import content, experiments
from modelyard_server.tracking.mlflow import wire
from modelyard_server.workspaces.access import Actor, allowed
from modelyard_server.workspaces.permissions import Permission

from . import files, search, service
from .errors import TraceMissing, TraceRefused
from .models import Trace

router = APIRouter(prefix="/api/2.0/mlflow/traces", tags=["traces_v2"], include_in_schema=False)
file_router = APIRouter(tags=["traces_v2"], include_in_schema=False)
Reader = Annotated[Actor, allowed(Permission.experiments_read)]
Writer = Annotated[Actor, allowed(Permission.experiments_write)]
_MOST_PAGE = 500


class Start(msgspec.Struct):
    experiment_id: str
    timestamp_ms: wire.Whole | None = None
    request_metadata: list[wire.Pair] = []
    tags: list[wire.Pair] = []


class End(msgspec.Struct):
    timestamp_ms: wire.Whole | None = None
    status: str = "OK"
    request_metadata: list[wire.Pair] = []
    tags: list[wire.Pair] = []


class Search(msgspec.Struct):
    experiment_ids: list[str] = []
    filter: str = ""
    max_results: int = 100
    order_by: list[str] = []
    page_token: str = ""


class TraceFile(msgspec.Struct):
    request_id: str = ""
    path: str = ""


class Prompt(msgspec.Struct):
    name: str
    version: str


class LinkPrompts(msgspec.Struct):
    trace_id: str
    prompt_versions: list[Prompt] = []


@router.post("")
def start_trace_v2(body: Annotated[Start, wire.body(Start)], db: Db, actor: Writer) -> Response:  # noqa: ARG001
    """Begin a trace; its id is ours."""
    new = service.NewTrace(
        id=f"tr-{uuid.uuid4().hex}",
        experiment_id=body.experiment_id,
        requested_ms=_or_now(body.timestamp_ms),
        trace_metadata=wire.pairs(body.request_metadata),
        tags=wire.pairs(body.tags),
    )
    return wire.answer({"trace_info": _shown(service.log(db, new))})


@router.patch("/{trace_id}")
def end_trace_v2(
    trace_id: str,
    body: Annotated[End, wire.body(End)],
    db: Db,
    actor: Writer,  # noqa: ARG001
) -> Response:
    """Complete a trace."""
    row = service.get(db, trace_id, lock=True)
    ended = service.NewTrace(
        id=row.id,
        experiment_id=str(row.experiment_id),
        requested_ms=row.requested_ms,
        duration_ms=max(_or_now(body.timestamp_ms) - row.requested_ms, 0),
        state=body.status,
        trace_metadata=wire.pairs(body.request_metadata),
        tags=wire.pairs(body.tags),
    )
    return wire.answer({"trace_info": _shown(service.log(db, ended))})


@router.get("/{trace_id}/info")
def get_trace_info_v2(trace_id: str, db: Db, actor: Reader) -> Response:  # noqa: ARG001
    """Give a trace."""
    return wire.answer({"trace_info": _shown(service.get(db, trace_id))})


@router.get("")
def search_traces_v2(
    body: Annotated[Search, wire.query(Search)],
    db: Db,
    actor: Reader,
    codec: Annotated[Cursors, Depends(cursors)],
) -> Response:
    """Find traces."""
    wire.within("max_results", body.max_results, 1, _MOST_PAGE)
    numbers = experiments.numbers_of(body.experiment_ids)
    scope = f"{actor.workspace_id}/traces-v2/{numbers}/{body.filter}/{body.order_by}"
    offset = int(codec.open(scope, body.page_token)[0]) if body.page_token else 0
    found = search.find(
        db, numbers, body.filter, body.order_by, offset=offset, limit=body.max_results
    )
    token = codec.seal(scope, [offset + body.max_results]) if found.has_more else None
    shown = [_shown(row) for row in found.traces]
    return wire.answer({"traces": shown, "next_page_token": token})


@router.post("/link-prompts")
def link_prompts_to_trace(
    body: Annotated[LinkPrompts, wire.body(LinkPrompts)],
    db: Db,
    actor: Writer,  # noqa: ARG001
) -> Response:
    """Note which versions of prompts a trace used."""
    service.link_prompts(db, body.trace_id, [(p.name, p.version) for p in body.prompt_versions])
    return wire.answer()


@file_router.get("/get-trace-artifact")
def get_trace_artifact(
    body: Annotated[TraceFile, wire.query(TraceFile)],
    db: Db,
    actor: Reader,  # noqa: ARG001
) -> Response:
    """Send the spans of a trace as the file of which MLflow's clients make them."""
    if not body.request_id:
        raise TraceRefused(parameter_missing("request_id"))
    row = service.get(db, body.request_id)
    if body.path:
        raise TraceMissing(f"Trace with ID '{row.id}' has no file '{body.path[:80]}'.")
    found = service.spans_of(db, [row.id])[row.id]
    headers = {
        "Content-Disposition": content.disposition("traces.json"),
        "X-Content-Type-Options": "nosniff",
    }
    written = files.written(row.id, found)
    return Response(written, headers=headers, media_type="application/json")


def _or_now(at_ms: int | None) -> int:
    return round(utcnow().timestamp() * 1000) if at_ms is None else at_ms


def _shown(row: Trace) -> dict[str, Any]:
    return {
        "request_id": row.id,
        "experiment_id": str(row.experiment_id),
        "timestamp_ms": row.requested_ms,
        "execution_time_ms": row.duration_ms or 0,
        "status": row.state,
        "request_metadata": wire.as_pairs(row.trace_metadata),
        "tags": wire.as_pairs(row.tags),
    }
