"""Which path of a workspace holds which content."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import (
    BigInteger,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
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
