"""Tables of rules, alerts, and what keeps them quiet."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Float,
    ForeignKeyConstraint,
    Index,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from modelyard_server.kernel.db import Base, Owned


class Rule(Owned, Base):
    """A condition on one deployment, and whom it tells."""

    __tablename__ = "alert_rules"
    __table_args__ = (
        UniqueConstraint("workspace_id", "deployment_id", "default_key"),
        Index("ix_alert_rules_deployment", "workspace_id", "deployment_id"),
    )

    deployment_id: Mapped[uuid.UUID]
    name: Mapped[str] = mapped_column(String(200))
    condition: Mapped[dict[str, Any]] = mapped_column(JSON)
    """`conditions.Condition`."""
    cause: Mapped[str] = mapped_column(String(16))
    severity: Mapped[str] = mapped_column(String(16))
    hold_seconds: Mapped[int]
    recover_seconds: Mapped[int]
    channel_ids: Mapped[list[str]] = mapped_column(JSON)
    """Empty: the workspace's default channels."""
    owner_id: Mapped[uuid.UUID | None]
    runbook_url: Mapped[str | None] = mapped_column(String(2000))
    default_key: Mapped[str | None] = mapped_column(String(32))
    """Which of the default rules it is; it is made once, so a deleted one stays deleted."""
    is_enabled: Mapped[bool] = mapped_column(default=True)
    is_deleted: Mapped[bool] = mapped_column(default=False)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[dt.datetime]
    updated_at: Mapped[dt.datetime]
    created_by_name: Mapped[str] = mapped_column(String(320))


class RuleMemory(Owned, Base):
    """What a rule remembers between evaluations, and what it saw last."""

    __tablename__ = "alert_rule_memories"
    __table_args__ = (
        ForeignKeyConstraint(
            ["workspace_id", "rule_id"],
            ["alert_rules.workspace_id", "alert_rules.id"],
            ondelete="CASCADE",
        ),
        UniqueConstraint("workspace_id", "rule_id"),
    )

    rule_id: Mapped[uuid.UUID]
    state: Mapped[str] = mapped_column(String(16))
    since: Mapped[dt.datetime]
    was_firing: Mapped[bool] = mapped_column(default=False)
    value: Mapped[float | None] = mapped_column(Float)
    limit: Mapped[float | None] = mapped_column(Float)
    n: Mapped[int] = mapped_column(default=0)
    text: Mapped[str] = mapped_column(Text, default="")
    evaluated_at: Mapped[dt.datetime]


class Alert(Owned, Base):
    """Something that is wrong with a deployment, from its beginning to its end."""

    __tablename__ = "alerts"
    __table_args__ = (
        UniqueConstraint("workspace_id", "number"),
        Index("ix_alerts_open", "workspace_id", "resolved_at", "deployment_id", "cause"),
        Index("ix_alerts_newest", "workspace_id", "opened_at", "id"),
    )

    number: Mapped[int]
    deployment_id: Mapped[uuid.UUID]
    deployment_name: Mapped[str] = mapped_column(String(63))
    environment: Mapped[str] = mapped_column(String(63))
    model_name: Mapped[str] = mapped_column(String(255))
    revision: Mapped[int | None]
    """What was live when it began."""
    version: Mapped[int | None]
    cause: Mapped[str] = mapped_column(String(16))
    severity: Mapped[str] = mapped_column(String(16))
    title: Mapped[str] = mapped_column(String(500))
    opened_at: Mapped[dt.datetime]
    acknowledged_at: Mapped[dt.datetime | None]
    acknowledged_by_name: Mapped[str | None] = mapped_column(String(320))
    assignee_id: Mapped[uuid.UUID | None]
    assignee_name: Mapped[str | None] = mapped_column(String(320))
    snoozed_until: Mapped[dt.datetime | None]
    muted_by: Mapped[str | None] = mapped_column(String(500))
    """Why nobody is told now; a silence, a snooze, or the alert that explains it."""
    first_told_at: Mapped[dt.datetime | None]
    last_told_at: Mapped[dt.datetime | None]
    told_signals: Mapped[int] = mapped_column(default=0)
    escalated_at: Mapped[dt.datetime | None]
    acted_at: Mapped[dt.datetime | None]
    """When somebody did something about it: from then on its recovery is watched."""
    action: Mapped[str | None] = mapped_column(String(500))
    resolved_at: Mapped[dt.datetime | None]
    resolved_by_name: Mapped[str | None] = mapped_column(String(320))
    resolution: Mapped[str | None] = mapped_column(String(32))
    summary: Mapped[str | None] = mapped_column(Text)


class AlertSignal(Owned, Base):
    """One rule's part in an alert."""

    __tablename__ = "alert_signals"
    __table_args__ = (
        ForeignKeyConstraint(
            ["workspace_id", "alert_id"], ["alerts.workspace_id", "alerts.id"], ondelete="CASCADE"
        ),
        UniqueConstraint("workspace_id", "alert_id", "rule_id"),
        Index("ix_alert_signals_rule", "workspace_id", "rule_id", "ended_at"),
    )

    alert_id: Mapped[uuid.UUID]
    rule_id: Mapped[uuid.UUID]
    rule_name: Mapped[str] = mapped_column(String(200))
    severity: Mapped[str] = mapped_column(String(16))
    started_at: Mapped[dt.datetime]
    ended_at: Mapped[dt.datetime | None]
    value: Mapped[float | None] = mapped_column(Float)
    limit: Mapped[float | None] = mapped_column(Float)
    text: Mapped[str] = mapped_column(Text)
    items: Mapped[list[str]] = mapped_column(JSON)


class AlertEvent(Owned, Base):
    """One line of an alert's story."""

    __tablename__ = "alert_events"
    __table_args__ = (
        ForeignKeyConstraint(
            ["workspace_id", "alert_id"], ["alerts.workspace_id", "alerts.id"], ondelete="CASCADE"
        ),
        Index("ix_alert_events_alert", "workspace_id", "alert_id", "at"),
    )

    alert_id: Mapped[uuid.UUID]
    at: Mapped[dt.datetime]
    kind: Mapped[str] = mapped_column(String(16))
    by_name: Mapped[str] = mapped_column(String(320))
    text: Mapped[str] = mapped_column(Text)


class Silence(Owned, Base):
    """Alerts about which nobody is told for a time. A maintenance window may come again."""

    __tablename__ = "alert_silences"

    deployment_id: Mapped[uuid.UUID | None]
    cause: Mapped[str | None] = mapped_column(String(16))
    severity: Mapped[str | None] = mapped_column(String(16))
    starts_at: Mapped[dt.datetime]
    ends_at: Mapped[dt.datetime]
    repeats: Mapped[str] = mapped_column(String(8), default="never")
    reason: Mapped[str] = mapped_column(String(500))
    created_at: Mapped[dt.datetime]
    created_by_name: Mapped[str] = mapped_column(String(320))


class Policy(Owned, Base):
    """How patient a workspace is. Without a row the defaults hold."""

    __tablename__ = "alert_policies"
    __table_args__ = (UniqueConstraint("workspace_id"),)

    group_wait_seconds: Mapped[int]
    repeat_minutes: Mapped[int]
    escalate_minutes: Mapped[int]
    escalation_channel_ids: Mapped[list[str]] = mapped_column(JSON)


class Clock(Base):
    """When a workspace's rules are due. Platform table: whoever moves it on evaluates."""

    __tablename__ = "alert_clocks"

    clock_workspace_id: Mapped[int] = mapped_column(
        BigInteger, primary_key=True, autoincrement=False
    )
    due_at: Mapped[dt.datetime]
