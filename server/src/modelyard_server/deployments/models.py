"""Tables of deployments."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import (
    JSON,
    Float,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql.expression import false as sa_false

from modelyard_server.kernel.db import Base, Owned


class Environment(Owned, Base):
    """A stage of a workspace: dev, staging, production."""

    __tablename__ = "environments"
    __table_args__ = (UniqueConstraint("workspace_id", "slug"),)

    slug: Mapped[str] = mapped_column(String(63))
    name: Mapped[str] = mapped_column(String(200))
    rank: Mapped[int]
    variables: Mapped[dict[str, str] | None] = mapped_column(JSON(none_as_null=True))
    price: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """`environment_schemas.Price` as JSON; `None`: nobody has said what running costs."""
    quota: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """`environment_schemas.Quota` as JSON."""
    policy: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """`environment_schemas.Policy` as JSON; `None`: as the environment's kind has it."""


class EnvironmentSecret(Owned, Base):
    """A secret that model servers of one environment find in their environment variables."""

    __tablename__ = "environment_secrets"
    __table_args__ = (
        ForeignKeyConstraint(
            ["workspace_id", "environment"], ["environments.workspace_id", "environments.slug"]
        ),
        UniqueConstraint("workspace_id", "environment", "name"),
    )

    environment: Mapped[str] = mapped_column(String(63))
    name: Mapped[str] = mapped_column(String(64))
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    updated_at: Mapped[dt.datetime]
    updated_by_name: Mapped[str] = mapped_column(String(320))


class Deployment(Owned, Base):
    """An address under which one model is served."""

    __tablename__ = "deployments"
    __table_args__ = (
        ForeignKeyConstraint(
            ["workspace_id", "environment"], ["environments.workspace_id", "environments.slug"]
        ),
        UniqueConstraint("workspace_id", "environment", "name"),
        Index("ix_deployments_model", "workspace_id", "model_id"),
        Index("ix_deployments_recent", "workspace_id", "created_at", "id"),
        Index("ix_deployments_auto_configured", "workspace_id", "auto_configured"),
    )

    environment: Mapped[str] = mapped_column(String(63))
    name: Mapped[str] = mapped_column(String(63))
    kind: Mapped[str] = mapped_column(String(16), default="served", server_default="served")
    """`served` by this installation, or `reported` by whoever serves it elsewhere."""
    model_id: Mapped[uuid.UUID]
    model_name: Mapped[str] = mapped_column(String(255))
    status: Mapped[str] = mapped_column(String(16))
    status_reason: Mapped[str | None] = mapped_column(Text)
    last_number: Mapped[int] = mapped_column(default=0)
    """Number of the newest revision."""
    live_number: Mapped[int | None]
    """Number of the revision that gets the traffic."""
    candidate_number: Mapped[int | None]
    """Number of the revision that gets a part of the traffic while it is rolled out."""
    candidate_weight: Mapped[int] = mapped_column(default=0, server_default="0")
    shadow_percent: Mapped[int] = mapped_column(default=0, server_default="0")
    """Above 0 the candidate gets copies of so many percent of the calls and no traffic."""
    scaling: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """`schemas.ScalingSet` as JSON; `None`: as the environment has it."""
    safeguards: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """Version, `modelyard_protocol.safeguards.Safeguard` list, when and by whom it was set."""
    fallback_number: Mapped[int | None]
    """Number of the revision whose server stands by for an instant way back."""
    fallback_until: Mapped[dt.datetime | None]
    auto_configured: Mapped[bool] = mapped_column(default=False)
    is_sample: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[dt.datetime]
    updated_at: Mapped[dt.datetime]
    created_by: Mapped[uuid.UUID | None]
    created_by_name: Mapped[str] = mapped_column(String(320))

    @property
    def shares_traffic(self) -> bool:
        """Two revisions answer callers."""
        return self.candidate_number is not None and not self.shadow_percent

    @property
    def most_processes(self) -> int:
        """Processes each of its revisions may have; each has the revision's cores and memory."""
        return int((self.scaling or {}).get("max_replicas", 1))


