"""The audit trail: who did what, written in the transaction of the change itself.

The table sits in the kernel because every capability, also those below `audit`, writes to it;
reading, filtering and exporting it is the `audit` capability's job. Rows are never changed or
deleted: database triggers refuse it.
"""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, Protocol

from sqlalchemy import JSON, BigInteger, Index, String
from sqlalchemy.orm import Mapped, Session, mapped_column

from .clock import utcnow
from .db import Base

_SECRET_WORDS = ("password", "secret", "token", "private_key", "authorization")


class AuditEvent(Base):
    """One fact about who did what. `workspace_id` is `None` for facts of the whole installation."""

    __tablename__ = "audit_events"
    __table_args__ = (
        Index("ix_audit_events_workspace_at", "workspace_id", "at", "id"),
        Index("ix_audit_events_object", "workspace_id", "object_type", "object_id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    workspace_id: Mapped[int | None] = mapped_column(BigInteger)
    at: Mapped[dt.datetime]
    actor_id: Mapped[uuid.UUID | None]
    actor_name: Mapped[str] = mapped_column(String(320))
    action: Mapped[str] = mapped_column(String(80))
    object_type: Mapped[str] = mapped_column(String(40))
    object_id: Mapped[str | None] = mapped_column(String(80))
    object_name: Mapped[str | None] = mapped_column(String(512))
    result: Mapped[str] = mapped_column(String(8), default="ok")
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    after: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    ip_address: Mapped[str | None] = mapped_column(String(64))
    user_agent: Mapped[str | None] = mapped_column(String(512))
    request_id: Mapped[str | None] = mapped_column(String(64))


class Who(Protocol):
    """Whoever acts: a person, a token, or the platform itself."""

    @property
    def id(self) -> uuid.UUID | None: ...
    @property
    def name(self) -> str: ...
    @property
    def workspace_id(self) -> int | None: ...
    @property
    def ip_address(self) -> str | None: ...
    @property
    def user_agent(self) -> str | None: ...
    @property
    def request_id(self) -> str | None: ...


def record(
    db: Session,
    who: Who,
    action: str,
    *,
    object_type: str,
    object_id: object = None,
    object_name: str | None = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    result: str = "ok",
) -> AuditEvent:
    """Write one event into the caller's transaction. `action` is `capability.verb`."""
    row = AuditEvent(
        workspace_id=who.workspace_id,
        at=utcnow(),
        actor_id=who.id,
        actor_name=who.name,
        action=action,
        object_type=object_type,
        object_id=None if object_id is None else str(object_id),
        object_name=object_name,
        result=result,
        before=masked(before),
        after=masked(after),
        ip_address=who.ip_address,
        user_agent=(who.user_agent or "")[:512] or None,
        request_id=who.request_id,
    )
    db.add(row)
    db.info["trail_written"] = True
    return row


def masked(facts: dict[str, Any] | None) -> dict[str, Any] | None:
    """Make facts storable as JSON, with values of secret-looking keys replaced."""
    if facts is None:
        return None
    return {
        key: "•••" if any(word in key.lower() for word in _SECRET_WORDS) else _plain(value)
        for key, value in facts.items()
    }


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, dict):
        return masked(value)
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    return str(value)
