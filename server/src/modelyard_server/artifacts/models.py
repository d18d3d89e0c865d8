"""Which path of a workspace holds which content."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import BigInteger, Index, String, UniqueConstraint
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
