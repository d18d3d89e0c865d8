"""Finds and removes content that nothing holds, in two phases.

A first look marks it, a later one removes it when its grace is over, nothing holds it still, and
it did not arrive again meanwhile. A crash between the two, or within one, costs nothing: the next
look goes on from the marks.
"""

from __future__ import annotations

import datetime as dt
import itertools
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, TypeVar

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from modelyard_server.kernel.db import Database

from . import service
from .models import ArtifactFile, Collection, GarbageMark, UploadPart
from .ports import BlobStore, Expired, ListedBlob

T = TypeVar("T")
_BATCH = 500
_AT_ONCE = 10  # removals in one transaction: few, because others wait for it
MOST_ITEMS = 200


@dataclass(slots=True)
class Sum:
    """How many contents, and how much they hold."""

    count: int = 0
    size_bytes: int = 0

    def add(self, blob: ListedBlob) -> None:
        """Count one more."""
        self.count += 1
        self.size_bytes += blob.size_bytes


@dataclass(slots=True)
class Report:
    """What a look through the store of one workspace found."""

    stored: Sum = field(default_factory=Sum)
    due: Sum = field(default_factory=Sum)
    """Nothing holds it, and its grace is over: it goes with the next collection."""
    waiting: Sum = field(default_factory=Sum)
    """Nothing holds it, but its grace is not over."""
    expired: list[dict[str, Any]] = field(default_factory=list)
    expired_count: int = 0
    expired_bytes: int = 0
    items: list[dict[str, Any]] = field(default_factory=list)
    """The largest of `due` and `waiting`."""

    def as_json(self) -> dict[str, Any]:
        """Give it as it is stored."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Collector:
    """Works on one workspace; opens its own short transactions."""

    database: Database
    blobs: BlobStore
    workspace_id: int
    grace: dt.timedelta
    check: Callable[[], None]
    """Raises when somebody else has the work now."""

    def look(self, now: dt.datetime, *, mark: bool) -> Report:
        """List the store and sort what nothing holds; with `mark`, remember it."""
        report, found, seen = Report(), [], set[str]()
        for batch in _batched(self.blobs.every(self.workspace_id), _BATCH):
            self.check()
            with self.database.session(self.workspace_id, write=False) as db:
                held, marks = _held(db, batch), _marks(db, batch)
            seen |= marks.keys()
            for blob in batch:
                report.stored.add(blob)
            free = [blob for blob in batch if blob.sha256 not in held]
            for blob in free:
                since = _since(blob, marks) or now
                is_due = blob.sha256 in marks and since <= now - self.grace
                (report.due if is_due else report.waiting).add(blob)
                found.append((blob, since, is_due))
            found = _largest(found)
            if mark:
                self._note(free, marks, held, now)
        if mark:
            self._forget_vanished(seen, now)
        report.items = [
            {
                "sha256": blob.sha256,
                "size_bytes": blob.size_bytes,
                "arrived_at": blob.arrived_at.isoformat(),
                "is_due": is_due,
                "goes_after": (since + self.grace).isoformat(),
            }
            for blob, since, is_due in found
        ]
        return report

    def sweep(self, collection_id: uuid.UUID, now: dt.datetime) -> None:
        """Remove what was marked before its grace, a few at a time.

        In the order of digests, as registrations hold theirs: neither waits for the other's.
        """
        with self.database.session(self.workspace_id, write=False) as db:
            due = list(
                db.scalars(
                    select(GarbageMark.sha256)
                    .where(GarbageMark.marked_at <= now - self.grace)
                    .order_by(GarbageMark.sha256)
                )
            )
        for batch in _batched(due, _AT_ONCE):
            self.check()
            with self.database.session(self.workspace_id) as db:
                for sha256 in batch:
                    self._sweep_one(db, collection_id, sha256)

    def _sweep_one(self, db: Session, collection_id: uuid.UUID, sha256: str) -> None:
        is_free = service.lock_unused(db, sha256)
        row = db.scalar(select(GarbageMark).where(GarbageMark.sha256 == sha256))
        if row is None:
            return
        gone = is_free and self.blobs.delete_unless_newer(self.workspace_id, sha256, row.marked_at)
        db.execute(delete(GarbageMark).where(GarbageMark.id == row.id))
        if gone:
            db.execute(
                update(Collection)
                .where(Collection.id == collection_id)
                .values(
                    removed_count=Collection.removed_count + 1,
                    removed_bytes=Collection.removed_bytes + row.size_bytes,
                )
            )

    def _note(
        self,
        free: Sequence[ListedBlob],
        marks: dict[str, dt.datetime],
        held: set[str],
        now: dt.datetime,
    ) -> None:
        """Mark what nothing holds; take the marks off what is held, or arrived again."""
        fresh = [blob for blob in free if _since(blob, marks) is None]
        stale = {sha256 for sha256 in marks if sha256 in held}
        stale |= {blob.sha256 for blob in fresh if blob.sha256 in marks}
        if not fresh and not stale:
            return
        with self.database.session(self.workspace_id) as db:
            if stale:
                db.execute(delete(GarbageMark).where(GarbageMark.sha256.in_(stale)))
            there = _marks(db, fresh)
            db.add_all(
                GarbageMark(sha256=blob.sha256, size_bytes=blob.size_bytes, marked_at=now)
                for blob in fresh
                if blob.sha256 not in there
            )

    def _forget_vanished(self, seen: set[str], now: dt.datetime) -> None:
        """Take the marks off content that is not in the store any more."""
        with self.database.session(self.workspace_id, write=False) as db:
            old = select(GarbageMark.sha256).where(GarbageMark.marked_at < now)
            vanished = sorted(set(db.scalars(old)) - seen)
        for batch in _batched(vanished, _BATCH):
            with self.database.session(self.workspace_id) as db:
                db.execute(delete(GarbageMark).where(GarbageMark.sha256.in_(batch)))


def expired_as_json(report: Report, found: Sequence[Expired]) -> None:
    """Put into a report what the bins let go of."""
    report.expired_count = len(found)
    report.expired_bytes = sum(one.size_bytes for one in found)
    report.expired = [asdict(one) for one in found[:MOST_ITEMS]]


def _since(blob: ListedBlob, marks: dict[str, dt.datetime]) -> dt.datetime | None:
    """Give when content was marked, unless it arrived again since."""
    marked_at = marks.get(blob.sha256)
    return None if marked_at is None or blob.arrived_at > marked_at else marked_at


def _largest(
    found: list[tuple[ListedBlob, dt.datetime, bool]],
) -> list[tuple[ListedBlob, dt.datetime, bool]]:
    return sorted(found, key=lambda one: (-one[0].size_bytes, one[0].sha256))[:MOST_ITEMS]


def _held(db: Session, batch: Sequence[ListedBlob]) -> set[str]:
    digests = [blob.sha256 for blob in batch]
    return {
        sha256
        for row in (ArtifactFile, UploadPart)
        for sha256 in db.scalars(select(row.sha256).where(row.sha256.in_(digests)).distinct())
    }


def _marks(db: Session, batch: Sequence[ListedBlob]) -> dict[str, dt.datetime]:
    digests = [blob.sha256 for blob in batch]
    rows = db.execute(
        select(GarbageMark.sha256, GarbageMark.marked_at).where(GarbageMark.sha256.in_(digests))
    )
    return {row.sha256: row.marked_at for row in rows}


def _batched(items: Iterable[T], size: int) -> Iterable[list[T]]:
    remaining = iter(items)
    while batch := list(itertools.islice(remaining, size)):
        yield batch
