"""Uploads in parts: begin, see what is there, send parts in any order, complete, give up."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from modelyard_server.artifacts import service as artifacts
from modelyard_server.artifacts import uploads
from modelyard_server.artifacts.ports import BlobStore
from modelyard_server.kernel import trail
from modelyard_server.kernel.db import Db
from modelyard_server.kernel.services import provided
from modelyard_server.settings import Settings
from modelyard_server.workspaces.access import Actor, allowed
from modelyard_server.workspaces.gate import Gate, gate
from modelyard_server.workspaces.links import LinkGate, link_gate
from modelyard_server.workspaces.permissions import Permission

from . import sources
from .receiving import Receiver
from .upload_schemas import UploadCreate, UploadedOut, UploadOut, shown

router = APIRouter(prefix="/api/v1/uploads", tags=["uploads"])
Writer = Annotated[Actor, allowed(Permission.artifacts_write)]
Blobs = Annotated[BlobStore, provided(BlobStore)]
OurSettings = Annotated[Settings, provided(Settings)]


def begun(db: Session, actor: Actor, settings: Settings, new: uploads.NewUpload) -> uploads.Upload:
    """Begin an upload to a run or model of the workspace, if it fits into the quota."""
    sources.owned(db, new.path, write=True)
    quota = int(settings.artifact_quota_gb * 2**30)
    if quota:
        artifacts.refuse_over_quota(db, quota, new.size_bytes or 0)
    upload = uploads.begin(db, new)
    trail.record(
        db,
        actor,
        "artifacts.begin_upload",
        object_type="artifact",
        object_name=new.path[:512],
        after={"size_bytes": new.size_bytes},
    )
    return upload


@router.post("", status_code=201)
def begin_upload(body: UploadCreate, db: Db, actor: Writer, settings: OurSettings) -> UploadOut:
    """Begin an upload; the same file again gives the open one, with the parts that are there."""
    new = uploads.NewUpload(body.path, body.size_bytes, body.sha256)
    upload = begun(db, actor, settings, new)
    return shown(upload, uploads.parts(db, upload), settings)


@router.get("/{upload_id}")
def get_upload(
    upload_id: uuid.UUID,
    db: Db,
    actor: Writer,  # noqa: ARG001
    settings: OurSettings,
) -> UploadOut:
    """Show an upload with its parts."""
    upload = uploads.get(db, upload_id)
    return shown(upload, uploads.parts(db, upload), settings)


@router.put("/{upload_id}/parts/{number}", status_code=204)
async def upload_part(
    upload_id: uuid.UUID,
    number: int,
    request: Request,
    gate: Annotated[LinkGate, link_gate(Permission.artifacts_write)],
    blobs: Blobs,
    settings: OurSettings,
) -> Response:
    """Receive a part; `Content-Digest` is checked, the `ETag` of the answer is its SHA-256."""
    blob = await Receiver(gate, blobs, settings).part(request, upload_id, number)
    return Response(status_code=204, headers={"ETag": f'"{blob.sha256}"'})


@router.post("/{upload_id}/complete")
async def complete_upload(
    upload_id: uuid.UUID,
    gate: Annotated[Gate, gate(Permission.artifacts_write)],
    blobs: Blobs,
    settings: OurSettings,
) -> UploadedOut:
    """Put the parts together: the file appears at its path, whole."""
    file = await Receiver(gate, blobs, settings).complete(upload_id, None)
    return UploadedOut(path=file.path, size_bytes=file.size_bytes, sha256=file.sha256)


@router.delete("/{upload_id}", status_code=204)
def abort_upload(upload_id: uuid.UUID, db: Db, actor: Writer) -> None:
    """Give an upload up; its parts are removed."""
    uploads.abort(db, actor, uploads.get(db, upload_id))
