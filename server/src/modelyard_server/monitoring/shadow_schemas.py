"""Wire shapes of the report on a shadow revision."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from pydantic import BaseModel


class ShadowSlice(BaseModel):
    """A part of the inputs where the shadow disagrees more than elsewhere."""

    feature: str
    label: str
    condition: str
    rows: int
    disagreement: float
    elsewhere: float
    q_value: float


class ShadowExample(BaseModel):
    """One row on which both disagree, or a copy that failed."""

    prediction_id: str
    at: dt.datetime
    inputs: dict[str, Any] | None
    live: Any
    shadow: Any
    error: str | None


class ShadowOut(BaseModel):
    """How a shadow revision answered copies of live calls."""

    deployment_id: uuid.UUID
    revision: int
    version: int
    is_running: bool
    percent: int | None
    """Of the calls, while it runs."""
    since: dt.datetime | None
    calls: int
    failed: int
    """Calls it failed although the live revision answered."""
    dropped: int
    """Copies thrown away because it did not keep up; callers never wait."""
    rows: int
    """Predictions compared."""
    differing: int
    disagreement: float | None
    disagreement_low: float | None
    disagreement_high: float | None
    """95 % interval."""
    p50_ms: float | None
    """Time in the model."""
    p95_ms: float | None
    live_p50_ms: float | None
    live_p95_ms: float | None
    sampled_rows: int
    slices: list[ShadowSlice]
    examples: list[ShadowExample]
