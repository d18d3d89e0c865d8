"""The registry's own API."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from modelyard_server.artifacts import service as artifacts
from modelyard_server.kernel import http
from modelyard_server.kernel.db import Db
from modelyard_server.kernel.http import Page
from modelyard_server.kernel.services import provided
from modelyard_server.workspaces.access import Actor, allowed
from modelyard_server.workspaces.permissions import Permission

from . import (
    bin_routes,
    bundle_routes,
    cards,
    labels,
    mlflow_files,
    mlflow_routes,
    page_routes,
    service,
    versions,
    views,
    webhook_pages,
    webhook_routes,
)
from .ports import ServedVersions
from .schemas import AliasSet, ModelOut, ModelPatch, VersionFileOut, VersionOut

router = APIRouter(prefix="/api/v1", tags=["registry"])
Reader = Annotated[Actor, allowed(Permission.models_read)]
Writer = Annotated[Actor, allowed(Permission.models_write)]
Served = Annotated[ServedVersions, provided(ServedVersions)]
Codec = Annotated[http.Cursors, Depends(http.cursors)]
Number = Annotated[int, Path(ge=1, le=2**31 - 1)]
Limit = Annotated[int, Query(ge=1, le=1000)]


@router.get("/models")
def list_models(
    db: Db,
    actor: Reader,
    codec: Codec,
    served: Served,
    q: str | None = None,
    cursor: str | None = None,
    limit: Limit = 50,
) -> Page[ModelOut]:
    """List registered models, last changed first."""
    scope = f"{actor.workspace_id}/models/{q}"
    after = codec.open(scope, cursor) if cursor else None
    found = views.newest_models(db, q, (after[0], after[1]) if after else None, limit)
    page, last = found[:limit], found[limit - 1] if len(found) > limit else None
    sealed = codec.seal(scope, [last.updated_at.isoformat(), last.id]) if last else None
    return Page(items=views.models_out(db, page, served), next_cursor=sealed, total=None)


@router.get("/models/{model_id}")
def get_model(model_id: uuid.UUID, db: Db, actor: Reader, served: Served) -> ModelOut:
    """Give one registered model."""
    return views.models_out(db, [service.get_model(db, actor, model_id)], served)[0]


@router.patch("/models/{model_id}")
def update_model(
    model_id: uuid.UUID, body: ModelPatch, db: Db, actor: Writer, served: Served
) -> ModelOut:
    """Change what is written about a model."""
    model = service.get_model(db, actor, model_id)
    if body.description is not None:
        service.describe_model(db, actor, model, body.description)
    facts = body.model_dump(include={"licence", "task", "owner_id"}, exclude_none=True)
    if facts:
        cards.set_facts(db, actor, model, **facts)
    return views.models_out(db, [model], served)[0]


@router.delete("/models/{model_id}", status_code=204)
def delete_model(model_id: uuid.UUID, db: Db, actor: Writer, served: Served) -> None:
    """Delete a model with its versions, unless a deployment serves one."""
    service.delete_model(db, actor, model_id, served)


@router.get("/models/{model_id}/versions")
def list_versions(
    model_id: uuid.UUID,
    db: Db,
    actor: Reader,
    codec: Codec,
    cursor: str | None = None,
    limit: Limit = 50,
) -> Page[VersionOut]:
    """List a model's versions, newest first."""
    model = service.get_model(db, actor, model_id)
    scope = f"{actor.workspace_id}/versions/{model_id}"
    before = codec.open(scope, cursor)[0] if cursor else None
    found = views.newest_versions(db, model, before, limit)
    sealed = codec.seal(scope, [found[limit - 1].number]) if len(found) > limit else None
    items = views.versions_out(db, model, found[:limit])
    return Page(items=items, next_cursor=sealed, total=None)


@router.get("/models/{model_id}/versions/{version}")
def get_version(model_id: uuid.UUID, version: Number, db: Db, actor: Reader) -> VersionOut:
    """Give one version with its checks."""
    model = service.get_model(db, actor, model_id)
    return views.versions_out(db, model, [views.one_version(db, model, version)])[0]


@router.delete("/models/{model_id}/versions/{version}", status_code=204)
def delete_version(
    model_id: uuid.UUID, version: Number, db: Db, actor: Writer, served: Served
) -> None:
    """Delete a version, unless a deployment serves it. Its number is never given again."""
    model = service.get_model(db, actor, model_id, lock=True)
    versions.remove(db, actor, model, versions.find(db, model, version), served)


@router.get("/models/{model_id}/versions/{version}/files")
def list_version_files(
    model_id: uuid.UUID, version: Number, db: Db, actor: Reader
) -> list[VersionFileOut]:
    """List the files that were registered, with their digests."""
    row = versions.find(db, service.get_model(db, actor, model_id), version)
    return [
        VersionFileOut(path=file.path, is_dir=False, size_bytes=file.size_bytes, sha256=file.sha256)
        for file in artifacts.files_below(db, row.prefix)
    ]


@router.put("/models/{model_id}/aliases/{alias}", status_code=204)
def set_alias(model_id: uuid.UUID, alias: str, body: AliasSet, db: Db, actor: Writer) -> None:
    """Point an alias at a version."""
    model = service.get_model(db, actor, model_id, lock=True)
    labels.set_alias(db, actor, model, alias, versions.find(db, model, body.version))


@router.delete("/models/{model_id}/aliases/{alias}", status_code=204)
def delete_alias(model_id: uuid.UUID, alias: str, db: Db, actor: Writer) -> None:
    """Remove an alias."""
    labels.delete_alias(db, actor, service.get_model(db, actor, model_id, lock=True), alias)


def _mlflow() -> list[APIRouter]:
    outer = APIRouter(prefix="/api/2.0/mlflow")
    outer.include_router(mlflow_routes.router)
    outer.include_router(webhook_routes.router)
    return [outer, mlflow_files.router]


routers = [
    router,
    page_routes.router,
    bin_routes.router,
    bundle_routes.router,
    webhook_pages.router,
    *_mlflow(),
]
