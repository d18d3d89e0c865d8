"""What tracking says to the web application."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

RunStatus = Literal["RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"]


class ExperimentOut(BaseModel):
    """A named group of runs; `id` is MLflow's, "0" is Default."""

    id: str
    name: str
    lifecycle_stage: Literal["active", "deleted"]
    created_at: dt.datetime
    last_activity_at: dt.datetime | None
    run_count: int
    tags: dict[str, str]


class ExperimentCreate(BaseModel):
    """A new experiment."""

    name: str


class MetricOut(BaseModel):
    """The latest value of a metric; a NaN is `None` with `is_nan`."""

    key: str
    value: float | None
    is_nan: bool
    step: int
    at: dt.datetime


class DatasetOut(BaseModel):
    """Data that a run read."""

    model_config = ConfigDict(from_attributes=True)

    id: uuid.UUID
    name: str
    digest: str
    source_type: str | None
    role: str | None
    row_count: int | None
    columns: list[dict[str, Any]]
    profile: dict[str, Any] | None


class RunSummary(BaseModel):
    """A run as lists show it; metrics are the latest, a NaN is `None`."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    experiment_id: str
    name: str
    status: RunStatus
    user_name: str
    started_at: dt.datetime
    ended_at: dt.datetime | None
    params: dict[str, str]
    metrics: dict[str, float | None]
    tags: dict[str, str]


class ModelRef(BaseModel):
    """A version in the registry."""

    model_config = ConfigDict(from_attributes=True)

    model_id: uuid.UUID
    name: str
    version: int


class RunOut(RunSummary):
    """A run with everything its page shows."""

    experiment_name: str
    latest_metrics: list[MetricOut]
    datasets: list[DatasetOut]
    registered_versions: list[ModelRef]
    source: dict[str, str]


class MetricPoint(BaseModel):
    """One point of a curve; a NaN is `None`."""

    step: int
    at: dt.datetime
    value: float | None


class MetricSeries(BaseModel):
    """A curve, thinned to what a chart can show; lowest and highest values are kept."""

    key: str
    total_points: int
    points: list[MetricPoint]


class ArtifactOut(BaseModel):
    """A file or folder."""

    path: str
    is_dir: bool
    size_bytes: int | None
    sha256: str | None
