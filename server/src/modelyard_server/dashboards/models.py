"""Table of dashboards."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import JSON, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from modelyard_server.kernel.db import Base, Owned


class Dashboard(Owned, Base):
    """Panels under a name, for everybody in the workspace."""

    __tablename__ = "dashboards"
    __table_args__ = (UniqueConstraint("workspace_id", "name"),)

    name: Mapped[str] = mapped_column(String(100))
    window: Mapped[str] = mapped_column(String(8))
    """Of panels that choose none."""
    panels: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    """`schemas.Panel`, in the order they are shown."""
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[dt.datetime]
    created_by_name: Mapped[str] = mapped_column(String(320))
    updated_at: Mapped[dt.datetime]
    updated_by_name: Mapped[str] = mapped_column(String(320))
