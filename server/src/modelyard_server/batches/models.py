"""Tables of batch scoring."""

from __future__ import annotations

import datetime as dt
import uuid
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from modelyard_server.kernel.db import Base, Owned


class Format(StrEnum):
    """What an input file may be."""

    csv = "csv"
    jsonl = "jsonl"
    parquet = "parquet"


class BatchStatus(StrEnum):
    waiting = "waiting"
    running = "running"
    finished = "finished"
    failed = "failed"
    cancelled = "cancelled"


OPEN = (BatchStatus.waiting, BatchStatus.running)


class Batch(Owned, Base):
    """One file, from its arrival to the last row."""

    __tablename__ = "batches"
    __table_args__ = (
        Index("ix_batches_newest", "workspace_id", "deployment_id", "created_at"),
        Index("ix_batches_status", "workspace_id", "status"),
    )

    deployment_id: Mapped[uuid.UUID]
    deployment_name: Mapped[str] = mapped_column(String(300))
    version: Mapped[int | None]
    """The version that was asked for; `None`: whatever the deployment's traffic plan chooses."""
    file_name: Mapped[str] = mapped_column(String(255))
    format: Mapped[Format] = mapped_column(String(8))
    sha256: Mapped[str] = mapped_column(String(64))
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    status: Mapped[BatchStatus] = mapped_column(String(16), default=BatchStatus.waiting)
    parts: Mapped[int] = mapped_column(default=0)
    """Parts committed; the number of the next one. Whoever commits a part must know it."""
    position: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """Where the next part begins, in the reader's words. Replaced whole."""
    columns: Mapped[list[str]] = mapped_column(JSON, default=list)
    """Input columns in the file's order, once known."""
    outputs: Mapped[list[str]] = mapped_column(JSON, default=list)
    """Names within a prediction that is an object; empty for plain ones."""
    rows_done: Mapped[int] = mapped_column(BigInteger, default=0)
    """Rows with a prediction."""
    rows_failed: Mapped[int] = mapped_column(BigInteger, default=0)
    progress: Mapped[float] = mapped_column(default=0.0)
    """Share of the file that was read, 0 to 1."""
    error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[dt.datetime]
    started_at: Mapped[dt.datetime | None]
    ended_at: Mapped[dt.datetime | None]
    created_by: Mapped[uuid.UUID | None]
    created_by_name: Mapped[str] = mapped_column(String(320))

    @property
    def folder(self) -> str:
        """Where its files are."""
        return f"batches/{self.id.hex}/"
