"""Tables of experiments and runs. What runs logged is in `records.py`."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from modelyard_server.kernel.db import Base, Owned

from . import records  # noqa: F401 - its tables belong to this capability too

ACTIVE, DELETED = "active", "deleted"


class Experiment(Owned, Base):
    """A named group of runs."""

    __tablename__ = "experiments"
    __table_args__ = (UniqueConstraint("workspace_id", "name"),)

    id: Mapped[int] = mapped_column(  # type: ignore[assignment]
        BigInteger, primary_key=True, autoincrement=False, sort_order=-99
    )
    name: Mapped[str] = mapped_column(String(500))
    lifecycle_stage: Mapped[str] = mapped_column(String(8), default=ACTIVE)
    tags: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    created_at: Mapped[dt.datetime]
    updated_at: Mapped[dt.datetime]


class Run(Owned, Base):
    """One execution of training code. Times are milliseconds since 1970, as clients send them."""

    __tablename__ = "runs"
    __table_args__ = (
        ForeignKeyConstraint(
            ["workspace_id", "experiment_id"],
            ["experiments.workspace_id", "experiments.id"],
            ondelete="CASCADE",
        ),
        UniqueConstraint("workspace_id", "uid"),
        Index(
            "ix_runs_experiment",
            "workspace_id",
            "experiment_id",
            "lifecycle_stage",
            "started_ms",
            "id",
        ),
        Index("ix_runs_status", "workspace_id", "status", "experiment_id", "id"),
    )

    id: Mapped[int] = mapped_column(  # type: ignore[assignment]
        BigInteger, primary_key=True, autoincrement=False, sort_order=-99
    )
    """Ours, ordered by time: short in the tables of what was logged."""
    uid: Mapped[str] = mapped_column(String(32))
    """MLflow's run id: 32 hexadecimal digits."""
    experiment_id: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[str] = mapped_column(String(250))
    user_name: Mapped[str] = mapped_column(String(256))
    status: Mapped[str] = mapped_column(String(16))
    lifecycle_stage: Mapped[str] = mapped_column(String(8), default=ACTIVE)
    started_ms: Mapped[int] = mapped_column(BigInteger)
    ended_ms: Mapped[int | None] = mapped_column(BigInteger)
    """As its client says, also of a run that goes on: MLflow's says so of one that is resumed."""
    deleted_ms: Mapped[int | None] = mapped_column(BigInteger)
    """When it was deleted, or first seen to be; it is removed for ever `expiry.KEPT` later."""

    @property
    def over_ms(self) -> int | None:
        """When it ended, if it has."""
        return None if self.status in {"RUNNING", "SCHEDULED"} else self.ended_ms


class RunView(Owned, Base):
    """A saved view of an experiment's run table."""

    __tablename__ = "run_views"
    __table_args__ = (
        ForeignKeyConstraint(
            ["workspace_id", "experiment_id"],
            ["experiments.workspace_id", "experiments.id"],
            ondelete="CASCADE",
        ),
        Index("ix_run_views_experiment", "workspace_id", "experiment_id"),
    )

    experiment_id: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[str] = mapped_column(String(100))
    state: Mapped[str] = mapped_column(Text)
    """The search part of the page's address, without `?`."""
    is_shared: Mapped[bool]
    owner_id: Mapped[uuid.UUID | None]
    owner_name: Mapped[str] = mapped_column(String(256))
    created_at: Mapped[dt.datetime]
    updated_at: Mapped[dt.datetime]


class Dataset(Owned, Base):
    """Data a run read, as `mlflow.log_input` describes it."""

    __tablename__ = "datasets"
    __table_args__ = (
        ForeignKeyConstraint(
            ["workspace_id", "experiment_id"],
            ["experiments.workspace_id", "experiments.id"],
            ondelete="CASCADE",
        ),
        UniqueConstraint("workspace_id", "experiment_id", "name", "digest"),
    )

    experiment_id: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[str] = mapped_column(String(500))
    digest: Mapped[str] = mapped_column(String(64))
    source_type: Mapped[str] = mapped_column(String(64))
    source: Mapped[str] = mapped_column(Text)
    schema_json: Mapped[str | None] = mapped_column(Text)
    profile_json: Mapped[str | None] = mapped_column(Text)


