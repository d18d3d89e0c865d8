"""Traces as MLflow's client and OpenTelemetry's exporters send and read them."""

from __future__ import annotations

import re
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from modelyard_server.kernel.db import Db
from modelyard_server.kernel.http import Cursors, cursors, parameter_missing
from modelyard_server.tracking import experiments
from modelyard_server.tracking.mlflow import wire
from modelyard_server.workspaces.access import Actor, allowed
from modelyard_server.workspaces.gate import Gate, gate
from modelyard_server.workspaces.permissions import Permission

from . import (
    assessments,
    correlation_routes,
    dataset_routes,
    issue_routes,
    legacy_routes,
    scorer_routes,
    search,
    service,
    shapes,
    spans,
)
from .errors import TraceRefused

UNAUDITED = {
    "start_trace": "logged by applications, many a second: the trace itself is the record",
    "export_spans": "steps of traces",
    "set_trace_tag": "part of what is logged of a trace",
    "delete_trace_tag": "part of what is logged of a trace",
    "start_trace_v2": "the trace itself is the record",
    "end_trace_v2": "the trace itself is the record",
    "link_prompts_to_trace": "part of what is logged of a trace",
    "link_traces_to_run": "part of what is logged of a trace",
}
"""Changing routes that leave no audit entry, by function name, each with its reason."""

router = APIRouter(prefix="/api/3.0/mlflow/traces", tags=["traces"], include_in_schema=False)
both = APIRouter(prefix="/traces", tags=["traces"], include_in_schema=False)
linking = APIRouter(prefix="/api/2.0/mlflow/traces", tags=["traces"], include_in_schema=False)
exporting = APIRouter(tags=["traces"], include_in_schema=False)
Reader = Annotated[Actor, allowed(Permission.experiments_read)]
Writer = Annotated[Actor, allowed(Permission.experiments_write)]
Codec = Annotated[Cursors, Depends(cursors)]
_MOST_BYTES = 4 * 1024 * 1024
_MOST_PAGE, _MOST_BATCH = 500, 100
_HUMP = re.compile(r"(?<=[a-z])([A-Z])")


class Start(msgspec.Struct):
    trace: dict[str, dict[str, Any]]


class TracePath(msgspec.Struct):
    trace_id: str
    allow_partial: bool = False


class Batch(msgspec.Struct):
    trace_ids: list[str] = []


class ExperimentOf(msgspec.Struct):
    experiment_id: str


class Location(msgspec.Struct):
    mlflow_experiment: ExperimentOf


class Search(msgspec.Struct):
    locations: list[Location] = []
    filter: str = ""
    max_results: int = 100
    order_by: list[str] = []
    page_token: str = ""


class Delete(msgspec.Struct):
    experiment_id: str
    max_timestamp_millis: wire.Whole | None = None
    max_traces: wire.Whole | None = None
    request_ids: list[str] = []
    trace_ids: list[str] = []


class SetTag(msgspec.Struct):
    key: str
    value: str = ""


class DeleteTag(msgspec.Struct):
    key: str


class Link(msgspec.Struct):
    run_id: str
    trace_ids: list[str] = []


class Assess(msgspec.Struct):
    assessment: dict[str, Any]
    update_mask: str = ""


@router.post("")
def start_trace(
    body: Annotated[Start, wire.body(Start, most_bytes=_MOST_BYTES)], db: Db, actor: Writer
) -> Response:
    """Log a trace; its spans come by OpenTelemetry's protocol."""
    if "trace_info" not in body.trace:
        raise TraceRefused(parameter_missing("trace.trace_info"))
    info = body.trace["trace_info"]
    row = service.log(db, service.whole(shapes.read_info(info)))
    if not row.assessments:
        for said in shapes.read_assessments(info):
            assessments.create(db, actor, row.id, said)
    return wire.answer({"trace": {"trace_info": shapes.trace_info(row)}})


@router.post("/search", dependencies=wire.READS)
def search_traces(
    body: Annotated[Search, wire.body(Search)], db: Db, actor: Reader, codec: Codec
) -> Response:
    """Find traces."""
    wire.within("max_results", body.max_results, 1, _MOST_PAGE)
    given = [location.mlflow_experiment.experiment_id for location in body.locations]
    numbers = experiments.numbers_of(given)
    scope = f"{actor.workspace_id}/traces/{given}/{body.filter}/{body.order_by}"
    offset = int(codec.open(scope, body.page_token)[0]) if body.page_token else 0
    found = search.find(
        db, numbers, body.filter, body.order_by, offset=offset, limit=body.max_results
    )
    token = codec.seal(scope, [offset + body.max_results]) if found.has_more else None
    shown = [shapes.trace_info(row) for row in found.traces]
    return wire.answer({"traces": shown, "next_page_token": token})


@router.get("/get")
def get_trace(
    body: Annotated[TracePath, wire.query(TracePath)],
    db: Db,
    actor: Reader,  # noqa: ARG001
) -> Response:
    """Give a trace with its spans."""
    row = service.get_whole(db, body.trace_id)
    found = service.spans_of(db, [row.id])[row.id]
    return wire.answer({"trace": {"trace_info": shapes.trace_info(row), "spans": found}})


@router.get("/batchGet")
def get_traces(body: Annotated[Batch, wire.query(Batch)], db: Db, actor: Reader) -> Response:  # noqa: ARG001
    """Give many traces with their spans; those that are not there are left out."""
    rows = service.several(db, _batch(body))
    found = service.spans_of(db, [row.id for row in rows])
    shown = [{"trace_info": shapes.trace_info(row), "spans": found[row.id]} for row in rows]
    return wire.answer({"traces": shown})


