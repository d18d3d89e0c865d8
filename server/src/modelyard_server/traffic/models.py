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


class OAuthClient(Owned, Base):
    """A program that gets access tokens for a workspace's endpoints. Its secrets are nowhere.

    Revoked ones stay: records name them.
    """

    __tablename__ = "oauth_clients"
    __table_args__ = (
        UniqueConstraint("workspace_id", "client_id"),
        Index("ix_oauth_clients_created", "workspace_id", "created_at", "id"),
    )

    name: Mapped[str] = mapped_column(String(120))
    client_id: Mapped[str] = mapped_column(String(48))
    secret_sha256: Mapped[str] = mapped_column(String(64))
    secret_number: Mapped[int]
    """Counts its secrets; access tokens say by which of them they were got."""
    old_secret_sha256: Mapped[str | None] = mapped_column(String(64))
    old_secret_until: Mapped[dt.datetime | None]
    scopes: Mapped[list[str]] = mapped_column(JSON)
    environments: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    """Those it may call; `None`: all of them."""
    requests_per_minute: Mapped[int | None]
    created_at: Mapped[dt.datetime]
    created_by: Mapped[uuid.UUID | None]
    created_by_name: Mapped[str] = mapped_column(String(320))
    last_used_at: Mapped[dt.datetime | None]
    token_noted_at: Mapped[dt.datetime | None]
    """When the audit trail last noted that it got a token."""
    revoked_at: Mapped[dt.datetime | None]


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
