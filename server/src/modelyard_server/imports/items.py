"""Writing one item of an import: experiment, run, logged model, model or version."""

from __future__ import annotations

import datetime as dt

from sqlalchemy.orm import Session

from modelyard_server.artifacts import service as artifacts
from modelyard_server.artifacts.ports import BlobStore
from modelyard_server.kernel import trail
from modelyard_server.registry import restoring as registry
from modelyard_server.registry.versions import Registration
from modelyard_server.tracking import restoring as tracking
from modelyard_server.tracking.inputs import NewDataset

from . import service
from .models import Import, ItemKind
from .schemas import (
    ExperimentIn,
    FileKept,
    ItemOut,
    LoggedModelIn,
    ModelIn,
    RunIn,
    VersionIn,
)


def put_experiment(db: Session, actor: trail.Who, row: Import, new: ExperimentIn) -> ItemOut:
    """Make an experiment or take over the one of its name."""
    kind = ItemKind.experiment
    known = service.is_unchanged(db, row, kind, new.source_id, new.fingerprint)
    if known is not None:
        return ItemOut(local_id=known, unchanged=True, files=[])
    made = tracking.put_experiment(
        db,
        actor,
        new.source_id,
        new.name,
        new.tags,
        created_ms=new.created_ms,
        updated_ms=new.updated_ms,
    )
    return _noted(db, row, kind, new.source_id, str(made.id))


def put_run(db: Session, actor: trail.Who, row: Import, new: RunIn) -> ItemOut:
    """Make a run; say which of its files are here already."""
    known = service.is_unchanged(db, row, ItemKind.run, new.source_id, new.fingerprint)
    if known is not None:
        return ItemOut(local_id=known, unchanged=True, files=[])
    datasets = [
        NewDataset(
            name=one.name,
            digest=one.digest,
            source_type=one.source_type,
            source=one.source,
            schema=one.schema_text,
            profile=one.profile_text,
            tags=one.tags,
        )
        for one in new.datasets
    ]
    kept = tracking.KeptRun(
        source_id=new.source_id,
        experiment_id=new.experiment_id,
        name=new.name,
        user_name=new.user_name,
        status=new.status,
        started_ms=new.started_ms,
        ended_ms=new.ended_ms,
        params=new.params,
        tags=new.tags,
        datasets=datasets,
    )
    run = tracking.put_run(db, actor, kept)
    return _noted(db, row, ItemKind.run, new.source_id, run.uid, f"runs/{run.uid}/")


def put_logged_model(db: Session, actor: trail.Who, row: Import, new: LoggedModelIn) -> ItemOut:
    """Make a logged model; say which of its files are here already."""
    kind = ItemKind.logged_model
    known = service.is_unchanged(db, row, kind, new.source_id, new.fingerprint)
    if known is not None:
        return ItemOut(local_id=known, unchanged=True, files=[])
    kept = tracking.KeptModel(
        source_id=new.source_id,
        experiment_id=new.experiment_id,
        run_id=new.run_id,
        name=new.name,
        model_type=new.model_type,
        status=new.status,
        created_ms=new.created_ms,
        updated_ms=new.updated_ms,
        params=new.params,
        tags=new.tags,
    )
    model = tracking.put_logged_model(db, actor, kept)
    return _noted(db, row, kind, new.source_id, model.id, f"models/{model.id}/")


def put_model(db: Session, actor: trail.Who, row: Import, new: ModelIn) -> ItemOut:
    """Register a name, or complete the one that is here."""
    known = service.is_unchanged(db, row, ItemKind.model, new.name, new.fingerprint)
    if known is not None:
        return ItemOut(local_id=known, unchanged=True, files=[])
    model = registry.put_model(
        db,
        actor,
        new.name,
        description=new.description,
        tags=new.tags,
        created_at=_instant(new.created_ms),
        updated_at=_instant(new.updated_ms),
    )
    return _noted(db, row, ItemKind.model, new.name, str(model.id))


def put_version(
    db: Session, actor: trail.Who, blobs: BlobStore, row: Import, new: VersionIn
) -> ItemOut:
    """Register a version under its number."""
    source_id = f"{new.model}/{new.number}"
    known = service.is_unchanged(db, row, ItemKind.version, source_id, new.fingerprint)
    if known is not None:
        return ItemOut(local_id=known, unchanged=True, files=[])
    registration = Registration(
        source=new.source,
        run_id=new.run_id,
        description=new.description,
        tags=new.tags,
        number=new.number,
    )
    kept = registry.KeptVersion(
        registration=registration,
        stage=new.stage,
        aliases=new.aliases,
        created_at=_instant(new.created_ms),
        updated_at=_instant(new.updated_ms),
        user_name=new.user_name,
    )
    model, version = registry.put_version(db, actor, blobs, new.model, kept)
    return _noted(db, row, ItemKind.version, source_id, f"{model.id}/{version.number}")


def _noted(
    db: Session, row: Import, kind: ItemKind, source_id: str, local_id: str, prefix: str = ""
) -> ItemOut:
    service.note(db, row, kind, source_id, local_id)
    found = artifacts.files_below(db, prefix) if prefix else []
    files = [
        FileKept(path=f.path.removeprefix(prefix), size_bytes=f.size_bytes, sha256=f.sha256)
        for f in found
    ]
    return ItemOut(local_id=local_id, unchanged=False, files=files)


def _instant(ms: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(ms / 1000, dt.UTC)
