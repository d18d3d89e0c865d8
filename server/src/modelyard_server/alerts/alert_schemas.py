"""Wire shapes of alerts and of what is found out about them."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from modelyard_server.monitoring.outcome_schemas import SliceOut, Task
from modelyard_server.monitoring.schemas import Quadrant
from modelyard_server.notifications.ports import Severity

from .conditions import Cause

Tab = Literal["open", "snoozed", "resolved"]


class SignalOut(BaseModel):
    """One rule's part in an alert. `items`: the columns it counts."""

    model_config = ConfigDict(from_attributes=True)

    rule_id: uuid.UUID
    rule_name: str
    severity: Severity
    started_at: dt.datetime
    ended_at: dt.datetime | None
    value: float | None
    limit: float | None
    text: str
    items: list[str]


class EventOut(BaseModel):
    """One line of an alert's story."""

    model_config = ConfigDict(from_attributes=True)

    id: uuid.UUID
    at: dt.datetime
    kind: str
    by_name: str
    text: str


class AlertRow(BaseModel):
    """An alert as the inbox lists it."""

    id: uuid.UUID
    number: int
    deployment_id: uuid.UUID
    deployment_name: str
    environment: str
    model_name: str
    cause: Cause
    severity: Severity
    title: str
    opened_at: dt.datetime
    acknowledged_at: dt.datetime | None
    acknowledged_by_name: str | None
    assignee_id: uuid.UUID | None
    assignee_name: str | None
    snoozed_until: dt.datetime | None
    muted_by: str | None
    action: str | None
    resolved_at: dt.datetime | None
    resolved_by_name: str | None
    resolution: str | None
    signals: list[SignalOut]


class Impact(BaseModel):
    """What it touched since it began."""

    requests: int
    failed: int
    refused: int
    since: dt.datetime
    until: dt.datetime


class AlertOut(AlertRow):
    """One alert with its story."""

    revision: int | None
    version: int | None
    first_told_at: dt.datetime | None
    escalated_at: dt.datetime | None
    acted_at: dt.datetime | None
    summary: str | None
    impact: Impact
    seconds_to_acknowledge: int | None
    seconds_to_resolve: int | None
    can_roll_back_to: int | None
    """Revision that a rollback would repeat."""
    can_roll_back_version: int | None
    events: list[EventOut]


class Counts(BaseModel):
    """How many alerts there are, and how fast they were handled over 30 days."""

    open: int
    critical: int
    snoozed: int
    median_seconds_to_acknowledge: int | None
    median_seconds_to_resolve: int | None


class ChangeOut(BaseModel):
    """Something that changed before the alert; `closeness` ranks it by time and size."""

    at: dt.datetime
    kind: Literal["deployment", "traffic", "drift"]
    title: str
    detail: str
    size: float
    closeness: float


class SignalPoint(BaseModel):
    """Value and limit at one instant."""

    at: dt.datetime
    value: float | None
    limit: float | None


class Mark(BaseModel):
    """D: deployed, A: alert began, C: acted, R: resolved."""

    at: dt.datetime
    letter: Literal["D", "A", "C", "R"]
    text: str


class SignalChart(BaseModel):
    """The course of the rule that fired first, with what happened beside it."""

    rule_id: uuid.UUID | None
    name: str
    unit: Literal["share", "ms", "per_minute", "columns", "metric", "rate"]
    step_seconds: int
    points: list[SignalPoint]
    marks: list[Mark]


class FeatureCause(BaseModel):
    """A column that moved, with both distributions to lay over each other.

    `importance_share`: of the model's reliance on all inputs, where that was measured.
    """

    feature: str
    role: Literal["input", "prediction"]
    score: float | None
    importance_share: float | None
    quadrant: Quadrant | None
    explain: str
    labels: list[str]
    reference_shares: list[float]
    current_shares: list[float]


class AlertSlices(BaseModel):
    """Where the model was worst in the time of an alert, from kept rows with outcomes.

    `reason`: why there is nothing to tell it from. `loss`: share wrong, or mean distance.
    """

    since: dt.datetime
    until: dt.datetime
    task: Task
    rows: int
    loss: float | None
    reason: str | None
    slices: list[SliceOut]


class ShiftSide(BaseModel):
    """One of two revisions over the last hour. `weight`: its share of the traffic now, per cent."""

    role: Literal["live", "other"]
    revision: int
    version: int
    weight: int
    requests: int
    error_rate: float | None
    p95_ms: float | None


class ShiftPreview(BaseModel):
    """Between whom traffic can be shared: the live revision first, then the other.

    `is_shared`: both serve, a share takes effect at once; else the version before is rolled out
    first. `reason`: why nothing can be shared.
    """

    sides: list[ShiftSide]
    is_shared: bool
    calls_per_minute: float
    reason: str | None


class Example(BaseModel):
    """One logged call of the time, with values of telling names hidden."""

    id: str
    at: dt.datetime
    version: int
    status: int
    total_ms: float
    inputs: list[dict[str, Any]] | None
    outputs: list[Any] | None
    error: str | None
    masked: list[str]
