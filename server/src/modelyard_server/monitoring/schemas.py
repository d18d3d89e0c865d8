"""Wire shapes of monitoring."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, Literal

from pydantic import BaseModel

from .outcome_schemas import MetricName

Window = Literal["1h", "24h", "7d"]
FleetRange = Literal["1h", "24h", "7d", "30d"]
DriftWindow = Literal["1h", "24h", "7d", "count"]
TrafficRange = Literal["15m", "1h", "24h", "7d"]
Baseline = Literal["training", "previous"]
Health = Literal["healthy", "degraded", "failing", "deploying", "stopped", "unknown"]
ModelDrift = Literal["ok", "drifting", "not_enough_data", "no_reference"]
Quadrant = Literal["act", "watch", "ignore", "calm"]
DataQuality = Literal["ok", "faulty", "not_enough_data"]


class PredictionOut(BaseModel):
    """One logged call. `inputs` and `outputs` hold its first rows only."""

    id: str
    at: dt.datetime
    revision: int
    version: int
    status: int
    skin: str
    source: str
    key_name: str | None
    total_ms: float
    model_ms: float | None
    rows: int | None
    inputs: list[dict[str, Any]] | None
    outputs: list[Any] | None
    error: str | None


class TrafficPoint(BaseModel):
    """Calls in one step of time. Percentiles are exact to 2 %."""

    at: dt.datetime
    requests: int
    errors_4xx: int
    errors_5xx: int
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None


class Losses(BaseModel):
    """What this machine lost of calls before they could be counted, of all deployments.

    `capture_error`: why calls cannot be recorded just now; they are answered all the same.
    """

    dropped_records: int
    dropped_at: dt.datetime | None
    capture_error: str | None


class TrafficOut(Losses):
    """Traffic over a range."""

    since: dt.datetime
    until: dt.datetime
    step_seconds: int
    total: TrafficPoint
    points: list[TrafficPoint]


class FaultOut(BaseModel):
    """A share of a column that is not as expected: quality of the data, not drift."""

    fault: Literal["missing", "unseen", "out_of_range", "type_error"]
    current: float
    expected: float
    p_value: float
    q_value: float
    explain: str


class FeatureDrift(BaseModel):
    """One column against its baseline. `score` is the effect net of sampling noise.

    `distance`: before the noise is taken off. `shift_in_sd`: how far numbers moved, in standard
    deviations of the baseline. `is_confirmed`: the change lasts, see the guide; alerts wait for it.
    `is_usual`: no more than at the same hour of other weeks. `distinct_…`: estimates.
    `importance_share`: of the model's reliance on all inputs; `quadrant`: moved and important
    (`act`), important (`watch`), moved (`ignore`) or neither (`calm`).
    """

    feature: str
    role: Literal["input", "prediction"]
    kind: Literal["numeric", "categorical", "text"]
    status: Literal[
        "ok",
        "changed_small",
        "drifting",
        "faulty",
        "not_enough_data",
        "no_reference",
        "excluded",
    ]
    severity: Literal["none", "small", "moderate", "large"]
    is_confirmed: bool
    is_usual: bool
    method: str
    score: float | None
    distance: float | None
    psi: float | None
    noise_floor: float | None
    statistic: float | None
    p_value: float | None
    q_value: float | None
    shift_in_sd: float | None
    bins: int | None
    distinct_current: float | None
    distinct_reference: float | None
    importance: float | None
    importance_share: float | None
    quadrant: Quadrant | None
    threshold: float
    n_current: int
    n_reference: int
    null_rate_current: float | None
    null_rate_reference: float | None
    unseen_rate: float | None
    out_of_range_rate: float | None
    type_error_rate: float | None
    faults: list[FaultOut]
    explain: str
    trend: list[float | None]


class ImportanceOut(BaseModel):
    """How the importance of inputs was measured. `reason`: why it could not be.

    `fair_share`: from it on an input is important. `has_outcomes`: answers were compared with what
    came true, else with the answers to the untouched rows.
    """

    source: str
    has_outcomes: bool
    rows: int
    loss: float | None
    fair_share: float
    reason: str | None
    measured_at: dt.datetime


class DriftOut(BaseModel):
    """The live version's columns against a baseline; drifting columns first.

    `window`: the one that was judged, longer than `asked_window` when that had too few rows.
    `is_confirmed`: the change of a column lasts; alerts wait for that.
    `moved_share`: of the model's attention, by importance where that is known.
    """

    window: DriftWindow
    asked_window: DriftWindow
    since: dt.datetime
    until: dt.datetime
    baseline: Literal["training", "previous", "provisional"]
    baseline_name: str | None
    verdict: ModelDrift
    verdict_reason: str
    is_confirmed: bool
    persistence: str | None
    moved_share: float
    quality: DataQuality
    quality_reason: str
    rows: int
    computed_at: dt.datetime
    headline: str | None
    importance: ImportanceOut | None
    features: list[FeatureDrift]


class Bin(BaseModel):
    """Shares of one bin in baseline and window."""

    label: str
    low: float | None
    high: float | None
    reference_share: float
    current_share: float


class Quantile(BaseModel):
    """Below which value a share of the rows lies, in baseline and window."""

    share: float
    reference: float
    current: float


class DistributionOut(BaseModel):
    """One column's histogram, baseline beside window. `quantiles`: of numbers."""

    feature: str
    kind: Literal["numeric", "categorical", "text"]
    n_reference: int
    n_current: int
    bins: list[Bin]
    quantiles: list[Quantile]


class MovedRow(BaseModel):
    """One logged row of a column. `is_typical`: from the bin that grew most."""

    prediction_id: str
    row: int
    at: dt.datetime
    value: Any
    prediction: Any
    is_typical: bool


class MovedRows(BaseModel):
    """Rows to look at, those from the bin that grew most first."""

    feature: str
    grown: str | None
    rows: list[MovedRow]


class FleetPerformance(BaseModel):
    """The first metric of the outcomes of a range, with its 95 % interval and their number.

    `few`: fewer than 30, so it says little.
    """

    metric: MetricName
    value: float
    low: float | None
    high: float | None
    n: int
    few: bool


class FleetRow(BaseModel):
    """One deployment at a glance. `reasons`: worst first.

    `owner`: of the model, empty when it is unknown. `coverage`: share of the answered calls that
    have an outcome. It and `performance` are none while no outcome has come, and not over an hour.
    """

    deployment_id: uuid.UUID
    name: str
    environment: str
    model_name: str
    owner: str
    version: int | None
    status: str
    health: Health
    reasons: list[str]
    requests: int
    error_rate: float | None
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    drift: ModelDrift
    drift_reason: str
    is_drift_confirmed: bool
    quality: DataQuality
    quality_reason: str
    live_since: dt.datetime | None
    last_request_at: dt.datetime | None
    coverage: float | None
    performance: FleetPerformance | None
    sparkline: list[int]


class FleetOut(Losses):
    """Every deployment, worst first."""

    range: FleetRange
    rows: list[FleetRow]
    healthy: int
    degraded: int
    failing: int
