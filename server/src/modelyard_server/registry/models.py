"""Tables of the registry."""

from __future__ import annotations

import datetime as dt
import uuid
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, deferred, mapped_column

from modelyard_server.kernel.db import Base, Owned


class VersionStatus(StrEnum):
    """MLflow's words for how far a registration got."""

    pending = "PENDING_REGISTRATION"
    failed = "FAILED_REGISTRATION"
    ready = "READY"


class CheckName(StrEnum):
    """What is looked at once, after registration."""

    package = "package"
    environment = "environment"
    prediction = "prediction"


class CheckStatus(StrEnum):
    pending = "pending"
    running = "running"
    passed = "passed"
    failed = "failed"
    skipped = "skipped"


def _to_model() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["workspace_id", "model_id"],
        ["registered_models.workspace_id", "registered_models.id"],
        ondelete="CASCADE",
    )


def _to_version() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["workspace_id", "version_id"],
        ["model_versions.workspace_id", "model_versions.id"],
        ondelete="CASCADE",
    )


class Model(Owned, Base):
    """A name under which versions are registered."""

    __tablename__ = "registered_models"
    __table_args__ = (
        UniqueConstraint("workspace_id", "name"),
        Index("ix_registered_models_recent", "workspace_id", "updated_at", "id"),
    )

    name: Mapped[str] = mapped_column(String(255))
    description: Mapped[str] = mapped_column(Text, default="")
    last_number: Mapped[int] = mapped_column(default=0)
    """Number of the newest registration ever, deleted ones too. Raised under a row lock."""
    card: Mapped[str] = mapped_column(Text, default="", server_default="")
    """Markdown, with YAML front matter if its authors want one."""
    card_at: Mapped[dt.datetime | None]
    licence: Mapped[str] = mapped_column(String(100), default="", server_default="")
    task: Mapped[str] = mapped_column(String(60), default="", server_default="")
    owner_id: Mapped[uuid.UUID | None]
    owner_name: Mapped[str] = mapped_column(String(320), default="", server_default="")
    is_prompt: Mapped[bool] = mapped_column(default=False)
    """MLflow keeps prompts as registered models; they are no models to us."""
    is_sample: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[dt.datetime]
    updated_at: Mapped[dt.datetime]
    created_by: Mapped[uuid.UUID | None]
    created_by_name: Mapped[str] = mapped_column(String(320))


class ModelVersion(Owned, Base):
    """One registration: files that never change, and what we read from them."""

    __tablename__ = "model_versions"
    __table_args__ = (
        _to_model(),
        UniqueConstraint("workspace_id", "model_id", "number"),
        Index("ix_model_versions_run", "workspace_id", "run_id"),
    )

    model_id: Mapped[uuid.UUID]
    number: Mapped[int]
    description: Mapped[str] = mapped_column(Text, default="")
    stage: Mapped[str] = mapped_column(String(16), default="None")
    status: Mapped[str] = mapped_column(String(24))
    status_message: Mapped[str | None] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    run_id: Mapped[str | None] = mapped_column(String(64))
    run_link: Mapped[str | None] = mapped_column(Text)
    logged_model_id: Mapped[str | None] = mapped_column(String(64))
    source_prefix: Mapped[str | None] = mapped_column(Text)
    """Where the files were when they were registered, as an artifact path ending in `/`."""
    digest: Mapped[str | None] = mapped_column(String(64))
    size_bytes: Mapped[int | None]
    framework: Mapped[str | None] = mapped_column(String(40))
    flavors: Mapped[list[str]] = mapped_column(JSON, default=list)
    signature: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """`modelyard_protocol.package.Signature` as JSON."""
    input_example: Mapped[Any | None] = deferred(mapped_column(JSON(none_as_null=True)))
    requirements: Mapped[list[str]] = mapped_column(JSON, default=list)
    python_version: Mapped[str | None] = mapped_column(String(40))
    reference_prediction: Mapped[list[Any] | None] = deferred(
        mapped_column(JSON(none_as_null=True))
    )
    """What the model answers for its input example; every deployment must reproduce it."""
    reference_source: Mapped[str | None] = mapped_column(String(20))
    """`package`: the author logged it. `first_check`: seen at registration, in the sandbox.
    `bundle`: seen where the version was exported."""
    origin: Mapped[dict[str, Any] | None] = deferred(mapped_column(JSON(none_as_null=True)))
    """Of a version that came in a bundle: what the bundle told about where it was made."""
    created_at: Mapped[dt.datetime]
    updated_at: Mapped[dt.datetime]
    created_by: Mapped[uuid.UUID | None]
    created_by_name: Mapped[str] = mapped_column(String(320))

    @property
    def prefix(self) -> str:
        """Artifact path of its own files: they outlive the run that logged them."""
        return f"versions/{self.id}/"


class ModelTag(Owned, Base):
    __tablename__ = "registered_model_tags"
    __table_args__ = (_to_model(), UniqueConstraint("workspace_id", "model_id", "key"))

    model_id: Mapped[uuid.UUID]
    key: Mapped[str] = mapped_column(String(250))
    value: Mapped[str] = mapped_column(Text)


