"""Imports from their start to their end, and the ledger of what they brought."""

from __future__ import annotations

import uuid

from sqlalchemy import select
from sqlalchemy.orm import Session

from modelyard_server.kernel import trail
from modelyard_server.kernel.clock import utcnow
from modelyard_server.tracking import restoring

from .errors import ImportEnded, ImportMissing, ItemMissing
from .models import Import, ImportedItem, ImportKind, ImportStatus, ItemKind


def start(
    db: Session, actor: trail.Who, kind: ImportKind, source: str, planned: dict[str, int]
) -> Import:
    """Open an import. What earlier ones brought is known and not written again."""
    now = utcnow()
    row = Import(
        kind=kind,
        source=source,
        status=ImportStatus.running,
        planned=planned,
        done={},
        unchanged={},
        started_at=now,
        heard_at=now,
        started_by=actor.id,
        started_by_name=actor.name,
    )
    db.add(row)
    db.flush()
    _record(db, actor, "start", row, {"kind": kind, "source": source, "planned": planned})
    return row


def get(db: Session, import_id: uuid.UUID) -> Import:
    """Give an import.

    Raises:
        ImportMissing: there is none.
    """
    row = db.scalars(select(Import).where(Import.id == import_id)).one_or_none()
    if row is None:
        raise ImportMissing("There is no such import.")
    return row


def newest(db: Session, limit: int) -> list[Import]:
    """Give the newest imports."""
    return list(db.scalars(select(Import).order_by(Import.started_at.desc()).limit(limit)))


def open_import(db: Session, import_id: uuid.UUID) -> Import:
    """Give an import that takes items.

    Raises:
        ImportMissing: there is none.
        ImportEnded: it has ended.
    """
    row = get(db, import_id)
    if row.status != ImportStatus.running:
        raise ImportEnded(f"This import has {row.status}. Start another; it goes on from here.")
    row.heard_at = utcnow()
    return row


def finish(db: Session, actor: trail.Who, import_id: uuid.UUID, error: str | None) -> Import:
    """End an import.

    Raises:
        ImportMissing: there is none.
        ImportEnded: it has ended.
    """
    row = open_import(db, import_id)
    row.status = ImportStatus.failed if error else ImportStatus.finished
    row.error, row.ended_at = error, row.heard_at
    _record(db, actor, row.status.value, row, {"done": row.done, "unchanged": row.unchanged})
    return row


def is_unchanged(
    db: Session, row: Import, kind: ItemKind, source_id: str, fingerprint: str
) -> str | None:
    """Give the local id of an item that is here as the source has it, and count it."""
    item = _item(db, row.kind, kind, source_id)
    if item is None or not fingerprint or item.fingerprint != fingerprint:
        return None
    if kind is ItemKind.run and not restoring.run_exists(db, item.local_id):
        return None  # it was removed here since
    row.unchanged = _one_more(row.unchanged, kind)
    return item.local_id


def note(db: Session, row: Import, kind: ItemKind, source_id: str, local_id: str) -> None:
    """Remember what an item is called here; it is not complete yet."""
    item = _item(db, row.kind, kind, source_id)
    if item is None:
        item = ImportedItem(tool=row.kind, kind=kind, source_id=source_id)
        db.add(item)
    item.import_id, item.local_id, item.fingerprint = row.id, local_id, ""
    db.flush()


def complete(
    db: Session,
    row: Import,
    kind: ItemKind,
    source_id: str,
    fingerprint: str,
    *,
    is_deleted: bool = False,
) -> None:
    """Close an item: all it has was written.

    Raises:
        ItemMissing: it was never sent.
    """
    item = _item(db, row.kind, kind, source_id)
    if item is None:
        raise ItemMissing(f"No {kind.value} with this id was sent.")
    if is_deleted and kind is ItemKind.run:
        restoring.hide_run(db, item.local_id)
    if is_deleted and kind is ItemKind.experiment:
        restoring.hide_experiment(db, item.local_id)
    item.fingerprint = fingerprint
    row.done = _one_more(row.done, kind)


def _item(db: Session, tool: ImportKind, kind: ItemKind, source_id: str) -> ImportedItem | None:
    return db.scalars(
        select(ImportedItem).where(
            ImportedItem.tool == tool,
            ImportedItem.kind == kind,
            ImportedItem.source_id == source_id,
        )
    ).one_or_none()


def _one_more(counts: dict[str, int], kind: ItemKind) -> dict[str, int]:
    return {**counts, kind.value: counts.get(kind.value, 0) + 1}


def _record(
    db: Session, actor: trail.Who, verb: str, row: Import, after: dict[str, object]
) -> None:
    trail.record(
        db,
        actor,
        f"imports.{verb}",
        object_type="import",
        object_id=row.id,
        object_name=row.source,
        after=after,
    )
