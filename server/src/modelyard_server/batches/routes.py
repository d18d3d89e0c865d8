"""HTTP of batch scoring."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse
from sqlalchemy.orm import Session

from modelyard_server.artifacts import service as artifacts
from modelyard_server.artifacts.ports import BlobStore
from modelyard_server.artifacts.service import StoredFile
from modelyard_server.deployments.ports import ComputeDriver
from modelyard_server.kernel import tenancy
from modelyard_server.kernel.db import Db
from modelyard_server.kernel.services import provided
from modelyard_server.settings import Settings
from modelyard_server.tracking import content, sources
from modelyard_server.workspaces.access import Actor, allowed
from modelyard_server.workspaces.gate import Gate, gate
from modelyard_server.workspaces.permissions import Permission

from . import service
from .errors import FileRefused
from .models import Batch, Format
from .parquet import Parts
from .schemas import BatchFromRun, BatchOut, Known, ResultFormat

router = APIRouter(prefix="/api/v1", tags=["batches"])
routers = [router]
Reader = Annotated[Actor, allowed(Permission.predictions_read)]
Runner = Annotated[Actor, allowed(Permission.batches_run)]
Blobs = Annotated[BlobStore, provided(BlobStore)]
Compute = Annotated[ComputeDriver, provided(ComputeDriver)]
OurSettings = Annotated[Settings, provided(Settings)]
_MEDIA: dict[ResultFormat, str] = {
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/jsonl",
    "parquet": "application/vnd.apache.parquet",
}
_FILE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.get("/deployments/{deployment_id}/batches")
def list_batches(deployment_id: uuid.UUID, db: Db, actor: Reader) -> list[BatchOut]:
    """List a deployment's newest batches."""
    return [BatchOut.model_validate(row) for row in service.newest(db, actor, deployment_id)]


@router.post("/deployments/{deployment_id}/batches/file", status_code=201, openapi_extra=_FILE)
async def score_file(
    deployment_id: uuid.UUID,
    request: Request,
    gate: Annotated[Gate, gate(Permission.batches_run)],
    blobs: Blobs,
    compute: Compute,
    settings: OurSettings,
    file_name: Annotated[str, Query(min_length=1, max_length=255)],
    version: Known | None = None,
    format: Format | None = None,  # noqa: A002 - the parameter's public name
) -> BatchOut:
    """Send a file, CSV, JSON lines or Parquet, and have every row scored."""
    kind = service.format_of(file_name, format)
    quota = int(settings.artifact_quota_gb * 2**30)
    announced = content.announced_bytes(request) or 0
    _refuse_large(announced)

    def admit(db: Session, actor: Actor) -> int:
        service.refuse_more(db, actor, deployment_id)
        service.route_of(compute.desired(), deployment_id, version)
        if quota:
            artifacts.refuse_over_quota(db, quota, announced)
        return actor.workspace_id

    workspace_id = await gate.run(admit, write=False)
    blob = await blobs.receive_stream(workspace_id, _counted(content.whole_body(request)))

    def keep(db: Session, actor: Actor) -> BatchOut:
        if quota:
            artifacts.refuse_over_quota(db, quota, blob.size_bytes)
        route = service.route_of(compute.desired(), deployment_id, version)
        file = StoredFile(file_name, blob.size_bytes, blob.sha256)
        return BatchOut.model_validate(service.create(db, actor, blobs, route, file, kind, version))

    try:
        return await gate.run(keep, write=True)
    except Exception:
        await gate.run(lambda db, _: artifacts.remove_if_unused(db, blobs, blob.sha256), write=True)
        raise


@router.post("/deployments/{deployment_id}/batches", status_code=201)
def score_run_file(
    deployment_id: uuid.UUID,
    body: BatchFromRun,
    db: Db,
    actor: Runner,
    blobs: Blobs,
    compute: Compute,
) -> BatchOut:
    """Score a file that a run logged."""
    kind = service.format_of(body.path, body.format)
    service.refuse_more(db, actor, deployment_id)
    path = sources.owned(db, f"runs/{body.run_id}/{body.path.strip('/')}", write=False)
    file = artifacts.find(db, path)
    _refuse_large(file.size_bytes)
    route = service.route_of(compute.desired(), deployment_id, body.version)
    return BatchOut.model_validate(
        service.create(db, actor, blobs, route, file, kind, body.version)
    )


@router.get("/batches/{batch_id}")
def get_batch(batch_id: uuid.UUID, db: Db, actor: Reader) -> BatchOut:  # noqa: ARG001
    """Show a batch and how far it is."""
    return BatchOut.model_validate(service.get(db, batch_id))


@router.post("/batches/{batch_id}/cancel")
def cancel_batch(batch_id: uuid.UUID, db: Db, actor: Runner) -> BatchOut:
    """Stop a batch after the part that is being scored; what was scored stays."""
    return BatchOut.model_validate(service.cancel(db, actor, batch_id))


@router.delete("/batches/{batch_id}", status_code=204)
def remove_batch(batch_id: uuid.UUID, db: Db, actor: Runner) -> None:
    """Remove a batch that has ended, with its input and results."""
    service.remove(db, actor, batch_id)


@router.get("/batches/{batch_id}/results", response_class=StreamingResponse)
def download_results(
    batch_id: uuid.UUID,
    db: Db,
    actor: Reader,  # noqa: ARG001
    blobs: Blobs,
    format: ResultFormat = "csv",  # noqa: A002 - the parameter's public name
) -> StreamingResponse:
    """Download what was scored so far, in the file's order, with prediction id and version."""
    row = service.get(db, batch_id)
    read = _reads(db, blobs, row, "parts")
    written: dict[ResultFormat, Callable[[], Iterator[bytes]]] = {
        "csv": lambda: service.as_csv(read(), row.columns, row.outputs),
        "jsonl": read,
        "parquet": lambda: service.results_as_parquet(read, row.columns, row.outputs),
    }
    return _download(row, "results", format, written[format]())


@router.get("/batches/{batch_id}/errors", response_class=StreamingResponse)
def download_errors(
    batch_id: uuid.UUID,
    db: Db,
    actor: Reader,  # noqa: ARG001
    blobs: Blobs,
    format: ResultFormat = "csv",  # noqa: A002 - the parameter's public name
) -> StreamingResponse:
    """Download the rows that got no prediction, each with the reason."""
    row = service.get(db, batch_id)
    read = _reads(db, blobs, row, "errors")
    written: dict[ResultFormat, Callable[[], Iterator[bytes]]] = {
        "csv": lambda: service.errors_as_csv(read()),
        "jsonl": read,
        "parquet": lambda: service.errors_as_parquet(read),
    }
    return _download(row, "errors", format, written[format]())


def _reads(db: Session, blobs: BlobStore, row: Batch, kind: str) -> Parts:
    """Give what reads the parts that are there now, as often as it is called."""
    return partial(service.lines, blobs, tenancy.workspace_of(db), service.files(db, row, kind))


def _download(
    row: Batch, what: str, form: ResultFormat, blocks: Iterator[bytes]
) -> StreamingResponse:
    name = f"{what}-{row.id.hex[:8]}.{form}"
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "private, no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return StreamingResponse(blocks, media_type=_MEDIA[form], headers=headers)


def _refuse_large(size: int) -> None:
    if size > service.MAX_BYTES:
        raise FileRefused(f"A file may have at most {service.MAX_BYTES} bytes.")


async def _counted(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    got = 0
    async for chunk in chunks:
        got += len(chunk)
        _refuse_large(got)
        yield chunk
