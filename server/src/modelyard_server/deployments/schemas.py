"""Wire shapes of deployments."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from modelyard_protocol.routing import DriverName

DeploymentStatus = Literal[
    "requested",
    "building",
    "verifying",
    "starting",
    "shifting",
    "ready",
    "degraded",
    "standby",
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
    cpu_instead: bool
    """A GPU would suit it better, but none is there for it."""
    suggested_name: str
    environment_cached: bool
    expected_seconds: int


class ServingConfig(BaseModel):
    model_config = ConfigDict(extra="forbid")

    engine: str = Field(max_length=40)
    cpu: float = Field(gt=0, le=64)
    memory_gb: float = Field(ge=0.25, le=256)
    gpu: int = Field(0, ge=0, le=8)


class RevisionConfig(BaseModel):
    """What a revision is served with; zeros when it is served elsewhere."""

    engine: str
    cpu: float
    memory_gb: float
    gpu: int


class Guards(BaseModel):
    """When a new revision is taken back by itself."""

    model_config = ConfigDict(extra="forbid")

    error_rate: float = Field(0.02, ge=0, le=1)
    """Share of failed calls (5xx) that is allowed."""
    latency_factor: float = Field(1.5, ge=1, le=100)
    """How many times the old revision's p95 is allowed."""
    schema_error_rate: float = Field(0.2, ge=0, le=1)
    """Share of calls refused as wrong input (4xx) that is allowed."""
    drift: bool = True
    """Go back when its predictions drift."""
    min_requests: int = Field(20, ge=1, le=1_000_000)
    """Below, rates say nothing."""


class Strategy(BaseModel):
    """How a revision gets its traffic."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["all_at_once", "blue_green", "canary", "linear", "shadow"] = "all_at_once"
    percent: int = Field(10, ge=1, le=100)
    """Share of a canary, size of a linear step, share of the calls a shadow gets copies of."""
    bake_seconds: int | None = Field(300, ge=0, le=7 * 86_400)
    """How long each step is watched; `null`: until somebody goes on."""
    guards: Guards | None = Guards()
    """`null`: nothing is taken back by itself."""
    tolerance: float = Field(0.01, ge=0, le=1)
    """Of a shadow: numbers that differ relatively by no more agree."""


class Approval(BaseModel):
    """Who approved a rollout, as whoever started it says."""

    model_config = ConfigDict(extra="forbid")

    by: Annotated[
        str,
        StringConstraints(
            strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]+$"
        ),
    ]
    url: str | None = Field(None, max_length=2000, pattern=r"^https?://[^\s\x00-\x1f]+$")
    """Where that is written: a ticket, a change request, a review."""


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
    approval: Approval | None = None


class MissingWall(BaseModel):
    """A wall that does not stand around models on this machine."""

    name: str
    risk: str
    """What a hostile model could do."""


class DriverOut(BaseModel):
    """A way to run model servers."""

    name: DriverName
    obstacle: str | None
    """Why it cannot be used now; `null`: it can."""
    is_standard: bool
    """Environments that do not choose use it."""
    walls: str | None
    """What stands around the code of models there; `null`: the engine or the cluster decides."""
    missing_walls: list[MissingWall]
    """Walls that do not stand there: each was tried from inside."""


class PromoteRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    environment: str
    strategy: Strategy | None = None
    reason: str | None = Field(None, max_length=2000)
    approval: Approval | None = None


class StageOut(BaseModel):
    """A deployment's model in one environment, and what it would take to go on from there."""

    environment: str
    name: str
    deployment_id: uuid.UUID | None
    status: DeploymentStatus | None
    version: int | None
    revision: int | None
    weight: int | None
    since: dt.datetime | None
    by: str | None
    promoted_from: str | None
    next_environment: str | None
    next_name: str | None
    unmet: list[str]


class TrackOut(BaseModel):
    stages: list[StageOut]


class Difference(BaseModel):
    what: str
    left: str | None
    right: str | None


class StepOut(BaseModel):
    name: StepName
    status: Literal["pending", "running", "done", "failed"]
    detail: str
    started_at: dt.datetime | None
    finished_at: dt.datetime | None


class MeasuredOut(BaseModel):
    requests: int
    errors_4xx: int
    errors_5xx: int
    p95_ms: float | None
    drift: str | None
    crash: str | None
    silent_seconds: float = 0.0
    """For so long calls have waited for its model server, and none was answered."""
    silent_calls: int = 0


class ShiftOut(BaseModel):
    """How far a strategy is, and what its guards measured last."""

    step: int
    since: dt.datetime | None
    is_followed: bool
    """The gateway shares traffic like this, since `since`; before, nothing is measured."""
    checked_at: dt.datetime | None
    new: MeasuredOut | None
    old: MeasuredOut | None
    breach: str | None


class LaneOut(BaseModel):
    """Which engine answers a revision's calls, and how that was decided."""

    engine: Literal["onnx", "original"]
    state: Literal["compiled", "native", "switched_back"]
    reason: str | None
    conversion: str | None
    probes: int | None
    max_difference: float | None
    tolerance: float | None
    row_ms: float | None
    original_row_ms: float | None
    rows_1000_ms: float | None
    original_rows_1000_ms: float | None
    native_above_rows: int | None


