"""Tables of traces."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    ForeignKeyConstraint,
    Index,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from modelyard_server.kernel.db import Base, Owned


class Trace(Owned, Base):
    """One request to an application. Its client chose the id."""

    __tablename__ = "traces"
    __table_args__ = (
        ForeignKeyConstraint(
            ["workspace_id", "experiment_id"],
            ["experiments.workspace_id", "experiments.id"],
            ondelete="CASCADE",
        ),
        Index("ix_traces_experiment", "workspace_id", "experiment_id", "requested_ms"),
    )

    id: Mapped[str] = mapped_column(String(64), primary_key=True, sort_order=-99)  # type: ignore[assignment]
    experiment_id: Mapped[int] = mapped_column(BigInteger)
    client_request_id: Mapped[str | None] = mapped_column(String(255))
    requested_ms: Mapped[int] = mapped_column(BigInteger)
    duration_ms: Mapped[int | None] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(String(20))
    request_preview: Mapped[str | None] = mapped_column(Text)
    response_preview: Mapped[str | None] = mapped_column(Text)
    trace_metadata: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    tags: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    assessments: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    """Feedback and expectations as MLflow writes them, oldest first."""


def _to_trace() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["workspace_id", "trace_id"], ["traces.workspace_id", "traces.id"], ondelete="CASCADE"
    )


class Span(Owned, Base):
    """One step of a trace."""

    __tablename__ = "trace_spans"
    __table_args__ = (_to_trace(),)

    trace_id: Mapped[str] = mapped_column(String(64), primary_key=True, sort_order=-99)
    id: Mapped[str] = mapped_column(String(16), primary_key=True, sort_order=-98)  # type: ignore[assignment]
    started_ns: Mapped[int] = mapped_column(BigInteger)
    document: Mapped[dict[str, Any]] = mapped_column(JSON)
    """The span of OpenTelemetry's protocol, as JSON."""


class TraceRun(Owned, Base):
    """That a trace belongs to a run."""

    __tablename__ = "trace_runs"
    __table_args__ = (
        _to_trace(),
        ForeignKeyConstraint(
            ["workspace_id", "run_id"], ["runs.workspace_id", "runs.id"], ondelete="CASCADE"
        ),
        UniqueConstraint("workspace_id", "run_id", "trace_id"),
    )

    trace_id: Mapped[str] = mapped_column(String(64))
    run_id: Mapped[int] = mapped_column(BigInteger)


class AwaitedTrace(Owned, Base):
    """That a trace will belong to a run: clients link traces while their spans are on the way."""

    __tablename__ = "awaited_traces"
    __table_args__ = (
        ForeignKeyConstraint(
            ["workspace_id", "run_id"], ["runs.workspace_id", "runs.id"], ondelete="CASCADE"
        ),
        UniqueConstraint("workspace_id", "trace_id", "run_id"),
    )

    trace_id: Mapped[str] = mapped_column(String(64))
    run_id: Mapped[int] = mapped_column(BigInteger)


def _to_experiment() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["workspace_id", "experiment_id"],
        ["experiments.workspace_id", "experiments.id"],
        ondelete="CASCADE",
    )


class TraceIssue(Owned, Base):
    """A problem that somebody or something found in traces of an experiment."""

    __tablename__ = "trace_issues"
    __table_args__ = (
        _to_experiment(),
        Index("ix_trace_issues_experiment", "workspace_id", "experiment_id", "created_ms"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True, sort_order=-99)  # type: ignore[assignment]
    experiment_id: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[str] = mapped_column(String(250))
    description: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(String(20))
    severity: Mapped[str | None] = mapped_column(String(20))
    root_causes: Mapped[list[str]] = mapped_column(JSON, default=list)
    categories: Mapped[list[str]] = mapped_column(JSON, default=list)
    source_run_id: Mapped[str | None] = mapped_column(String(32))
    created_by: Mapped[str | None] = mapped_column(String(320))
    """Whom or what the client names; the audit trail says whose token it was."""
    created_ms: Mapped[int] = mapped_column(BigInteger)
    updated_ms: Mapped[int] = mapped_column(BigInteger)


class ScorerVersion(Owned, Base):
    """How an application's answers are judged, as the client wrote it. It is never run here."""

    __tablename__ = "scorer_versions"
    __table_args__ = (
        _to_experiment(),
        UniqueConstraint("workspace_id", "experiment_id", "name", "version"),
    )

    scorer_id: Mapped[str] = mapped_column(String(36))
    experiment_id: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[str] = mapped_column(String(250))
    version: Mapped[int]
    serialized: Mapped[str] = mapped_column(Text)
    created_ms: Mapped[int] = mapped_column(BigInteger)


class EvaluationDataset(Owned, Base):
    """Questions, and perhaps what good answers are, to evaluate applications on."""

    __tablename__ = "evaluation_datasets"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, sort_order=-99)  # type: ignore[assignment]
    name: Mapped[str] = mapped_column(String(255))
    tags: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    digest: Mapped[str] = mapped_column(String(16))
    fields: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """What kind of value each part of the records has first been seen with."""
    created_ms: Mapped[int] = mapped_column(BigInteger)
    updated_ms: Mapped[int] = mapped_column(BigInteger)
    created_by_name: Mapped[str] = mapped_column(String(320))
    updated_by_name: Mapped[str] = mapped_column(String(320))


def _to_dataset() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["workspace_id", "dataset_id"],
        ["evaluation_datasets.workspace_id", "evaluation_datasets.id"],
        ondelete="CASCADE",
    )


class EvaluationRecord(Owned, Base):
    """One question of a dataset; its inputs are what it is known by."""

    __tablename__ = "evaluation_records"
    __table_args__ = (
        _to_dataset(),
        UniqueConstraint("workspace_id", "dataset_id", "inputs_sha256"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True, sort_order=-99)  # type: ignore[assignment]
    dataset_id: Mapped[str] = mapped_column(String(36))
    inputs_sha256: Mapped[str] = mapped_column(String(64))
    content: Mapped[dict[str, Any]] = mapped_column(JSON)
    """`inputs`, `outputs`, `expectations`, `tags`, `source`, as far as they are there."""
    created_ms: Mapped[int] = mapped_column(BigInteger)
    updated_ms: Mapped[int] = mapped_column(BigInteger)
    created_by_name: Mapped[str] = mapped_column(String(320))
    updated_by_name: Mapped[str] = mapped_column(String(320))


class DatasetExperiment(Owned, Base):
    """That a dataset is used in an experiment."""

    __tablename__ = "evaluation_dataset_experiments"
    __table_args__ = (
        _to_dataset(),
        ForeignKeyConstraint(
            ["workspace_id", "experiment_id"],
            ["experiments.workspace_id", "experiments.id"],
            ondelete="CASCADE",
        ),
        UniqueConstraint("workspace_id", "dataset_id", "experiment_id"),
    )

    dataset_id: Mapped[str] = mapped_column(String(36))
    experiment_id: Mapped[int] = mapped_column(BigInteger)
