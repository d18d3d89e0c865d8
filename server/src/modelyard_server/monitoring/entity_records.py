"""Tables of outcomes that name whom they are about instead of a prediction."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from modelyard_server.kernel.db import Base, Owned


class EntityRow(Owned, Base):
    """Which predicted row is about whom; written where an entity column is named and kept.

    Its id follows from the rest, so the same row twice is one.
    """

    __tablename__ = "entity_rows"
    __table_args__ = (
        Index("ix_entity_rows_entity", "workspace_id", "deployment_id", "entity", "at_us"),
        Index("ix_entity_rows_at", "workspace_id", "deployment_id", "at_us"),
    )

    deployment_id: Mapped[uuid.UUID]
    entity: Mapped[int]
    """`entities.of`: of the keyed hash of the value, so that the value is kept nowhere else."""
    at_us: Mapped[int]
    prediction_id: Mapped[str] = mapped_column(String(128))
    row: Mapped[int]


class EntityOutcome(Owned, Base):
    """An outcome of an entity of which no prediction is known yet."""

    __tablename__ = "entity_outcomes"
    __table_args__ = (
        UniqueConstraint("workspace_id", "deployment_id", "entity", "at_us"),
        Index("ix_entity_outcomes_received", "workspace_id", "deployment_id", "received_at"),
    )

    deployment_id: Mapped[uuid.UUID]
    entity: Mapped[int]
    word: Mapped[int | None]
    """The value read as a hash, where the column is kept as one."""
    since_us: Mapped[int]
    at_us: Mapped[int]
    """The latest prediction in this time is meant."""
    value: Mapped[str] = mapped_column(Text)
    received_at: Mapped[dt.datetime]
    reason: Mapped[str] = mapped_column(String(32))
    """Why it was not joined."""
