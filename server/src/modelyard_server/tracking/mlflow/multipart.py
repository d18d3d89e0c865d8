"""`mlflow-artifacts/mpu/*`: how MLflow's clients send large files, in parts with signed links."""

from __future__ import annotations

import uuid
from pathlib import PurePosixPath
from typing import Annotated

import msgspec
from fastapi import APIRouter, Request, Response

from modelyard_server.artifacts import uploads
from modelyard_server.artifacts.errors import UploadMissing
from modelyard_server.kernel.db import Db
from modelyard_server.tracking.errors import ValueRefused
from modelyard_server.tracking.receiving import Receiver
from modelyard_server.tracking.upload_routes import Blobs, OurSettings, Writer, begun
from modelyard_server.workspaces.gate import Gate, gate
from modelyard_server.workspaces.links import signed
from modelyard_server.workspaces.permissions import Permission

from . import wire

router = APIRouter(
    prefix="/api/2.0/mlflow-artifacts/mpu", tags=["tracking_mlflow"], include_in_schema=False
)
_SECONDS = int(uploads.KEPT.total_seconds())


class Create(msgspec.Struct):
    path: str
    num_parts: int = 1


class Listed(msgspec.Struct):
    part_number: int
    etag: str = ""
    url: str = ""


class Complete(msgspec.Struct):
    path: str
    upload_id: str
    parts: list[Listed]


class Abort(msgspec.Struct):
    path: str
    upload_id: str


@router.post("/create/{folder:path}")
def create_multipart_upload(
    folder: str,
    body: Annotated[Create, wire.body(Create)],
    request: Request,
    db: Db,
    actor: Writer,
    settings: OurSettings,
) -> Response:
    """Begin an upload; give a signed link for each part."""
    if not 1 <= body.num_parts <= uploads.MOST_PARTS:
        raise ValueRefused(f"num_parts is a number from 1 to {uploads.MOST_PARTS}.")
    upload = begun(db, actor, settings, uploads.NewUpload(_target(folder, body.path)))
    links = [
        {
            "url": signed(request, actor, _part(upload.id, number), seconds=_SECONDS),
            "part_number": number,
            "headers": {},
        }
        for number in range(1, body.num_parts + 1)
    ]
    return wire.answer({"upload_id": str(upload.id), "credentials": links})


@router.post("/complete/{folder:path}")
async def complete_multipart_upload(
    folder: str,
    request: Request,
    gate: Annotated[Gate, gate(Permission.artifacts_write)],
    blobs: Blobs,
    settings: OurSettings,
) -> Response:
    """Put the parts together; the digests listed must be those that arrived."""
    await gate.run(lambda _db, _actor: None, write=False)
    body = wire.decode(await wire.received(request, 4 * 1024 * 1024), Complete)
    upload_id = await gate.run(
        lambda db, _actor: _named(db, body.upload_id, _target(folder, body.path)).id, write=False
    )
    listed = [(part.part_number, part.etag.strip('"')) for part in body.parts]
    await Receiver(gate, blobs, settings).complete(upload_id, listed)
    return wire.answer()


@router.post("/abort/{folder:path}")
def abort_multipart_upload(
    folder: str, body: Annotated[Abort, wire.body(Abort)], db: Db, actor: Writer
) -> Response:
    """Give an upload up."""
    uploads.abort(db, actor, _named(db, body.upload_id, _target(folder, body.path)))
    return wire.answer()


def _target(folder: str, local_path: str) -> str:
    """Clients send the whole path of their file; only its name counts."""
    name = PurePosixPath(local_path.replace("\\", "/")).name
    return f"{folder.strip('/')}/{name}" if folder.strip("/") else name


def _part(upload_id: uuid.UUID, number: int) -> str:
    return f"/api/v1/uploads/{upload_id}/parts/{number}"


def _named(db: Db, upload_id: str, path: str) -> uploads.Upload:
    """Give the upload, which must be the one to this path."""
    try:
        upload = uploads.get(db, uuid.UUID(upload_id))
    except ValueError:
        raise UploadMissing("There is no such upload.") from None
    if upload.path != path:
        raise UploadMissing("There is no such upload to this path.")
    return upload
