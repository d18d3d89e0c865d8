"""Tables of collaboration."""

from __future__ import annotations

import datetime as dt
import uuid
from enum import StrEnum

from sqlalchemy import ForeignKeyConstraint, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from modelyard_server.kernel.db import Base, Owned


class Reason(StrEnum):
    """Why something is in somebody's inbox."""

    mention = "mention"
    reply = "reply"
    comment = "comment"
    """On something of theirs."""


class Comment(Owned, Base):
    """Something said about a resource; the first of a thread, or a reply to it."""

    __tablename__ = "comments"
    __table_args__ = (
        Index("ix_comments_resource", "workspace_id", "resource_type", "resource_id", "created_at"),
        Index("ix_comments_thread", "workspace_id", "thread_id", "created_at"),
    )

    resource_type: Mapped[str] = mapped_column(String(40))
    """As in the audit trail: `run`, `model`, `model_version`."""
    resource_id: Mapped[str] = mapped_column(String(80))
    thread_id: Mapped[uuid.UUID]
    """The thread's first comment; that one names itself."""
    body: Mapped[str] = mapped_column(Text)
    """Markdown. Empty once it is deleted."""
    author_id: Mapped[uuid.UUID | None]
    author_name: Mapped[str] = mapped_column(String(320))
    created_at: Mapped[dt.datetime]
    edited_at: Mapped[dt.datetime | None]
    deleted_at: Mapped[dt.datetime | None]
    deleted_by_name: Mapped[str | None] = mapped_column(String(320))
    resolved_at: Mapped[dt.datetime | None]
    """Set on the first comment: nothing is open in the thread."""
    resolved_by_name: Mapped[str | None] = mapped_column(String(320))

    @property
    def starts_thread(self) -> bool:
        """It is not a reply."""
        return self.thread_id == self.id


class InboxItem(Owned, Base):
    """One thing one person should see."""

    __tablename__ = "inbox_items"
    __table_args__ = (
        ForeignKeyConstraint(
            ["workspace_id", "comment_id"],
            ["comments.workspace_id", "comments.id"],
            ondelete="CASCADE",
        ),
        Index("ix_inbox_items_person", "workspace_id", "user_id", "created_at", "id"),
        Index("ix_inbox_items_comment", "workspace_id", "comment_id"),
    )

    user_id: Mapped[uuid.UUID]
    reason: Mapped[str] = mapped_column(String(16))
    comment_id: Mapped[uuid.UUID | None]
    resource_type: Mapped[str] = mapped_column(String(40))
    resource_id: Mapped[str] = mapped_column(String(80))
    resource_name: Mapped[str] = mapped_column(String(512))
    path: Mapped[str] = mapped_column(String(512))
    """Address in the web application, without the workspace: `/runs/…`."""
    actor_name: Mapped[str] = mapped_column(String(320))
    excerpt: Mapped[str] = mapped_column(String(300))
    created_at: Mapped[dt.datetime]
    read_at: Mapped[dt.datetime | None]
