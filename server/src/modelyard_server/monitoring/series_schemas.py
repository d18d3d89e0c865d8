"""Wire shapes of one signal over time."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Literal

from pydantic import BaseModel

SeriesSignal = Literal[
    "traffic",
    "errors",
    "latency",
    "drift",
    "data_quality",
    "accuracy",
    "coverage",
    "value",
]
SeriesWindow = Literal["1h", "24h", "7d", "30d", "90d", "1y"]
Percentile = Literal["p50", "p95", "p99"]
Unit = Literal["per_minute", "share", "ms", "score", "columns", "number", "money"]


class SeriesPoint(BaseModel):
    """One step of time. `estimate`: of quality, without outcomes; `low`, `high`: 95 % interval."""

    at: dt.datetime
    value: float | None
    estimate: float | None = None
    low: float | None = None
    high: float | None = None


class SeriesOut(BaseModel):
    """One signal of a deployment over time, from counts that are kept for the window.

    `window`: the one that was read; outcomes are known per hour of a day at the finest and for 90
    days. `metric`: of quality. `note`: why there is nothing to show.
    """

    deployment_id: uuid.UUID
    deployment_name: str
    environment: str
    signal: SeriesSignal
    window: SeriesWindow
    since: dt.datetime
    until: dt.datetime
    step_seconds: int
    unit: Unit
    currency: str | None = None
    metric: str | None = None
    total: float | None
    points: list[SeriesPoint]
    note: str | None = None
