"""HTTP of capture: what is kept of calls, reading it out, erasing a person."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime

from modelyard_server.artifacts.ports import BlobStore
from modelyard_server.deployments.ports import Publisher
from modelyard_server.kernel.crypto import RootKey
from modelyard_server.kernel.db import Db
from modelyard_server.kernel.services import provided
from modelyard_server.workspaces.access import Actor, allowed
from modelyard_server.workspaces.permissions import Permission

from . import captures
from .capture_schemas import CaptureOut, CapturePut, Erased, ErasureIn
from .ports import NodeFacts

router = APIRouter(prefix="/api/v1/deployments/{deployment_id}/capture", tags=["monitoring"])
Reader = Annotated[Actor, allowed(Permission.monitoring_read)]
RowReader = Annotated[Actor, allowed(Permission.predictions_read)]
Manager = Annotated[Actor, allowed(Permission.monitoring_manage)]
Eraser = Annotated[Actor, allowed(Permission.predictions_erase)]
Node = Annotated[NodeFacts, provided(NodeFacts)]
Blobs = Annotated[BlobStore, provided(BlobStore)]
PARQUET = "application/vnd.apache.parquet"


def capture_key(request: Request) -> bytes:
    """Give the key that hashes values of columns kept as hashes."""
    root: RootKey = request.app.state.root_key
    return root.derive("capture")


@router.get("")
def get_capture(deployment_id: uuid.UUID, db: Db, actor: Reader, node: Node) -> CaptureOut:
    """Give what is kept of a deployment's calls, and how much."""
    return captures.read(db, actor, deployment_id, lost=node.lost())


@router.put("")
def put_capture(
    deployment_id: uuid.UUID,
    wanted: CapturePut,
    db: Db,
    actor: Manager,
    node: Node,
    publisher: Annotated[Publisher, provided(Publisher)],
) -> CaptureOut:
    """Choose what is kept of calls from now on."""
    changed = captures.change(db, actor, deployment_id, wanted, lost=node.lost())
    publisher.soon(db)
    return changed


@router.post("/erase")
def erase_rows(
    deployment_id: uuid.UUID,
    asked: ErasureIn,
    db: Db,
    actor: Eraser,
    blobs: Blobs,
    key: Annotated[bytes, Depends(capture_key)],
) -> Erased:
    """Remove every kept call that names someone."""
    return captures.erase(db, actor, blobs, key, deployment_id, asked)


@router.get("/rows", response_class=StreamingResponse)
def export_rows(
    deployment_id: uuid.UUID,
    db: Db,
    actor: RowReader,
    blobs: Blobs,
    since: AwareDatetime | None = None,
    until: AwareDatetime | None = None,
) -> StreamingResponse:
    """Download the kept rows of a time as one Parquet file."""
    file = captures.export(db, blobs, actor, deployment_id, since, until)
    headers = {
        "Content-Disposition": 'attachment; filename="rows.parquet"',
        "Content-Length": str(file.stat().st_size),
    }
    return StreamingResponse(_sent(file), media_type=PARQUET, headers=headers)


def _sent(file: Path) -> Iterator[bytes]:
    try:
        with file.open("rb") as stream:
            while block := stream.read(256 * 1024):
                yield block
    finally:
        shutil.rmtree(file.parent, ignore_errors=True)
