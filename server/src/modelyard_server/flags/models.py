"""Tables of flags. Platform tables: a rule holds for the installation, or for one organisation."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import BigInteger, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from modelyard_server.kernel.db import Base


class FlagRule(Base):
    """What holds for everybody without a rule of their own. No row: the flag's default."""

    __tablename__ = "flag_rules"

    key: Mapped[str] = mapped_column(String(80), primary_key=True)
    default_on: Mapped[bool]
    is_killed: Mapped[bool] = mapped_column(default=False)
    percentage: Mapped[int] = mapped_column(default=0)
    """Share of people for whom it is on although its default is off."""
    starts_at: Mapped[dt.datetime | None]
    ends_at: Mapped[dt.datetime | None]
    updated_at: Mapped[dt.datetime]
    updated_by_name: Mapped[str] = mapped_column(String(320))


class FlagOverride(Base):
    """A decision for one organisation, or for one person of it."""

    __tablename__ = "flag_overrides"
    __table_args__ = (UniqueConstraint("key", "organisation_id", "user_id"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    key: Mapped[str] = mapped_column(String(80))
    organisation_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("organisations.id", ondelete="CASCADE")
    )
    user_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    """`None`: the whole organisation."""
    is_on: Mapped[bool]
    updated_at: Mapped[dt.datetime]
    updated_by_name: Mapped[str] = mapped_column(String(320))