@router.post("/batchGetInfos", dependencies=wire.READS)
def get_trace_infos(body: Annotated[Batch, wire.body(Batch)], db: Db, actor: Reader) -> Response:  # noqa: ARG001
    """Give many traces without spans."""
    rows = service.several(db, _batch(body))
    return wire.answer({"trace_infos": [shapes.trace_info(row) for row in rows]})


@both.post("/delete-traces")
def delete_traces(body: Annotated[Delete, wire.body(Delete)], db: Db, actor: Writer) -> Response:
    """Delete traces of an experiment."""
    count = service.remove(
        db,
        actor,
        body.experiment_id,
        trace_ids=body.trace_ids or body.request_ids,
        until_ms=body.max_timestamp_millis,
        most=body.max_traces,
    )
    return wire.answer({"traces_deleted": count})


@both.patch("/{trace_id}/tags")
def set_trace_tag(
    trace_id: str,
    body: Annotated[SetTag, wire.body(SetTag)],
    db: Db,
    actor: Writer,  # noqa: ARG001
) -> Response:
    """Set a tag."""
    service.set_tag(db, trace_id, body.key, body.value)
    return wire.answer()


@both.delete("/{trace_id}/tags")
def delete_trace_tag(
    trace_id: str,
    request: Request,
    body: Annotated[DeleteTag | None, Depends(wire.optional(DeleteTag))],
    db: Db,
    actor: Writer,  # noqa: ARG001
) -> Response:
    """Remove a tag."""
    key = body.key if body is not None else request.query_params.get("key", "")
    service.delete_tag(db, trace_id, key)
    return wire.answer()


@linking.post("/link-to-run")
def link_traces_to_run(
    body: Annotated[Link, wire.body(Link)],
    db: Db,
    actor: Writer,  # noqa: ARG001
) -> Response:
    """Say that traces belong to a run."""
    service.link_to_run(db, body.trace_ids, body.run_id)
    return wire.answer()


@router.get("/{trace_id}")
def get_trace_info(trace_id: str, db: Db, actor: Reader) -> Response:  # noqa: ARG001
    """Give a trace without its spans."""
    return wire.answer({"trace": {"trace_info": shapes.trace_info(service.get(db, trace_id))}})


@router.post("/{trace_id}/assessments")
def create_assessment(
    trace_id: str, body: Annotated[Assess, wire.body(Assess)], db: Db, actor: Writer
) -> Response:
    """Add feedback or an expectation."""
    return wire.answer({"assessment": assessments.create(db, actor, trace_id, body.assessment)})


@router.get("/{trace_id}/assessments/{assessment_id}")
def get_assessment(trace_id: str, assessment_id: str, db: Db, actor: Reader) -> Response:  # noqa: ARG001
    """Give an assessment."""
    return wire.answer({"assessment": assessments.get(db, trace_id, assessment_id)})


@router.patch("/{trace_id}/assessments/{assessment_id}")
def update_assessment(
    trace_id: str,
    assessment_id: str,
    body: Annotated[Assess, wire.body(Assess)],
    db: Db,
    actor: Writer,
) -> Response:
    """Change the fields that the mask names."""
    named = [_HUMP.sub(r"_\1", f).lower() for f in body.update_mask.split(",") if f]
    changed = assessments.change(db, actor, trace_id, assessment_id, body.assessment, named)
    return wire.answer({"assessment": changed})


@router.delete("/{trace_id}/assessments/{assessment_id}")
def delete_assessment(trace_id: str, assessment_id: str, db: Db, actor: Writer) -> Response:
    """Delete an assessment."""
    assessments.remove(db, actor, trace_id, assessment_id)
    return wire.answer()


@exporting.post("/v1/traces")
async def export_spans(
    request: Request, gate: Annotated[Gate, gate(Permission.experiments_write)]
) -> Response:
    """Take in spans from an OpenTelemetry exporter; the header names the experiment."""
    await gate.run(lambda _db, _actor: None, write=False)
    experiment_id = request.headers.get("x-mlflow-experiment-id", "")
    if not experiment_id:
        raise TraceRefused("The header x-mlflow-experiment-id names no experiment.")
    media_type = request.headers.get("content-type", "").partition(";")[0].strip()
    new = spans.read(await wire.received(request, spans.MOST_BYTES), media_type)

    def write(db: Session, _actor: Actor) -> None:
        service.log_spans(db, experiment_id, new)

    await gate.run(write, write=True)
    return Response(spans.accepted(), media_type=spans.PROTOBUF)


def _batch(body: Batch) -> list[str]:
    if len(body.trace_ids) > _MOST_BATCH:
        raise TraceRefused(f"At most {_MOST_BATCH} traces can be asked for at once.")
    return body.trace_ids


def _versioned() -> list[APIRouter]:
    made = []
    for prefix in wire.PREFIXES:
        outer = APIRouter(prefix=prefix)
        outer.include_router(both)
        outer.include_router(legacy_routes.file_router)
        made.append(outer)
    return made


routers = [
    linking,
    *_versioned(),
    legacy_routes.router,
    correlation_routes.router,
    router,
    exporting,
    issue_routes.router,
    scorer_routes.router,
    dataset_routes.router,
]
