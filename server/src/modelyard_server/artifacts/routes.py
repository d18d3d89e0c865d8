"""What a workspace keeps, and the collection of what nothing holds."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter

from modelyard_server.kernel.db import Db
from modelyard_server.kernel.services import provided
from modelyard_server.settings import Settings
from modelyard_server.workspaces.access import Actor, allowed
from modelyard_server.workspaces.permissions import Permission

from . import collections
from .schemas import CollectionCreate, CollectionOut, ShareOut, StorageOut

router = APIRouter(prefix="/api/v1/storage", tags=["storage"])
routers = [router]
Reader = Annotated[Actor, allowed(Permission.storage_read)]
Collects = Annotated[Actor, allowed(Permission.storage_collect)]
_SHOWN = 10


@router.get("")
def get_storage(
    db: Db,
    actor: Reader,  # noqa: ARG001
    settings: Annotated[Settings, provided(Settings)],
) -> StorageOut:
    """Measure what the workspace keeps; list the newest collections."""
    found = collections.figures(db)
    quota = int(settings.artifact_quota_gb * 2**30)
    return StorageOut(
        used_bytes=sum(share.size_bytes for share in found.shares),
        quota_bytes=quota or None,
        shares=[ShareOut.model_validate(share, from_attributes=True) for share in found.shares],
        contents=found.contents,
        stored_bytes=found.stored_bytes,
        garbage=found.garbage,
        garbage_bytes=found.garbage_bytes,
        grace_hours=settings.artifact_grace_hours,
        collections=[CollectionOut.model_validate(row) for row in collections.newest(db, _SHOWN)],
    )


@router.post("/collections", status_code=202)
def collect(body: CollectionCreate, db: Db, actor: Collects) -> CollectionOut:
    """Look through the store for what nothing holds; a dry run only tells what would go."""
    row = collections.begin(db, actor, is_dry_run=body.dry_run)
    db.flush()
    return CollectionOut.model_validate(row)


@router.get("/collections/{collection_id}")
def get_collection(collection_id: uuid.UUID, db: Db, actor: Reader) -> CollectionOut:  # noqa: ARG001
    """Give one collection and what it found."""
    return CollectionOut.model_validate(collections.get(db, collection_id))