class VersionTag(Owned, Base):
    __tablename__ = "model_version_tags"
    __table_args__ = (_to_version(), UniqueConstraint("workspace_id", "version_id", "key"))

    version_id: Mapped[uuid.UUID]
    key: Mapped[str] = mapped_column(String(250))
    value: Mapped[str] = mapped_column(Text)


class Alias(Owned, Base):
    """A movable name for one version of a model, such as `champion`."""

    __tablename__ = "model_aliases"
    __table_args__ = (
        _to_model(),
        _to_version(),
        UniqueConstraint("workspace_id", "model_id", "alias"),
        Index("ix_model_aliases_version", "workspace_id", "version_id"),
    )

    model_id: Mapped[uuid.UUID]
    version_id: Mapped[uuid.UUID]
    alias: Mapped[str] = mapped_column(String(255))
    number: Mapped[int]


class ScanVerdict(Owned, Base):
    """What the scan of one content came to; every version with that content has it."""

    __tablename__ = "scan_verdicts"
    __table_args__ = (UniqueConstraint("workspace_id", "digest"),)

    digest: Mapped[str] = mapped_column(String(64))
    verdict: Mapped[str] = mapped_column(String(12))
    reasons: Mapped[list[dict[str, str]]] = mapped_column(JSON, default=list)
    scanner: Mapped[int] = mapped_column(default=0)
    format: Mapped[str] = mapped_column(String(40), default="")
    format_path: Mapped[str | None] = mapped_column(Text)
    format_evidence: Mapped[str] = mapped_column(Text, default="")
    why_not_deployable: Mapped[str | None] = mapped_column(Text)
    scanned_at: Mapped[dt.datetime]
    released_at: Mapped[dt.datetime | None]
    released_by_name: Mapped[str | None] = mapped_column(String(320))
    release_reason: Mapped[str | None] = mapped_column(Text)


class BinItem(Owned, Base):
    """A deleted model or version with everything that is needed to bring it back."""

    __tablename__ = "registry_bin"
    __table_args__ = (Index("ix_registry_bin_due", "workspace_id", "purge_after"),)

    model_id: Mapped[uuid.UUID]
    name: Mapped[str] = mapped_column(String(255))
    number: Mapped[int | None]
    """Of a single version."""
    versions: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    model_facts: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """Of a whole model."""
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    deleted_at: Mapped[dt.datetime]
    deleted_by_name: Mapped[str] = mapped_column(String(320))
    purge_after: Mapped[dt.datetime]


class ProtectedAlias(Owned, Base):
    """An alias that needs a permission of its own to be moved, on every model."""

    __tablename__ = "protected_aliases"
    __table_args__ = (UniqueConstraint("workspace_id", "alias"),)

    alias: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[dt.datetime]
    created_by_name: Mapped[str] = mapped_column(String(320))


class Check(Owned, Base):
    """One look at a version after its registration."""

    __tablename__ = "model_version_checks"
    __table_args__ = (_to_version(), UniqueConstraint("workspace_id", "version_id", "name"))

    version_id: Mapped[uuid.UUID]
    name: Mapped[str] = mapped_column(String(16))
    status: Mapped[str] = mapped_column(String(8), default=CheckStatus.pending)
    summary: Mapped[str] = mapped_column(Text, default="")
    details: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    finished_at: Mapped[dt.datetime | None]


class Webhook(Owned, Base):
    """An address that is told of events in the registry."""

    __tablename__ = "webhooks"

    name: Mapped[str] = mapped_column(String(63))
    url: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text, default="")
    events: Mapped[list[str]] = mapped_column(JSON)
    """`entity.action`, such as `model_version.created`."""
    is_active: Mapped[bool] = mapped_column(default=True)
    sealed_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Signs deliveries; sealed with the installation's key, never shown again."""
    last_delivered_at: Mapped[dt.datetime | None]
    last_failure: Mapped[str | None] = mapped_column(Text)
    """Why the newest delivery that was given up failed; nothing after one that was heard."""
    created_at: Mapped[dt.datetime]
    updated_at: Mapped[dt.datetime]

    @property
    def is_signed(self) -> bool:
        """Tell whether deliveries are signed."""
        return self.sealed_secret is not None


class WebhookDelivery(Owned, Base):
    """One attempt to tell a webhook of an event."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        ForeignKeyConstraint(
            ["workspace_id", "webhook_id"],
            ["webhooks.workspace_id", "webhooks.id"],
            ondelete="CASCADE",
        ),
        Index("ix_webhook_deliveries_newest", "workspace_id", "webhook_id", "at", "id"),
    )

    webhook_id: Mapped[uuid.UUID]
    delivery_id: Mapped[str] = mapped_column(String(36))
    """What the receiver got as `X-MLflow-Delivery-Id`: the same for every attempt."""
    event: Mapped[str] = mapped_column(String(64))
    attempt: Mapped[int]
    is_test: Mapped[bool]
    is_signed: Mapped[bool]
    status: Mapped[int | None]
    """What the receiver answered, if it did."""
    failure: Mapped[str | None] = mapped_column(Text)
    """Why it was not heard; never what the receiver wrote."""
    will_retry: Mapped[bool]
    took_ms: Mapped[int]
    at: Mapped[dt.datetime]
