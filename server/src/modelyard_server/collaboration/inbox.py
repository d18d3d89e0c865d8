"""What each person should see, and what they have seen."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Iterable

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from modelyard_server.kernel.clock import utcnow
from modelyard_server.workspaces.access import Actor

from .errors import ItemMissing
from .models import Comment, InboxItem, Reason
from .ports import Resource

_EXCERPT = 200
Position = tuple[dt.datetime, uuid.UUID]


def deliver(
    db: Session, reason: Reason, receivers: Iterable[uuid.UUID], comment: Comment, about: Resource
) -> None:
    """Put a comment into inboxes; once for each person."""
    for user_id in receivers:
        db.add(
            InboxItem(
                user_id=user_id,
                reason=reason,
                comment_id=comment.id,
                resource_type=comment.resource_type,
                resource_id=comment.resource_id,
                resource_name=about.name[:512],
                path=about.path,
                actor_name=comment.author_name,
                excerpt=excerpt(comment.body),
                created_at=utcnow(),
            )
        )


def items(
    db: Session, actor: Actor, *, unread_only: bool, after: Position | None, limit: int
) -> list[InboxItem]:
    """List the actor's items, newest first."""
    query = select(InboxItem).where(InboxItem.user_id == actor.id)
    if unread_only:
        query = query.where(InboxItem.read_at.is_(None))
    if after is not None:
        at, item_id = after
        query = query.where(
            or_(InboxItem.created_at < at, (InboxItem.created_at == at) & (InboxItem.id < item_id))
        )
    ordered = query.order_by(InboxItem.created_at.desc(), InboxItem.id.desc())
    return list(db.scalars(ordered.limit(limit)))


def unread(db: Session, actor: Actor) -> int:
    """Count what the actor has not seen."""
    where = (InboxItem.user_id == actor.id, InboxItem.read_at.is_(None))
    return db.scalar(select(func.count(InboxItem.id)).where(*where)) or 0


def mark(db: Session, actor: Actor, item_id: uuid.UUID, *, is_read: bool) -> InboxItem:
    """Say that the actor has seen an item, or wants to see it again.

    Raises:
        ItemMissing: they have no such item.
    """
    where = (InboxItem.id == item_id, InboxItem.user_id == actor.id)
    row = db.scalar(select(InboxItem).where(*where))
    if row is None:
        raise ItemMissing("There is no such item in your inbox.")
    row.read_at = (row.read_at or utcnow()) if is_read else None
    return row


def mark_all(db: Session, actor: Actor) -> None:
    """Say that the actor has seen everything."""
    where = (InboxItem.user_id == actor.id, InboxItem.read_at.is_(None))
    db.execute(update(InboxItem).where(*where).values(read_at=utcnow()))


def withdraw(db: Session, comment_id: uuid.UUID) -> None:
    """Take a deleted comment out of every inbox."""
    db.execute(delete(InboxItem).where(InboxItem.comment_id == comment_id))


def excerpt(body: str) -> str:
    """Give the beginning of a text as one line."""
    line = re.sub(r"\s+", " ", body).strip()
    return line if len(line) <= _EXCERPT else f"{line[: _EXCERPT - 1]}…"