class RunInput(Owned, Base):
    """That a run read a dataset, and in which role."""

    __tablename__ = "run_inputs"
    __table_args__ = (
        ForeignKeyConstraint(
            ["workspace_id", "run_id"], ["runs.workspace_id", "runs.id"], ondelete="CASCADE"
        ),
        ForeignKeyConstraint(
            ["workspace_id", "dataset_id"],
            ["datasets.workspace_id", "datasets.id"],
            ondelete="CASCADE",
        ),
        UniqueConstraint("workspace_id", "run_id", "dataset_id"),
    )

    run_id: Mapped[int] = mapped_column(BigInteger)
    dataset_id: Mapped[uuid.UUID]
    role: Mapped[str | None] = mapped_column(String(250))
    """The tag `mlflow.data.context`: training, validation …"""
    tags: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)


class LoggedModel(Owned, Base):
    """A model package logged by `mlflow.<flavour>.log_model`; its id starts with `m-`."""

    __tablename__ = "logged_models"
    __table_args__ = (
        ForeignKeyConstraint(
            ["workspace_id", "experiment_id"],
            ["experiments.workspace_id", "experiments.id"],
            ondelete="CASCADE",
        ),
        Index("ix_logged_models_experiment", "workspace_id", "experiment_id", "created_ms"),
        Index("ix_logged_models_source", "workspace_id", "source_run_id"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True, sort_order=-99)  # type: ignore[assignment]
    experiment_id: Mapped[int] = mapped_column(BigInteger)
    source_run_id: Mapped[str | None] = mapped_column(String(32))
    name: Mapped[str] = mapped_column(String(500))
    model_type: Mapped[str | None] = mapped_column(String(500))
    status: Mapped[str] = mapped_column(String(32))
    status_message: Mapped[str | None] = mapped_column(Text)
    lifecycle_stage: Mapped[str] = mapped_column(String(8), default=ACTIVE)
    created_ms: Mapped[int] = mapped_column(BigInteger)
    updated_ms: Mapped[int] = mapped_column(BigInteger)
    params: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    tags: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)


class RunModel(Owned, Base):
    """That a run read or wrote a logged model."""

    __tablename__ = "run_models"
    __table_args__ = (
        ForeignKeyConstraint(
            ["workspace_id", "run_id"], ["runs.workspace_id", "runs.id"], ondelete="CASCADE"
        ),
        ForeignKeyConstraint(
            ["workspace_id", "model_id"],
            ["logged_models.workspace_id", "logged_models.id"],
            ondelete="CASCADE",
        ),
        UniqueConstraint("workspace_id", "run_id", "model_id", "is_output"),
    )

    run_id: Mapped[int] = mapped_column(BigInteger)
    model_id: Mapped[str] = mapped_column(String(36))
    is_output: Mapped[bool]
    step: Mapped[int] = mapped_column(BigInteger, default=0)


class ModelMetric(Owned, Base):
    """The newest value of a metric that was logged for a logged model (and a dataset, or "")."""

    __tablename__ = "model_metrics"
    __table_args__ = (
        ForeignKeyConstraint(
            ["workspace_id", "model_id"],
            ["logged_models.workspace_id", "logged_models.id"],
            ondelete="CASCADE",
        ),
        UniqueConstraint("workspace_id", "model_id", "name", "dataset_name", "dataset_digest"),
    )

    model_id: Mapped[str] = mapped_column(String(36))
    name: Mapped[str] = mapped_column(String(250))
    dataset_name: Mapped[str] = mapped_column(String(500), default="")
    dataset_digest: Mapped[str] = mapped_column(String(64), default="")
    run_uid: Mapped[str] = mapped_column(String(32))
    value: Mapped[float]
    is_nan: Mapped[bool]
    step: Mapped[int] = mapped_column(BigInteger)
    at_ms: Mapped[int] = mapped_column(BigInteger)


class ExperimentNumber(Owned, Base):
    """The next experiment id of the workspace; one row with id 0."""

    __tablename__ = "experiment_numbers"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False, sort_order=-99)  # type: ignore[assignment]
    next_number: Mapped[int] = mapped_column(BigInteger)


def facts(row: Any, *names: str) -> dict[str, Any]:
    """Give some columns of a row for the audit trail."""
    return {name: getattr(row, name) for name in names}
