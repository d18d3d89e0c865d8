"""Registered models and versions brought from elsewhere, with their numbers and times."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from modelyard_server.artifacts.ports import BlobStore
from modelyard_server.kernel import trail

from . import labels, versions
from .errors import NameTaken
from .models import Model, ModelVersion
from .service import create_model, find_model, model_named


@dataclass(frozen=True, slots=True)
class KeptVersion:
    """A version as it was, beside what a registration says."""

    registration: versions.Registration
    stage: str
    aliases: Sequence[str]
    created_at: dt.datetime
    updated_at: dt.datetime
    user_name: str


def put_model(
    db: Session,
    actor: trail.Who,
    name: str,
    *,
    description: str,
    tags: dict[str, str],
    created_at: dt.datetime,
    updated_at: dt.datetime,
) -> Model:
    """Make a model with its times, or complete one that is here.

    Raises:
        NameRefused: a model cannot have this name, or a tag cannot be stored.
    """
    model = find_model(db, actor, name)
    if model is None:
        model = create_model(db, actor, name, description=description, tags=tags)
        model.created_at, model.updated_at = created_at, updated_at
        return model
    model.description = model.description or description
    for key, value in tags.items():
        labels.tag_model(db, actor, model, key, value)
    return model


def put_version(
    db: Session, actor: trail.Who, blobs: BlobStore, name: str, kept: KeptVersion
) -> tuple[Model, ModelVersion]:
    """Register a version under the number it had. Aliases that point elsewhere here stay there.

    Raises:
        ModelMissing: no model has this name.
        ModelSourceMissing: its files are not here.
        NameTaken: another version has this number.
    """
    wanted = kept.registration
    model = model_named(db, actor, name, lock=True)
    version = db.scalar(
        select(ModelVersion).where(
            ModelVersion.model_id == model.id, ModelVersion.number == wanted.number
        )
    )
    if version is not None and (version.source, version.run_id) != (wanted.source, wanted.run_id):
        raise NameTaken(f"{name} has another version {wanted.number} here already.")
    if version is None:
        model, version = versions.register(db, actor, blobs, name, wanted)
    version.stage = versions.known_stage(kept.stage)
    version.created_at, version.updated_at = kept.created_at, kept.updated_at
    version.created_by_name = kept.user_name or version.created_by_name
    for alias in kept.aliases:
        if not labels.has_alias(db, model, alias):
            labels.set_alias(db, actor, model, alias, version)
    return model, version
