"""Tables of organisations, workspaces and members. Platform tables: they define the tenants."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import BigInteger, ForeignKey, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from modelyard_server.kernel.db import Base


class Organisation(Base):
    """The customer: owns workspaces."""

    __tablename__ = "organisations"

    id: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True
    )
    name: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[dt.datetime]


class Workspace(Base):
    """An isolated team or project: the tenant."""

    __tablename__ = "workspaces"

    id: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True
    )
    organisation_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("organisations.id"))
    slug: Mapped[str] = mapped_column(String(63), unique=True)
    """2 to 63 of `a-z 0-9 -`; part of every address."""
    name: Mapped[str] = mapped_column(String(200))
    description: Mapped[str] = mapped_column(Text, default="", server_default="")
    created_at: Mapped[dt.datetime]
    deleted_at: Mapped[dt.datetime | None]
    """The row stays, without members and slug, so that its number is never another's."""


class Membership(Base):
    """A person's role in a workspace."""

    __tablename__ = "memberships"

    member_workspace_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("workspaces.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    role: Mapped[str] = mapped_column(String(16))
    joined_at: Mapped[dt.datetime]


class Invitation(Base):
    """A link that lets somebody join a workspace."""

    __tablename__ = "invitations"
    __table_args__ = (UniqueConstraint("secret_sha256"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    invited_workspace_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("workspaces.id", ondelete="CASCADE"), index=True
    )
    email: Mapped[str] = mapped_column(String(320))
    role: Mapped[str] = mapped_column(String(16))
    secret_sha256: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime]
    invited_by: Mapped[uuid.UUID]
    accepted_at: Mapped[dt.datetime | None]