class Revision(Owned, Base):
    """One model version with one configuration at a deployment's address."""

    __tablename__ = "deployment_revisions"
    __table_args__ = (
        ForeignKeyConstraint(
            ["workspace_id", "deployment_id"],
            ["deployments.workspace_id", "deployments.id"],
            ondelete="CASCADE",
        ),
        UniqueConstraint("workspace_id", "deployment_id", "number"),
        Index("ix_deployment_revisions_model", "workspace_id", "model_id", "version"),
    )

    deployment_id: Mapped[uuid.UUID]
    number: Mapped[int]
    model_id: Mapped[uuid.UUID]
    model_name: Mapped[str] = mapped_column(String(255))
    version: Mapped[int]
    engine: Mapped[str] = mapped_column(String(40))
    cpu: Mapped[float] = mapped_column(Float)
    memory_gb: Mapped[float] = mapped_column(Float)
    gpu: Mapped[int] = mapped_column(default=0)
    auto_configured: Mapped[bool] = mapped_column(default=False, server_default=sa_false())
    signature: Mapped[dict[str, Any]] = mapped_column(JSON)
    """`modelyard_protocol.package.Signature` as JSON, as the version was registered."""
    example: Mapped[str | None] = mapped_column(Text)
    status: Mapped[str] = mapped_column(String(16))
    status_reason: Mapped[str | None] = mapped_column(Text)
    steps: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    differences: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    log_tail: Mapped[list[str]] = mapped_column(JSON, default=list)
    environment_note: Mapped[str | None] = mapped_column(Text)
    sandbox: Mapped[str | None] = mapped_column(String(40))
    driver: Mapped[str] = mapped_column(String(20), default="process", server_default="process")
    """Where its model server runs; settled when it was asked for."""
    image: Mapped[str | None] = mapped_column(String(200))
    """The Docker image of its environment."""
    has_server: Mapped[bool] = mapped_column(default=False)
    """The node is asked to run a model server for this revision."""
    model_dir: Mapped[str | None] = mapped_column(Text)
    python: Mapped[str | None] = mapped_column(Text)
    environment_dir: Mapped[str | None] = mapped_column(Text)
    fault: Mapped[str | None] = mapped_column(String(8))
    """Whose failure it was: `user` or `platform`."""
    proof: Mapped[str | None] = mapped_column(String(200))
    """`digest/lock/engine` that reproduced the stored prediction."""
    proof_variables: Mapped[str | None] = mapped_column(String(64))
    """Keyed digest of the variables and secrets it was reproduced with; `None`: without any."""
    server_id: Mapped[str | None] = mapped_column(String(32))
    """The server it took over from an earlier revision, when a rollback found it still running."""
    strategy: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """`schemas.Strategy` as JSON; `None`: all at once."""
    promoted_from: Mapped[str | None] = mapped_column(String(200))
    """`environment/name@revision` whose identical files and environment it serves."""
    shift: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """Step of the strategy, since when, and what its guards measured last."""
    lane: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    """Which engine answers and why, see `lanes`; `None` until that is known."""
    reason: Mapped[str | None] = mapped_column(Text)
    approval: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """`schemas.Approval` as JSON; `None`: nobody was named."""
    created_at: Mapped[dt.datetime]
    created_by: Mapped[uuid.UUID | None]
    created_by_name: Mapped[str] = mapped_column(String(320))
    live_from: Mapped[dt.datetime | None]
    live_until: Mapped[dt.datetime | None]
    slept_seconds: Mapped[float] = mapped_column(Float, default=0.0, server_default="0")
    """How long the server of its own has slept; one it took over counts for the one before."""
    slept_counted: Mapped[float] = mapped_column(Float, default=0.0, server_default="0")
    """What of the node's count is in `slept_seconds` already."""

    @property
    def server_key(self) -> str:
        """Id of the model server that answers for this revision."""
        return self.server_id or self.id.hex


class TrafficPeriod(Owned, Base):
    """A stretch of time in which one revision had one share of a deployment's traffic."""

    __tablename__ = "traffic_periods"
    __table_args__ = (
        ForeignKeyConstraint(
            ["workspace_id", "deployment_id"],
            ["deployments.workspace_id", "deployments.id"],
            ondelete="CASCADE",
        ),
        Index("ix_traffic_periods_from", "workspace_id", "deployment_id", "from_at"),
    )

    deployment_id: Mapped[uuid.UUID]
    revision: Mapped[int]
    model_name: Mapped[str] = mapped_column(String(255))
    version: Mapped[int]
    weight: Mapped[int]
    from_at: Mapped[dt.datetime]
    until_at: Mapped[dt.datetime | None]
    actor_name: Mapped[str] = mapped_column(String(320))
    reason: Mapped[str | None] = mapped_column(Text)


class EngineCorrection(Owned, Base):
    """Somebody chose another engine than the one that was picked."""

    __tablename__ = "engine_corrections"
    __table_args__ = (Index("ix_engine_corrections_at", "workspace_id", "at"),)

    at: Mapped[dt.datetime]
    deployment_id: Mapped[uuid.UUID]
    model_name: Mapped[str] = mapped_column(String(255))
    version: Mapped[int]
    picked: Mapped[str] = mapped_column(String(40))
    chosen: Mapped[str] = mapped_column(String(40))
    user_id: Mapped[uuid.UUID | None]
    user_name: Mapped[str] = mapped_column(String(320))
