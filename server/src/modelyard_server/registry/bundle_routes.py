"""Bundles over HTTP: export a version, bring one in, the key that signs."""

from __future__ import annotations

import datetime as dt
import re
import tempfile
import uuid
from functools import partial
from typing import Annotated, Any, BinaryIO
from urllib.parse import quote

import anyio
import anyio.to_thread
from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from sqlalchemy.orm import Session

from modelyard_protocol.bundle import key_text
from modelyard_server.artifacts import service as artifacts
from modelyard_server.artifacts.ports import BlobStore
from modelyard_server.kernel.crypto import RootKey
from modelyard_server.kernel.db import Db
from modelyard_server.kernel.services import provided
from modelyard_server.settings import Settings
from modelyard_server.tracking import content
from modelyard_server.workspaces.access import Actor, allowed
from modelyard_server.workspaces.gate import Gate, gate
from modelyard_server.workspaces.permissions import Permission

from . import bundle_import, bundle_keys, service, versions, views
from .bundle_export import Export, Exporter
from .bundle_import import Arrived
from .ports import ServedVersions
from .schemas import VersionOut

router = APIRouter(prefix="/api/v1", tags=["registry"])
Reader = Annotated[Actor, allowed(Permission.models_read)]
Blobs = Annotated[BlobStore, provided(BlobStore)]
Key = Annotated[RootKey, provided(RootKey)]
OurSettings = Annotated[Settings, provided(Settings)]
Number = Annotated[int, Path(ge=1, le=2**31 - 1)]
_WORKERS = anyio.CapacityLimiter(2)  # each reads and hashes as fast as the disk
_WRITERS = anyio.CapacityLimiter(8)
_HAND_OFF_BYTES = 4 * 1024 * 1024  # fewer, larger trips to the writing thread


class BundleKeyOut(BaseModel):
    """The public key that verifies what this workspace signs."""

    key: str


class OriginOut(BaseModel):
    """What a bundle told about where its version was made."""

    name: str
    version: int
    created_at: str
    created_by: str
    run_id: str | None
    signed_by: str | None
    manifest_sha256: str
    imported_at: dt.datetime
    imported_by: str
    lineage: dict[str, Any]
    environment_lock: str | None


@router.get(
    "/models/{model_id}/versions/{version}/bundle",
    response_class=StreamingResponse,
    responses={200: {"content": {"application/zip": {}}}},
)
async def export_version(
    model_id: uuid.UUID,
    version: Number,
    gate: Annotated[Gate, gate(Permission.models_export)],
    blobs: Blobs,
    settings: OurSettings,
    key: Key,
    served: Annotated[ServedVersions, provided(ServedVersions)],
    *,
    sign: bool = True,
) -> StreamingResponse:
    """Download a version as one file: model, card, signature, lock, lineage, checksums."""
    exporter = Exporter(blobs, settings, served)

    def gather(db: Session, actor: Actor) -> tuple[Export, int]:
        model = service.get_model(db, actor, model_id)
        versions.find(db, model, version)
        made = exporter.export(db, actor, model, version, is_signed=sign)
        return made, actor.workspace_id

    made, workspace_id = await gate.run(gather, write=True)
    seal = bundle_keys.sealed(key, workspace_id, made.manifest) if sign else None
    pieces = made.pieces(blobs, workspace_id, seal)
    return StreamingResponse(pieces, media_type="application/zip", headers=_headers(made.name))


@router.get("/models/{model_id}/versions/{version}/origin")
def get_origin(model_id: uuid.UUID, version: Number, db: Db, actor: Reader) -> OriginOut:
    """Tell where a version that came in a bundle was made, and who signed it."""
    row = versions.find(db, service.get_model(db, actor, model_id), version)
    return OriginOut.model_validate(bundle_import.origin_of(db, row))


@router.get("/bundle-key")
def get_bundle_key(actor: Reader, key: Key) -> BundleKeyOut:
    """Give the public key with which others verify what this workspace signs."""
    return BundleKeyOut(key=key_text(bundle_keys.public_key(key, actor.workspace_id)))


@router.post(
    "/bundles",
    status_code=201,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
async def import_bundle(
    request: Request,
    gate: Annotated[Gate, gate(Permission.models_create)],
    blobs: Blobs,
    settings: OurSettings,
    name: Annotated[str | None, Query(max_length=255)] = None,
    key: Annotated[str | None, Query(max_length=100)] = None,
) -> VersionOut:
    """Bring in a bundle as the next version of its model; `key` asks for that signature."""
    quota = int(settings.artifact_quota_gb * 2**30)

    def admit(db: Session, actor: Actor) -> int:
        if quota:
            artifacts.refuse_over_quota(db, quota, content.announced_bytes(request) or 0)
        return actor.workspace_id

    workspace_id = await gate.run(admit, write=False)
    with tempfile.TemporaryFile(dir=_spool(settings)) as spool:
        await _spooled(request, spool)
        take = partial(bundle_import.received, spool, blobs, workspace_id, key=key)
        arrived: Arrived = await anyio.to_thread.run_sync(take, limiter=_WORKERS)

    def keep(db: Session, actor: Actor) -> VersionOut:
        if quota:
            size = sum(file.size_bytes for file in arrived.files)
            artifacts.refuse_over_quota(db, quota, size)
        model, row = bundle_import.register(db, actor, blobs, arrived, name)
        return views.versions_out(db, model, [views.one_version(db, model, row.number)])[0]

    try:
        return await gate.run(keep, write=True)
    except Exception:
        await gate.run(lambda db, _: bundle_import.forget(db, blobs, arrived), write=True)
        raise


async def _spooled(request: Request, spool: BinaryIO) -> None:
    """Write the body to a file that has no name, so that a crash leaves nothing."""
    waiting = bytearray()
    async for chunk in content.whole_body(request):
        waiting += chunk
        if len(waiting) >= _HAND_OFF_BYTES:
            await anyio.to_thread.run_sync(spool.write, waiting, limiter=_WRITERS)
            waiting = bytearray()
    await anyio.to_thread.run_sync(spool.write, waiting, limiter=_WRITERS)


def _spool(settings: Settings) -> str:
    folder = settings.data_dir / "artifacts" / "incoming"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return str(folder)


def _headers(name: str) -> dict[str, str]:
    plain = re.sub(r"[^A-Za-z0-9._ -]", "_", name)
    return {
        "Content-Disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name)}",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
