"""Table of limits that administrators set."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from modelyard_server.kernel.db import Base, Owned


class RateLimit(Owned, Base):
    """What one, or everybody, of a workspace may do instead of the default."""

    __tablename__ = "rate_limits"
    __table_args__ = (UniqueConstraint("workspace_id", "route_class", "subject", "subject_id"),)

    route_class: Mapped[str] = mapped_column(String(20))
    subject: Mapped[str] = mapped_column(String(20))
    subject_id: Mapped[str] = mapped_column(String(40), default="")
    """A person's or token's id; empty: everybody."""
    per_minute: Mapped[int]
    burst: Mapped[int]
    updated_at: Mapped[dt.datetime]
    updated_by_name: Mapped[str] = mapped_column(String(320))
