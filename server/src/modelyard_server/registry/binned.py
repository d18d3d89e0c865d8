"""The bin: deleted models and versions, whole, for thirty days.

What is in the bin is no model any more: no list, search or client finds it, its name is free. Its
files stay where they are until it is purged.
"""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import Uuid, delete, select
from sqlalchemy.orm import Session, undefer

from modelyard_server.artifacts import service as artifacts
from modelyard_server.kernel import jobs, tenancy, trail
from modelyard_server.kernel.clock import utcnow
from modelyard_server.kernel.db import UtcDateTime

from . import naming
from .errors import BinItemMissing, NameTaken, NumberTaken, OriginMissing
from .models import Alias, BinItem, Check, CheckName, Model, ModelTag, ModelVersion, VersionTag

KEPT = dt.timedelta(days=30)
_NO_PART = frozenset({"workspace_id"})


def put_version(db: Session, actor: trail.Who, model: Model, version: ModelVersion) -> BinItem:
    """Take a version out of its model; the caller deletes the row."""
    return _put(db, actor, model, version.number, [_version_facts(db, version)], None)


def put_model(db: Session, actor: trail.Who, model: Model) -> BinItem:
    """Take a model with its versions, tags and aliases; the caller deletes the rows."""
    rows = db.scalars(
        select(ModelVersion)
        .options(undefer(ModelVersion.input_example), undefer(ModelVersion.reference_prediction))
        .where(ModelVersion.model_id == model.id)
        .order_by(ModelVersion.number)
    ).all()
    tags = db.scalars(select(ModelTag).where(ModelTag.model_id == model.id))
    aliases = db.scalars(select(Alias).where(Alias.model_id == model.id))
    facts = {
        "row": _facts(model),
        "tags": {tag.key: tag.value for tag in tags},
        "aliases": {alias.alias: alias.number for alias in aliases},
    }
    return _put(db, actor, model, None, [_version_facts(db, row) for row in rows], facts)


def items(db: Session) -> list[BinItem]:
    """List what is in the bin, last deleted first."""
    return list(db.scalars(select(BinItem).order_by(BinItem.deleted_at.desc(), BinItem.id)))


def restore(db: Session, actor: trail.Who, item_id: uuid.UUID) -> Model:
    """Bring a model or version back as it was; aliases of a single version stay where they moved.

    Raises:
        BinItemMissing: there is no such thing in the bin.
        OriginMissing: the version's model is not there; restore that first.
        NameTaken: another model has the name now.
        NumberTaken: the model has a version with this number.
    """
    item = _find(db, item_id)
    if item.model_facts is not None:
        model = _restore_model(db, item)
    else:
        found = db.scalar(select(Model).where(Model.id == item.model_id).with_for_update())
        if found is None:
            raise OriginMissing(f"The model {item.name} is not there; restore it first.")
        model = found
    for facts in item.versions:
        _restore_version(db, model, facts)
    _restore_aliases(db, model, (item.model_facts or {}).get("aliases", {}))
    model.updated_at = utcnow()
    _record(db, actor, "restore", item)
    db.delete(item)
    db.flush()
    return model


def purge(db: Session, actor: trail.Who, item_id: uuid.UUID) -> None:
    """Remove what is in the bin for ever, with its files.

    Raises:
        BinItemMissing: there is no such thing in the bin.
    """
    item = _find(db, item_id)
    _record(db, actor, "purge", item)
    _forget(db, item)


def purge_due(db: Session, actor: trail.Who, now: dt.datetime) -> int:
    """Remove what has lain in the bin for its time; give how many."""
    due = list(db.scalars(select(BinItem).where(BinItem.purge_after <= now)))
    for item in due:
        _record(db, actor, "purge", item)
        _forget(db, item)
    return len(due)


def _put(
    db: Session,
    actor: trail.Who,
    model: Model,
    number: int | None,
    versions: list[dict[str, Any]],
    facts: dict[str, Any] | None,
) -> BinItem:
    now = utcnow()
    item = BinItem(
        id=uuid.uuid4(),
        model_id=model.id,
        name=model.name,
        number=number,
        versions=versions,
        model_facts=facts,
        size_bytes=sum(int(version["row"].get("size_bytes") or 0) for version in versions),
        deleted_at=now,
        deleted_by_name=actor.name,
        purge_after=now + KEPT,
    )
    db.add(item)
    _forget_copies(db, item)
    return item


