"""Wire shapes of drift that only columns together show."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import BaseModel

from .schemas import Window


class JointError(BaseModel):
    """Mean reconstruction error of the window. `effect`: in standard deviations of one row's."""

    value: float
    expected: float
    low: float
    high: float
    effect: float
    is_out: bool


class JointPair(BaseModel):
    """Two columns: their rank correlation in baseline and window. `n`: rows with both."""

    first: str
    second: str
    reference: float
    current: float
    n: int
    q_value: float
    is_drifting: bool


class JointDistance(BaseModel):
    """A column of vectors: how far its middle is from the baseline's, in standard deviations.

    Net of what `n` rows are away by chance (`noise`).
    """

    name: str
    dimensions: int
    distance: float
    noise: float
    n: int
    p_value: float
    is_drifting: bool


class JointPoint(BaseModel):
    """One step of time. `is_out`: of its own band, which is wider with fewer rows."""

    at: dt.datetime
    n: int
    error: float | None
    low: float | None
    high: float | None
    is_out: bool


class JointDriftOut(BaseModel):
    """Inputs of the live version together, against the baseline; windows of whole hours.

    `is_confirmed`: so in two of the last three windows; alerts wait for that. `rows`: those looked
    at, an even sample of each hour. `pairs`: the most changed. `left_out`: column and why.
    """

    window: Window
    since: dt.datetime
    until: dt.datetime
    verdict: Literal["ok", "drifting", "not_enough_data", "no_reference"]
    verdict_reason: str
    is_confirmed: bool
    persistence: str | None
    baseline: Literal["training", "provisional"] | None
    baseline_name: str | None
    baseline_rows: int
    rows: int
    columns: list[str]
    components: int
    explained: float
    error: JointError | None
    pairs: list[JointPair]
    distances: list[JointDistance]
    left_out: dict[str, str]
    points: list[JointPoint]
    computed_at: dt.datetime | None
