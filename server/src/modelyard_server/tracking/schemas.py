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


class TableColumnOut(BaseModel):
    """A column of a table in a file; `is_number` decides how it is lined up."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    type: str
    is_number: bool


class TablePageOut(BaseModel):
    """Some rows, as text. `total_rows` is `None` when they were not counted to the end."""

    model_config = ConfigDict(from_attributes=True)

    columns: list[TableColumnOut]
    rows: list[list[str | None]]
    offset: int
    total_rows: int | None
    hidden_columns: int


class ViewOut(BaseModel):
    """An address that shows content in a sandbox for a few minutes."""

    url: str
    expires_at: dt.datetime


class RunColumnOut(BaseModel):
    """A column that runs have, such as `metrics.loss`."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    runs: int
    differs: bool


class RunColumnsOut(BaseModel):
    """What an experiment's runs logged. `runs` were looked at: all, unless `is_sampled`."""

    model_config = ConfigDict(from_attributes=True)

    runs: int
    is_sampled: bool
    columns: list[RunColumnOut]


class SpreadOut(BaseModel):
    """A metric's latest values in a group, NaN left out; `sd` is that of a sample."""

    model_config = ConfigDict(from_attributes=True)

    count: int
    low: float
    high: float
    mean: float
    sd: float | None


class RunGroupOut(BaseModel):
    """Runs with one value; `None` for those that have none."""

    model_config = ConfigDict(from_attributes=True)

    value: str | None
    runs: int
    metrics: dict[str, SpreadOut]


class RunViewCreate(BaseModel):
    """A view to keep; `state` is the search part of the page's address."""

    name: str
    state: str
    is_shared: bool = False


class RunViewPatch(BaseModel):
    """What is to be different."""

    name: str | None = None
    state: str | None = None
    is_shared: bool | None = None


class RunViewOut(BaseModel):
    """A saved view of a run table."""

    id: uuid.UUID
    name: str
    state: str
    is_shared: bool
    owner_name: str
    may_change: bool
    updated_at: dt.datetime