def _version_facts(db: Session, row: ModelVersion) -> dict[str, Any]:
    tags = db.scalars(select(VersionTag).where(VersionTag.version_id == row.id))
    return {"row": _facts(row), "tags": {tag.key: tag.value for tag in tags}}


def _facts(row: Model | ModelVersion) -> dict[str, Any]:
    return {
        column.name: _plain(getattr(row, column.name))
        for column in row.__table__.columns
        if column.name not in _NO_PART
    }


def _plain(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return value.isoformat()
    return str(value) if isinstance(value, uuid.UUID) else value


def _values(facts: dict[str, Any], table: Any) -> dict[str, Any]:
    """Read stored facts as the columns of a table; what it has no longer is left out."""
    columns = {column.name: column.type for column in table.columns}
    return {key: _typed(value, columns[key]) for key, value in facts.items() if key in columns}


def _typed(value: Any, kind: Any) -> Any:
    if isinstance(value, str) and isinstance(kind, UtcDateTime):
        return dt.datetime.fromisoformat(value)
    return uuid.UUID(value) if isinstance(value, str) and isinstance(kind, Uuid) else value


def _find(db: Session, item_id: uuid.UUID) -> BinItem:
    item = db.scalar(select(BinItem).where(BinItem.id == item_id).with_for_update())
    if item is None:
        raise BinItemMissing("There is no such thing in the bin.")
    return item


def _restore_model(db: Session, item: BinItem) -> Model:
    assert item.model_facts is not None  # noqa: S101 - the caller looked
    name = naming.model_name(item.name)
    if db.scalar(select(Model.id).where(Model.name == name)) is not None:
        raise NameTaken(f"Another model is called {name} now; rename it first.")
    model = Model(**_values(item.model_facts["row"], Model.__table__))
    db.add(model)
    db.flush()
    tags = item.model_facts["tags"].items()
    db.add_all(ModelTag(model_id=model.id, key=key, value=value) for key, value in tags)
    return model


def _restore_version(db: Session, model: Model, facts: dict[str, Any]) -> None:
    version = ModelVersion(**_values(facts["row"], ModelVersion.__table__))
    where = (ModelVersion.model_id == model.id, ModelVersion.number == version.number)
    if db.scalar(select(ModelVersion.id).where(*where)) is not None:
        raise NumberTaken(f"{model.name} has a version {version.number}.")
    db.add(version)
    db.flush()
    tags = facts["tags"].items()
    db.add_all(VersionTag(version_id=version.id, key=key, value=value) for key, value in tags)
    if version.digest is None:
        return
    for name in CheckName:
        db.add(Check(version_id=version.id, name=name, status="pending", summary="Waiting."))
    jobs.enqueue(
        db,
        "registry.check_version",
        {"version_id": str(version.id)},
        workspace_id=tenancy.workspace_of(db),
        dedupe_key=f"registry.check_version:{version.id}",
    )


def _restore_aliases(db: Session, model: Model, aliases: dict[str, int]) -> None:
    db.flush()
    for alias, number in aliases.items():
        where = (ModelVersion.model_id == model.id, ModelVersion.number == number)
        version_id = db.scalar(select(ModelVersion.id).where(*where))
        if version_id is not None:
            row = Alias(model_id=model.id, alias=alias, version_id=version_id, number=number)
            db.add(row)


def _forget(db: Session, item: BinItem) -> None:
    for facts in item.versions:
        artifacts.delete_below(db, f"versions/{facts['row']['id']}/")
    _forget_copies(db, item)
    db.execute(delete(BinItem).where(BinItem.id == item.id))
    db.expunge(item)


def _forget_copies(db: Session, item: BinItem) -> None:
    """Remove what was unpacked on this machine; a restored version is unpacked again."""
    digests = {facts["row"]["digest"] for facts in item.versions if facts["row"].get("digest")}
    if digests:
        payload = {"digests": sorted(digests)}
        workspace_id = tenancy.workspace_of(db)
        jobs.enqueue(db, "registry.forget_files", payload, workspace_id=workspace_id)


def _record(db: Session, actor: trail.Who, verb: str, item: BinItem) -> None:
    is_model = item.model_facts is not None
    trail.record(
        db,
        actor,
        f"registry.{verb}_{'model' if is_model else 'version'}",
        object_type="model" if is_model else "model_version",
        object_id=item.model_id if is_model else f"{item.model_id}/{item.number}",
        object_name=item.name if is_model else f"{item.name} v{item.number}",
        before={"deleted_at": item.deleted_at, "versions": len(item.versions)},
    )
