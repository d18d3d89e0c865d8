"""Wire shapes of deployments."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

DeploymentStatus = Literal[
    "requested",
    "building",
    "verifying",
    "starting",
    "ready",
    "degraded",
    "stopping",
    "stopped",
    "failed",
]
StepName = Literal["prepare", "build", "verify", "start", "traffic"]


class AutoConfigRequest(BaseModel):
    model_id: uuid.UUID
    version: int | None = None


class Reason(BaseModel):
    field: str
    text: str


class Alternative(BaseModel):
    engine: str
    fits: bool
    reason: str


class AutoConfigOut(BaseModel):
    engine: str
    cpu: float
    memory_gb: float
    gpu: int
    confidence: Literal["high", "medium", "low"]
    reasons: list[Reason]
    alternatives: list[Alternative]
    warnings: list[str]
    format: str
    is_runnable: bool
    """This installation has the engine; otherwise the setup is a plan and deploying it refused."""
    suggested_name: str
    environment_cached: bool
    expected_seconds: int


class ServingConfig(BaseModel):
    model_config = ConfigDict(extra="forbid")

    engine: str = Field(max_length=40)
    cpu: float = Field(gt=0, le=64)
    memory_gb: float = Field(ge=0.25, le=256)
    gpu: int = Field(0, ge=0, le=8)


class DeployRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    model_id: uuid.UUID
    version: int | None = None
    environment: str = "staging"
    name: str | None = None
    use_auto_config: bool = False
    config: ServingConfig | None = None
    reviewed: ServingConfig | None = None
    """The picked setup as it was shown; another one is refused with what differs."""
    accept_changes: bool = False


class EnvironmentOut(BaseModel):
    slug: str
    name: str
    rank: int


class StepOut(BaseModel):
    name: StepName
    status: Literal["pending", "running", "done", "failed"]
    detail: str
    started_at: dt.datetime | None
    finished_at: dt.datetime | None


class RevisionOut(BaseModel):
    number: int
    model_id: uuid.UUID
    model_name: str
    version: int
    config: ServingConfig
    auto_configured: bool
    status: DeploymentStatus
    status_reason: str | None
    environment_note: str | None
    sandbox: str | None
    steps: list[StepOut]
    differences: list[dict[str, Any]]
    log_tail: list[str]
    created_at: dt.datetime
    created_by_name: str
    reason: str | None
    live_from: dt.datetime | None
    live_until: dt.datetime | None


class DeploymentOut(BaseModel):
    id: uuid.UUID
    name: str
    environment: str
    url: str
    status: DeploymentStatus
    status_reason: str | None
    model_id: uuid.UUID
    model_name: str
    live_revision: RevisionOut | None
    latest_revision: RevisionOut
    previous_good_revision: int | None
    auto_configured: bool
    is_sample: bool
    created_at: dt.datetime
    updated_at: dt.datetime


class RevisionCreate(BaseModel):
    model_config = ConfigDict(extra="forbid")

    version: int | None = None
    use_auto_config: bool = True
    config: ServingConfig | None = None
    reviewed: ServingConfig | None = None
    accept_changes: bool = False


class RollbackRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    revision: int | None = None
    reason: str | None = Field(None, max_length=2000)


class LogsOut(BaseModel):
    lines: list[str]


class MonthOfQuickDeploy(BaseModel):
    month: str
    """`YYYY-MM`, UTC."""
    deployments_auto: int
    deployments_manual: int
    adoption: float | None
    """Share of new deployments with the picked setup."""
    rollouts_auto: int
    failed_auto: int
    rollouts_manual: int
    failed_manual: int
    corrections: int


class CorrectionCount(BaseModel):
    picked: str
    chosen: str
    count: int


class QuickDeployReport(BaseModel):
    target: float
    months: list[MonthOfQuickDeploy]
    corrections: list[CorrectionCount]
