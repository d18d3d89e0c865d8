"""Tags and aliases: what people hang on models and versions."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from modelyard_server.kernel import trail
from modelyard_server.kernel.clock import utcnow

from . import naming, protected, webhooks
from .errors import AliasMissing
from .models import Alias, Model, ModelTag, ModelVersion, VersionTag
from .service import PROMPT_TAG, record


def tag_model(db: Session, actor: trail.Who, model: Model, key: str, value: str) -> None:
    """Set a tag of a model.

    Raises:
        NameRefused: the key or value cannot be stored.
    """
    naming.tag(key, value)
    row = db.scalar(select(ModelTag).where(ModelTag.model_id == model.id, ModelTag.key == key))
    before = row.value if row else None
    if row is None:
        db.add(ModelTag(model_id=model.id, key=key, value=value))
    else:
        row.value = value
    if key == PROMPT_TAG:
        model.is_prompt = value.lower() == "true"
    _changed(db, actor, model, "registry.tag_model", {key: before}, {key: value})
    if model.is_prompt:
        webhooks.announce(db, "prompt_tag.set", {"name": model.name, "key": key, "value": value})


def untag_model(db: Session, actor: trail.Who, model: Model, key: str) -> None:
    """Remove a tag of a model; one that is not there is no fault."""
    row = db.scalar(select(ModelTag).where(ModelTag.model_id == model.id, ModelTag.key == key))
    if row is None:
        return
    if key == PROMPT_TAG:
        model.is_prompt = False
    _changed(db, actor, model, "registry.untag_model", {key: row.value}, None)
    db.delete(row)
    if model.is_prompt:
        webhooks.announce(db, "prompt_tag.deleted", {"name": model.name, "key": key})


def tag_version(
    db: Session, actor: trail.Who, model: Model, version: ModelVersion, key: str, value: str
) -> None:
    """Set a tag of a version.

    Raises:
        NameRefused: the key or value cannot be stored.
    """
    naming.tag(key, value)
    where = (VersionTag.version_id == version.id, VersionTag.key == key)
    row = db.scalar(select(VersionTag).where(*where))
    before = row.value if row else None
    if row is None:
        db.add(VersionTag(version_id=version.id, key=key, value=value))
    else:
        row.value = value
    facts: tuple[dict[str, Any], dict[str, Any]] = ({key: before}, {key: value})
    _changed(db, actor, model, "registry.tag_version", *facts, version=version)
    told = {"name": model.name, "version": str(version.number), "key": key, "value": value}
    webhooks.announce(db, f"{_kind(model)}_version_tag.set", told)


def untag_version(
    db: Session, actor: trail.Who, model: Model, version: ModelVersion, key: str
) -> None:
    """Remove a tag of a version; one that is not there is no fault."""
    where = (VersionTag.version_id == version.id, VersionTag.key == key)
    row = db.scalar(select(VersionTag).where(*where))
    if row is None:
        return
    facts = {key: row.value}
    _changed(db, actor, model, "registry.untag_version", facts, None, version=version)
    db.delete(row)
    told = {"name": model.name, "version": str(version.number), "key": key}
    webhooks.announce(db, f"{_kind(model)}_version_tag.deleted", told)


def set_alias(
    db: Session, actor: trail.Who, model: Model, alias: str, version: ModelVersion
) -> None:
    """Point an alias at a version; it leaves the version it pointed at before.

    Raises:
        NameRefused: an alias cannot have this name.
        AliasProtected: it is protected, and the actor may not move it.
    """
    naming.alias_name(alias)
    protected.refuse_unless_allowed(db, actor, [alias])
    row = db.scalar(select(Alias).where(Alias.model_id == model.id, Alias.alias == alias))
    before = {"version": row.number} if row else None
    if row is None:
        row = Alias(model_id=model.id, alias=alias, version_id=version.id, number=version.number)
        db.add(row)
    row.version_id, row.number = version.id, version.number
    after = {"alias": alias, "version": version.number}
    _changed(db, actor, model, "registry.set_alias", before, after)
    told = {"name": model.name, "alias": alias, "version": str(version.number)}
    webhooks.announce(db, f"{_alias_event(model)}.created", told)


def has_alias(db: Session, model: Model, alias: str) -> bool:
    """Tell whether a model has an alias."""
    found = select(Alias.id).where(Alias.model_id == model.id, Alias.alias == alias)
    return db.scalar(found) is not None


def delete_alias(db: Session, actor: trail.Who, model: Model, alias: str) -> None:
    """Remove an alias; one that is not there is no fault.

    Raises:
        AliasProtected: it is protected, and the actor may not move it.
    """
    protected.refuse_unless_allowed(db, actor, [alias])
    row = db.scalar(select(Alias).where(Alias.model_id == model.id, Alias.alias == alias))
    if row is None:
        return
    before = {"alias": alias, "version": row.number}
    _changed(db, actor, model, "registry.delete_alias", before, None)
    db.execute(delete(Alias).where(Alias.id == row.id))
    webhooks.announce(db, f"{_alias_event(model)}.deleted", {"name": model.name, "alias": alias})


def version_by_alias(db: Session, model: Model, alias: str) -> ModelVersion:
    """Give the version an alias points at.

    Raises:
        AliasMissing: the model has no such alias.
    """
    row = db.scalar(
        select(ModelVersion)
        .join(Alias, Alias.version_id == ModelVersion.id)
        .where(Alias.model_id == model.id, Alias.alias == alias)
    )
    if row is None:
        raise AliasMissing(f"Registered model alias {alias} not found.")
    return row


def _kind(model: Model) -> str:
    return "prompt" if model.is_prompt else "model"


def _alias_event(model: Model) -> str:
    return "prompt_alias" if model.is_prompt else "model_version_alias"


def _changed(
    db: Session,
    actor: trail.Who,
    model: Model,
    action: str,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
    *,
    version: ModelVersion | None = None,
) -> None:
    model.updated_at = utcnow()
    number = None
    if version is not None:
        version.updated_at, number = model.updated_at, version.number
    record(db, actor, action, model, version=number, before=before, after=after)
