"""Table of installed samples."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import JSON, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from modelyard_server.kernel.db import Base, Owned


class InstalledSample(Owned, Base):
    """A sample project in a workspace. What it made is named here as soon as it exists."""

    __tablename__ = "sample_installs"
    __table_args__ = (UniqueConstraint("workspace_id", "key"),)

    key: Mapped[str] = mapped_column(String(40))
    status: Mapped[str] = mapped_column(String(16))  # installing | ready | failed | removing
    steps: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    """In order: key, title, status, detail, seconds. Replaced whole, never changed in place."""
    error: Mapped[str | None] = mapped_column(Text)
    experiment_id: Mapped[str | None] = mapped_column(String(40))
    run_id: Mapped[str | None] = mapped_column(String(40))
    model_id: Mapped[uuid.UUID | None]
    deployment_id: Mapped[uuid.UUID | None]
    installed_by: Mapped[uuid.UUID]
    started_at: Mapped[dt.datetime]
