"""Which path of a workspace holds which content."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from modelyard_server.kernel.db import Base, Owned

PATH = String(1024).with_variant(String(1024, collation="C"), "postgresql")
"""Compared byte by byte on both databases, so that a folder is a range of the index."""


class ArtifactFile(Owned, Base):
    """One file of a run (`runs/<run id>/…`) or of a logged model (`models/<model id>/…`)."""

    __tablename__ = "artifact_files"
    __table_args__ = (
        UniqueConstraint("workspace_id", "path"),
        Index("ix_artifact_files_content", "workspace_id", "sha256"),
    )

    path: Mapped[str] = mapped_column(PATH)
    sha256: Mapped[str] = mapped_column(String(64))
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[dt.datetime]


class Upload(Owned, Base):
    """A large file on its way in, in parts that may come in any order and again."""

    __tablename__ = "uploads"
    __table_args__ = (Index("ix_uploads_path", "workspace_id", "path"),)

    path: Mapped[str] = mapped_column(PATH)
    size_bytes: Mapped[int | None] = mapped_column(BigInteger)
    """As announced; MLflow's clients announce none."""
    sha256: Mapped[str | None] = mapped_column(String(64))
    """What the whole must have, if the client said."""
    created_at: Mapped[dt.datetime]
    changed_at: Mapped[dt.datetime]


class UploadPart(Owned, Base):
    """A part that is stored whole, as a blob like any other."""

    __tablename__ = "upload_parts"
    __table_args__ = (
        ForeignKeyConstraint(
            ["workspace_id", "id"], ["uploads.workspace_id", "uploads.id"], ondelete="CASCADE"
        ),
        Index("ix_upload_parts_content", "workspace_id", "sha256"),
    )

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    """From 1; `id` is the upload's."""
    sha256: Mapped[str] = mapped_column(String(64))
    size_bytes: Mapped[int] = mapped_column(BigInteger)


class CollectionState(StrEnum):
    waiting = "waiting"
    running = "running"
    done = "done"
    failed = "failed"


class GarbageMark(Owned, Base):
    """Content that no path held when the store was listed; removed when its grace is over."""

    __tablename__ = "garbage_marks"
    __table_args__ = (
        UniqueConstraint("workspace_id", "sha256"),
        Index("ix_garbage_marks_due", "workspace_id", "marked_at"),
    )

    sha256: Mapped[str] = mapped_column(String(64))
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    marked_at: Mapped[dt.datetime]


class Collection(Owned, Base):
    """One look through the store of a workspace for content that nothing holds."""

    __tablename__ = "garbage_collections"
    __table_args__ = (Index("ix_garbage_collections_recent", "workspace_id", "created_at"),)

    is_dry_run: Mapped[bool]
    is_scheduled: Mapped[bool]
    state: Mapped[CollectionState] = mapped_column(String(8), default=CollectionState.waiting)
    started_by_name: Mapped[str] = mapped_column(String(320))
    created_at: Mapped[dt.datetime]
    finished_at: Mapped[dt.datetime | None]
    error: Mapped[str | None] = mapped_column(Text)
    removed_count: Mapped[int] = mapped_column(BigInteger, default=0)
    """Raised in the transaction that forgets each mark."""
    removed_bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    expired_count: Mapped[int] = mapped_column(BigInteger, default=0)
    """Deleted runs, models and versions whose time in the bin was over."""
    report: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """`collecting.Report` as JSON."""
