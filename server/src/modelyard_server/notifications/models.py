"""Tables of channels and their deliveries."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import (
    JSON,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from modelyard_server.kernel.db import Base, Owned


class Channel(Owned, Base):
    """A way to tell somebody: addresses, or the web address of another system."""

    __tablename__ = "notification_channels"
    __table_args__ = (UniqueConstraint("workspace_id", "name"),)

    name: Mapped[str] = mapped_column(String(120))
    kind: Mapped[str] = mapped_column(String(16))
    recipients: Mapped[list[str]] = mapped_column(JSON)
    """Of e-mail; empty for the others."""
    target: Mapped[str] = mapped_column(String(320))
    """What people may see of where it goes: the host of a web address, never its path."""
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Address, key and signing secret, encrypted with the root key."""
    is_enabled: Mapped[bool] = mapped_column(default=True)
    is_default: Mapped[bool] = mapped_column(default=True)
    """It gets the alerts of rules that name no channel."""
    least_severity: Mapped[str] = mapped_column(String(16))
    hourly_cap: Mapped[int]
    created_at: Mapped[dt.datetime]
    updated_at: Mapped[dt.datetime]
    created_by: Mapped[uuid.UUID | None]
    created_by_name: Mapped[str] = mapped_column(String(320))


class Delivery(Owned, Base):
    """One notice to one channel: outbox row first, log entry afterwards."""

    __tablename__ = "notification_deliveries"
    __table_args__ = (
        ForeignKeyConstraint(
            ["workspace_id", "channel_id"],
            ["notification_channels.workspace_id", "notification_channels.id"],
            ondelete="CASCADE",
        ),
        Index("ix_deliveries_newest", "workspace_id", "created_at", "id"),
        Index("ix_deliveries_channel", "workspace_id", "channel_id", "state", "delivered_at"),
    )

    channel_id: Mapped[uuid.UUID]
    event: Mapped[str] = mapped_column(String(16))
    thread: Mapped[str] = mapped_column(String(80))
    """What it is about; messages with the same thread belong together."""
    title: Mapped[str] = mapped_column(String(500))
    notice: Mapped[dict[str, Any]] = mapped_column(JSON)
    """`ports.Notice` as JSON."""
    state: Mapped[str] = mapped_column(String(16))
    attempts: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[dt.datetime | None]
    last_error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[dt.datetime]
    delivered_at: Mapped[dt.datetime | None]