class RevisionOut(BaseModel):
    number: int
    model_id: uuid.UUID
    model_name: str
    version: int
    config: RevisionConfig
    auto_configured: bool
    status: DeploymentStatus
    status_reason: str | None
    environment_note: str | None
    sandbox: str | None
    driver: str
    """Where its model server runs: `process`, `docker` or `kubernetes`."""
    image: str | None
    """The image that its container or pods start on."""
    strategy: Strategy | None
    """`null`: all at once."""
    shift: ShiftOut | None
    lane: LaneOut | None
    steps: list[StepOut]
    differences: list[dict[str, Any]]
    log_tail: list[str]
    created_at: dt.datetime
    created_by_name: str
    promoted_from: str | None
    reason: str | None
    approval: Approval | None
    live_from: dt.datetime | None
    live_until: dt.datetime | None


class Weight(BaseModel):
    revision: int
    weight: int = Field(ge=0, le=100)


class TrafficSet(BaseModel):
    model_config = ConfigDict(extra="forbid")

    weights: list[Weight] = Field(min_length=1, max_length=2)
    reason: str | None = Field(None, max_length=2000)


class PeriodOut(BaseModel):
    """What answered when."""

    environment: str
    deployment: str
    revision: int
    model: str
    version: int
    weight: int
    from_at: dt.datetime
    until_at: dt.datetime | None
    actor_name: str
    approval: Approval | None
    """Of the revision that answered; `null`: nobody was named when it was rolled out."""
    reason: str | None


class ShadowTarget(BaseModel):
    """The revision that gets copies of calls, answered to nobody."""

    revision: int
    percent: int
    tolerance: float


class CostOut(BaseModel):
    """An amount of money."""

    amount: float
    currency: str


class DeploymentOut(BaseModel):
    id: uuid.UUID
    name: str
    kind: Literal["served", "reported"]
    environment: str
    url: str
    status: DeploymentStatus
    status_reason: str | None
    model_id: uuid.UUID
    model_name: str
    live_revision: RevisionOut | None
    latest_revision: RevisionOut
    previous_good_revision: int | None
    good_revisions: list[int]
    """Revisions a rollback may return to, newest first, ten at most."""
    weights: list[Weight]
    """Shares of the traffic; they sum to 100, or nothing is live."""
    shadow: ShadowTarget | None
    standby_revision: int | None
    standby_until: dt.datetime | None
    cost: CostOut | None
    """Of the hours it was live and awake, at its environment's price of today; `null`: no price."""
    auto_configured: bool
    is_sample: bool
    created_at: dt.datetime
    updated_at: dt.datetime


class ReportedColumn(BaseModel):
    """An input of a model that is served elsewhere."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]+$")
    type: Literal["boolean", "integer", "long", "float", "double", "string"] = "double"


class ReportedCreate(BaseModel):
    """A model that is served elsewhere. Without `inputs` they are learned from the rows."""

    model_config = ConfigDict(extra="forbid")

    model_name: str = Field(min_length=1, max_length=255, pattern=r"^[^\x00-\x1f]+$")
    name: str | None = None
    environment: str = "production"
    served_by: str | None = Field(None, max_length=200, pattern=r"^[^\x00-\x1f]+$")
    version: int = Field(1, ge=1, le=1_000_000)
    inputs: list[ReportedColumn] = Field(default_factory=list, max_length=1000)
    output: Literal["boolean", "integer", "long", "float", "double", "string"] | None = None


class RevisionCreate(BaseModel):
    model_config = ConfigDict(extra="forbid")

    version: int | None = None
    use_auto_config: bool = True
    config: ServingConfig | None = None
    reviewed: ServingConfig | None = None
    accept_changes: bool = False
    strategy: Strategy | None = None
    """`null`: the environment's own; in production the old revision stands by, guarded."""
    reason: str | None = Field(None, max_length=2000)
    approval: Approval | None = None


class RollbackRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    revision: int | None = None
    reason: str | None = Field(None, max_length=2000)
    accept_schema_change: bool = False
    """Go back although callers of the live revision send other columns."""


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


class PhaseTime(BaseModel):
    """Seconds a phase took in rollouts that went live."""

    phase: StepName | Literal["total"]
    count: int
    p50: float | None
    p95: float | None


class FailureCount(BaseModel):
    fault: Literal["user", "platform"]
    phase: StepName
    count: int
    example: str


class ServiceLevel(BaseModel):
    """How rollouts of the last days did against what is promised."""

    days: int
    rollouts: int
    live: int
    failed_user: int
    failed_platform: int
    success: float | None
    """Share that did not fail by the platform's fault."""
    target_success: float
    target_seconds: float
    phases: list[PhaseTime]
    failures: list[FailureCount]


class QuickDeployReport(BaseModel):
    target: float
    months: list[MonthOfQuickDeploy]
    corrections: list[CorrectionCount]
