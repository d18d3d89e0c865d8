"""Tables of imports."""

from __future__ import annotations

import datetime as dt
import uuid
from enum import StrEnum

from sqlalchemy import JSON, ForeignKeyConstraint, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from modelyard_server.kernel.db import Base, Owned


class ImportKind(StrEnum):
    """Tools whose histories can be read."""

    mlflow = "mlflow"
    wandb = "wandb"
    neptune = "neptune"


class ImportStatus(StrEnum):
    running = "running"
    finished = "finished"
    failed = "failed"


class ItemKind(StrEnum):
    """What an import brings."""

    experiment = "experiment"
    run = "run"
    logged_model = "logged_model"
    model = "model"
    version = "version"


class Import(Owned, Base):
    """One import, from its plan to its end."""

    __tablename__ = "imports"
    __table_args__ = (Index("ix_imports_started", "workspace_id", "started_at"),)

    kind: Mapped[ImportKind] = mapped_column(String(16))
    source: Mapped[str] = mapped_column(String(500))
    """Where it is read from, as the person who started it named it; never connected to."""
    status: Mapped[ImportStatus] = mapped_column(String(16), default=ImportStatus.running)
    planned: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)
    """How many there are at the source, by `ItemKind`. Replaced whole, never changed in place."""
    done: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)
    """How many were written, likewise."""
    unchanged: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)
    """How many were here already, likewise."""
    error: Mapped[str | None] = mapped_column(Text)
    started_at: Mapped[dt.datetime]
    heard_at: Mapped[dt.datetime]
    """When the client last sent something."""
    ended_at: Mapped[dt.datetime | None]
    started_by: Mapped[uuid.UUID | None]
    started_by_name: Mapped[str] = mapped_column(String(320))


class ImportedItem(Owned, Base):
    """What became of one thing of the source; outlives the import, so that it can be repeated."""

    __tablename__ = "imported_items"
    __table_args__ = (
        ForeignKeyConstraint(
            ["workspace_id", "import_id"],
            ["imports.workspace_id", "imports.id"],
            ondelete="CASCADE",
        ),
        UniqueConstraint("workspace_id", "tool", "kind", "source_id"),
    )

    import_id: Mapped[uuid.UUID]
    tool: Mapped[ImportKind] = mapped_column(String(16))
    kind: Mapped[ItemKind] = mapped_column(String(16))
    source_id: Mapped[str] = mapped_column(String(500))
    local_id: Mapped[str] = mapped_column(String(300))
    fingerprint: Mapped[str] = mapped_column(String(64), default="")
    """Digest of what the source had when the item was complete; empty before that."""
