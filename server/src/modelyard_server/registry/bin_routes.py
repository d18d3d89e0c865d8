"""Addresses of the bin."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel

from modelyard_server.kernel.db import Db
from modelyard_server.kernel.http import Page
from modelyard_server.kernel.services import provided
from modelyard_server.workspaces.access import Actor, allowed
from modelyard_server.workspaces.permissions import Permission

from . import binned, views
from .models import BinItem
from .ports import ServedVersions
from .schemas import ModelOut

router = APIRouter(prefix="/api/v1", tags=["registry"])
Reader = Annotated[Actor, allowed(Permission.models_read)]
Writer = Annotated[Actor, allowed(Permission.models_write)]
Purger = Annotated[Actor, allowed(Permission.models_purge)]
Served = Annotated[ServedVersions, provided(ServedVersions)]


class BinItemOut(BaseModel):
    """A deleted model or version that can be brought back."""

    id: uuid.UUID
    kind: Literal["model", "version"]
    model_id: uuid.UUID
    name: str
    version: int | None
    versions: int
    size_bytes: int
    deleted_at: dt.datetime
    deleted_by_name: str
    purge_after: dt.datetime


@router.get("/bin")
def list_bin(db: Db, actor: Reader) -> Page[BinItemOut]:  # noqa: ARG001
    """List deleted models and versions, last deleted first."""
    found = [_out(item) for item in binned.items(db)]
    return Page(items=found, next_cursor=None, total=len(found))


@router.post("/bin/{bin_item_id}/restore")
def restore_from_bin(bin_item_id: uuid.UUID, db: Db, actor: Writer, served: Served) -> ModelOut:
    """Bring a deleted model or version back; give the model."""
    model = binned.restore(db, actor, bin_item_id)
    return views.models_out(db, [model], served)[0]


@router.delete("/bin/{bin_item_id}", status_code=204)
def purge_from_bin(bin_item_id: uuid.UUID, db: Db, actor: Purger) -> None:
    """Remove a deleted model or version for ever, with its files."""
    binned.purge(db, actor, bin_item_id)


def _out(item: BinItem) -> BinItemOut:
    return BinItemOut(
        id=item.id,
        kind="version" if item.model_facts is None else "model",
        model_id=item.model_id,
        name=item.name,
        version=item.number,
        versions=len(item.versions),
        size_bytes=item.size_bytes,
        deleted_at=item.deleted_at,
        deleted_by_name=item.deleted_by_name,
        purge_after=item.purge_after,
    )
