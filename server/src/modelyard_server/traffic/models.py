"""Tables of traffic."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import JSON, ForeignKeyConstraint, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from modelyard_server.kernel.db import Base, Owned


class EndpointKey(Owned, Base):
    """A key that opens one deployment's address. The secret itself is nowhere."""

    __tablename__ = "endpoint_keys"
    __table_args__ = (
        ForeignKeyConstraint(
            ["workspace_id", "deployment_id"],
            ["deployments.workspace_id", "deployments.id"],
            ondelete="CASCADE",
        ),
        UniqueConstraint("workspace_id", "public_id"),
        Index("ix_endpoint_keys_deployment", "workspace_id", "deployment_id"),
    )

    deployment_id: Mapped[uuid.UUID]
    name: Mapped[str] = mapped_column(String(120))
    public_id: Mapped[str] = mapped_column(String(16))
    secret_sha256: Mapped[str] = mapped_column(String(64))
    scopes: Mapped[list[str]] = mapped_column(JSON)
    requests_per_minute: Mapped[int | None]
    requests_per_month: Mapped[int | None]
    """Quota; months are those of UTC."""
    tokens_per_month: Mapped[int | None]
    """Quota of what a language model reads and writes for it."""
    created_at: Mapped[dt.datetime]
    created_by: Mapped[uuid.UUID | None]
    created_by_name: Mapped[str] = mapped_column(String(320))
    expires_at: Mapped[dt.datetime | None]
    last_used_at: Mapped[dt.datetime | None]
    replaced_by: Mapped[str | None] = mapped_column(String(16))
    """Public id of the key that was made in its place; it may be revoked meanwhile."""


class TokenCount(Owned, Base):
    """Tokens that one version read and wrote for one key in one stretch of time."""

    __tablename__ = "token_counts"
    __table_args__ = (
        ForeignKeyConstraint(
            ["workspace_id", "deployment_id"],
            ["deployments.workspace_id", "deployments.id"],
            ondelete="CASCADE",
        ),
        UniqueConstraint(
            "workspace_id",
            "deployment_id",
            "version",
            "key_id",
            "resolution",
            "at",
            name="uq_token_counts_place",
        ),
    )

    deployment_id: Mapped[uuid.UUID]
    version: Mapped[int]
    key_id: Mapped[str] = mapped_column(String(40))
    """Of a key that may be revoked meanwhile."""
    resolution: Mapped[int]
    """Seconds of the stretch; 0: since the first call."""
    at: Mapped[dt.datetime]
    calls: Mapped[int]
    prompt: Mapped[int]
    completion: Mapped[int]
