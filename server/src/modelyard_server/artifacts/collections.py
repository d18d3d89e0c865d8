"""Collections of garbage: begin one, follow it, and what the store holds in figures."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import case, func, literal, select, update
from sqlalchemy.orm import Session

from modelyard_server.kernel import jobs, tenancy, trail
from modelyard_server.kernel.clock import utcnow
from modelyard_server.workspaces.access import System

from .collecting import Report
from .errors import CollectionMissing, CollectionRunning
from .models import ArtifactFile, Collection, CollectionState, GarbageMark, UploadPart

COLLECT = "artifacts.collect_garbage"
EVERY = dt.timedelta(hours=24)
_OPEN = (CollectionState.waiting, CollectionState.running)
_KINDS = {"runs/": "run", "models/": "logged_model", "versions/": "version"}
"""What the first part of a path says about whose files they are."""


@dataclass(frozen=True, slots=True)
class Share:
    """What one kind of thing keeps, each file counted by itself."""

    kind: str
    files: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Figures:
    """What a workspace keeps."""

    shares: list[Share]
    contents: int
    stored_bytes: int
    """Each content counted once, however many files have it."""
    garbage: int
    garbage_bytes: int
    """What the last look found that nothing holds."""


def begin(
    db: Session, actor: trail.Who, *, is_dry_run: bool, is_scheduled: bool = False
) -> Collection:
    """Have the store looked through soon.

    Raises:
        CollectionRunning: one is under way.
    """
    workspace_id = tenancy.workspace_of(db)
    if db.scalar(select(Collection.id).where(Collection.state.in_(_OPEN)).limit(1)) is not None:
        raise CollectionRunning("A collection is under way; wait until it is done.")
    row = Collection(
        id=uuid.uuid4(),
        is_dry_run=is_dry_run,
        is_scheduled=is_scheduled,
        state=CollectionState.waiting,
        started_by_name=actor.name,
        created_at=utcnow(),
        removed_count=0,
        removed_bytes=0,
        expired_count=0,
    )
    db.add(row)
    jobs.enqueue(
        db,
        COLLECT,
        {"collection_id": str(row.id)},
        workspace_id=workspace_id,
        dedupe_key=f"{COLLECT}:{row.id}",
    )
    if not is_scheduled:
        _record(db, actor, "begin_collection", row, {"is_dry_run": is_dry_run})
    return row


def begin_due(db: Session, actor: trail.Who, now: dt.datetime) -> bool:
    """Begin the day's collection unless there was one, or one is under way."""
    recent = select(Collection.id).where(
        ~Collection.is_dry_run,
        (Collection.created_at > now - EVERY) | Collection.state.in_(_OPEN),
    )
    if db.scalar(recent.limit(1)) is not None:
        return False
    try:
        begin(db, actor, is_dry_run=False, is_scheduled=True)
    except CollectionRunning:  # a dry run
        return False
    return True


def get(db: Session, collection_id: uuid.UUID) -> Collection:
    """Give a collection.

    Raises:
        CollectionMissing: there is none with this id.
    """
    row = db.scalar(select(Collection).where(Collection.id == collection_id))
    if row is None:
        raise CollectionMissing("There is no such collection.")
    return row


def newest(db: Session, most: int) -> list[Collection]:
    """List collections, newest first."""
    rows = select(Collection).order_by(Collection.created_at.desc(), Collection.id).limit(most)
    return list(db.scalars(rows))


def count_expired(db: Session, collection_id: uuid.UUID, count: int) -> None:
    """Add what the bins let go of."""
    db.execute(
        update(Collection)
        .where(Collection.id == collection_id)
        .values(expired_count=Collection.expired_count + count)
    )


def finish(
    db: Session, collection_id: uuid.UUID, report: Report | None, *, error: str | None = None
) -> None:
    """End a collection; one that removed something leaves an entry in the trail."""
    row = get(db, collection_id)
    row.state = CollectionState.failed if error else CollectionState.done
    row.error, row.finished_at = error, utcnow()
    row.report = report.as_json() if report is not None else None
    if row.removed_count:
        facts = {"removed": row.removed_count, "removed_bytes": row.removed_bytes}
        _record(db, System(tenancy.workspace_of(db)), "collect", row, facts)


def figures(db: Session) -> Figures:
    """Measure what the workspace keeps."""
    kind = case(
        *((ArtifactFile.path.startswith(start), literal(word)) for start, word in _KINDS.items()),
        else_=literal("other"),
    )
    rows = db.execute(
        select(kind, func.count(), func.coalesce(func.sum(ArtifactFile.size_bytes), 0)).group_by(
            kind
        )
    ).all()
    shares = [Share(str(word), int(files), int(size)) for word, files, size in rows]
    parts = _counted(db, UploadPart)
    if parts[0]:
        shares.append(Share("upload", *parts))
    each = (
        select(ArtifactFile.sha256, func.max(ArtifactFile.size_bytes).label("size_bytes"))
        .group_by(ArtifactFile.sha256)
        .subquery()
    )
    contents, stored = db.execute(
        select(func.count(), func.coalesce(func.sum(each.c.size_bytes), 0)).select_from(each)
    ).one()
    garbage, garbage_bytes = _counted(db, GarbageMark)
    shares.sort(key=lambda share: (-share.size_bytes, share.kind))
    return Figures(shares, int(contents), int(stored), garbage, garbage_bytes)


def _counted(db: Session, table: type[UploadPart | GarbageMark]) -> tuple[int, int]:
    count, size = db.execute(
        select(func.count(table.id), func.coalesce(func.sum(table.size_bytes), 0))
    ).one()
    return int(count), int(size)


def _record(
    db: Session, actor: trail.Who, verb: str, row: Collection, facts: dict[str, Any]
) -> None:
    trail.record(
        db,
        actor,
        f"artifacts.{verb}",
        object_type="storage",
        object_id=row.id,
        object_name="Storage",
        after=facts,
    )
