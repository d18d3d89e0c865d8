"""Tables of availability: they are the installation's, not a workspace's."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from modelyard_server.kernel.db import Base


class WatchedComponent(Base):
    """A part of the installation that is asked again and again."""

    __tablename__ = "watched_components"

    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    since: Mapped[dt.datetime]
    """When it was asked first."""
    asked_at: Mapped[dt.datetime]
    """When it was asked last: a long gap means that nobody was there to ask."""


class Outage(Base):
    """A time in which a component did not do its work."""

    __tablename__ = "outages"
    __table_args__ = (Index("ix_outages_component", "component", "began_at"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    component: Mapped[str] = mapped_column(String(20))
    began_at: Mapped[dt.datetime]
    ended_at: Mapped[dt.datetime | None]
    reason: Mapped[str] = mapped_column(String(300))
