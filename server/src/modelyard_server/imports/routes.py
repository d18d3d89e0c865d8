"""Imports over HTTP; `modelyard import` sends what it reads."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter

from modelyard_server.artifacts.ports import BlobStore
from modelyard_server.kernel.db import Db
from modelyard_server.kernel.services import provided
from modelyard_server.tracking import restoring
from modelyard_server.workspaces.access import Actor, allowed
from modelyard_server.workspaces.permissions import Permission

from . import items, service
from .models import Import
from .schemas import (
    ExperimentIn,
    ImportCreate,
    ImportFinish,
    ImportOut,
    ItemComplete,
    ItemOut,
    LoggedModelIn,
    ModelIn,
    PointsIn,
    RunIn,
    VersionIn,
    counts,
)

router = APIRouter(prefix="/api/v1/imports", tags=["imports"])
routers = [router]
Reader = Annotated[Actor, allowed(Permission.experiments_read)]
Importer = Annotated[Actor, allowed(Permission.imports_run)]


@router.get("")
def list_imports(db: Db, actor: Reader) -> list[ImportOut]:  # noqa: ARG001
    """List the newest imports."""
    return [_out(row) for row in service.newest(db, 50)]


@router.post("", status_code=201)
def start_import(body: ImportCreate, db: Db, actor: Importer) -> ImportOut:
    """Open an import. Items that an earlier one brought are answered as unchanged."""
    return _out(service.start(db, actor, body.kind, body.source, counts(body.planned)))


@router.get("/{import_id}")
def get_import(import_id: uuid.UUID, db: Db, actor: Reader) -> ImportOut:  # noqa: ARG001
    """Give an import and how far it is."""
    return _out(service.get(db, import_id))


@router.post("/{import_id}/experiments")
def put_experiment(import_id: uuid.UUID, body: ExperimentIn, db: Db, actor: Importer) -> ItemOut:
    """Bring an experiment; one that has its name here takes its runs."""
    return items.put_experiment(db, actor, service.open_import(db, import_id), body)


@router.post("/{import_id}/runs")
def put_run(import_id: uuid.UUID, body: RunIn, db: Db, actor: Importer) -> ItemOut:
    """Bring a run with parameters, tags and data sets. Files go to `runs/<local_id>/…`."""
    return items.put_run(db, actor, service.open_import(db, import_id), body)


@router.post("/{import_id}/points", status_code=204)
def put_points(import_id: uuid.UUID, body: PointsIn, db: Db, actor: Importer) -> None:  # noqa: ARG001
    """Bring values of a run's metrics."""
    service.open_import(db, import_id)
    points = ((p.key, p.value, p.at_ms, p.step) for p in body.points)
    restoring.put_points(db, body.run_id, points)


@router.post("/{import_id}/logged-models")
def put_logged_model(import_id: uuid.UUID, body: LoggedModelIn, db: Db, actor: Importer) -> ItemOut:
    """Bring a logged model. Files go to `models/<local_id>/…`."""
    return items.put_logged_model(db, actor, service.open_import(db, import_id), body)


@router.post("/{import_id}/models")
def put_model(import_id: uuid.UUID, body: ModelIn, db: Db, actor: Importer) -> ItemOut:
    """Bring a registered model's name, description and tags."""
    return items.put_model(db, actor, service.open_import(db, import_id), body)


@router.post("/{import_id}/versions")
def put_version(
    import_id: uuid.UUID,
    body: VersionIn,
    db: Db,
    actor: Importer,
    blobs: Annotated[BlobStore, provided(BlobStore)],
) -> ItemOut:
    """Bring a model version under its number; its files must have come before."""
    return items.put_version(db, actor, blobs, service.open_import(db, import_id), body)


@router.post("/{import_id}/complete", status_code=204)
def complete_item(import_id: uuid.UUID, body: ItemComplete, db: Db, actor: Importer) -> None:  # noqa: ARG001
    """Say that all of an item has arrived; it is not asked for again while it stays the same."""
    row = service.open_import(db, import_id)
    service.complete(
        db, row, body.kind, body.source_id, body.fingerprint, is_deleted=body.is_deleted
    )


@router.post("/{import_id}/finish")
def finish_import(import_id: uuid.UUID, body: ImportFinish, db: Db, actor: Importer) -> ImportOut:
    """End an import."""
    return _out(service.finish(db, actor, import_id, body.error))


def _out(row: Import) -> ImportOut:
    return ImportOut.model_validate(row, from_attributes=True)
