"""Wire shapes of outcomes and realised quality."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal, Self

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    model_validator,
)

MAX_OUTCOMES = 10_000  # of one request
MOST_ITEMS = 1000  # of one ranking, and of the relevant ones
Task = Literal["classification", "regression", "ranking"]
QualityRange = Literal["24h", "7d", "30d", "90d"]
Text = Annotated[StrictStr, Field(max_length=500, pattern=r"^[^\x00]*$")]
Whole = Annotated[StrictInt, Field(ge=-(2**63), lt=2**63)]
Real = Annotated[float, Field(allow_inf_nan=False, strict=True)]
Item = Annotated[StrictStr, Field(min_length=1, max_length=200, pattern=r"^[^\x00]*$")] | Whole
Relevant = Annotated[list[Item], Field(min_length=1, max_length=MOST_ITEMS)]
Gain = Annotated[float, Field(allow_inf_nan=False, ge=0, le=1e6)]
Gains = Annotated[
    dict[Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]*$")], Gain],
    Field(min_length=1, max_length=MOST_ITEMS),
]


Named = Annotated[StrictStr, Field(min_length=1, max_length=500, pattern=r"^[^\x00]*$")]
WITHIN_SECONDS = 30 * 86400
Within = Annotated[int, Field(ge=1, le=366 * 86400)]
Unjoined = Literal["entity_unknown", "prediction_too_old", "prediction_later", "same_moment"]


class OutcomeIn(BaseModel):
    """What really came of a prediction. `row`: which row of the call, from 0.

    `value`: a class or a number; of a ranking the relevant items, or the gain of each.

    Instead of the prediction, `entity` may name whom the row was about, by the value of the entity
    column of capture: the latest such row up to `at` is meant, made no earlier than `since`.
    """

    model_config = ConfigDict(extra="forbid")

    prediction_id: str | None = Field(None, min_length=1, max_length=128, pattern=r"^[ -~]+$")
    entity: Named | StrictBool | Whole | Real | None = None
    value: StrictBool | Whole | Real | Text | Relevant | Gains
    at: AwareDatetime | None = None
    """When it was observed; now when left out."""
    since: AwareDatetime | None = None
    row: int = Field(default=0, ge=0, lt=2**31)

    @model_validator(mode="after")
    def _names_one_row(self) -> Self:
        if (self.prediction_id is None) == (self.entity is None):
            raise ValueError("Name either the prediction_id or the entity.")
        if self.entity is None and self.since is not None:
            raise ValueError("The time since which goes with an entity.")
        if self.entity is not None and self.row:
            raise ValueError("The row goes with a prediction_id: an entity names its row itself.")
        if self.since is not None and self.at is not None and self.since > self.at:
            raise ValueError("The time since which lies behind the time it was observed.")
        return self


class OutcomesIn(BaseModel):
    """Many outcomes at once."""

    model_config = ConfigDict(extra="forbid")

    outcomes: list[OutcomeIn] = Field(min_length=1, max_length=MAX_OUTCOMES)


class OutcomeProblem(BaseModel):
    """Why one outcome of a request was not kept, or has no prediction."""

    index: int
    problem: str


class OutcomesReceived(BaseModel):
    """Every outcome is exactly one of matched, waiting, duplicates, corrected and rejected.

    `waiting`: the prediction is not known; matched when it appears within 24 hours.
    `late`: of predictions older than a day, among matched and corrected. `reasons`: why outcomes of
    entities found no prediction; those of `same_moment` are rejected, the others wait as well.
    """

    received: int
    matched: int
    waiting: int
    duplicates: int
    corrected: int
    rejected: int
    late: int
    reasons: dict[Unjoined, int]
    problems: list[OutcomeProblem]


MetricName = Literal[
    "accuracy",
    "precision",
    "recall",
    "f1",
    "auc",
    "log_loss",
    "brier",
    "calibration_error",
    "mae",
    "rmse",
    "mape",
    "r2",
    "ndcg",
    "map",
    "mrr",
    "precision_at_k",
    "recall_at_k",
    "hit_rate",
]


class Measure(BaseModel):
    """One metric with its 95 % interval; `method` names where the interval comes from."""

    name: MetricName
    value: float | None
    low: float | None = None
    high: float | None = None
    method: str | None = None


class ClassQuality(BaseModel):
    """One class: `n` rows really were of it."""

    label: str
    n: int
    measures: list[Measure]


class QualityPoint(BaseModel):
    """One window of predictions. `few`: fewer than 30 outcomes, so it says little.

    `coverage`: share of the answered calls that have an outcome. `maturity`: share of the outcomes
    that should be there by now, from how late earlier ones were. `value`: money, by what the
    deployment's outcomes are worth.
    """

    at: dt.datetime
    n: int
    calls: int
    coverage: float | None
    maturity: float | None
    value: float | None
    few: bool
    measures: list[Measure]


class QualityOut(BaseModel):
    """Realised quality by the time of the prediction. `classes`: up to ten, else none.

    `k`: how many places of a ranking were looked at.
    """

    range: QualityRange
    since: dt.datetime
    until: dt.datetime
    step_seconds: int
    task: Task
    k: int | None
    currency: str | None
    total: QualityPoint
    points: list[QualityPoint]
    classes: list[ClassQuality]
    corrected: int
    waiting: int
    unknown: int
    """Outcomes whose prediction did not appear within 24 hours."""
    median_delay_seconds: int | None


class SliceOut(BaseModel):
    """A part of the rows that loses more than the rest. `excess`: the surplus loss of its rows."""

    feature: str
    label: str
    condition: str
    rows: int
    loss: float
    loss_elsewhere: float
    excess: float
    p_value: float
    q_value: float
    explain: str


class SlicesOut(BaseModel):
    """Where the model is worst, the costliest first.

    `loss`: share wrong, mean distance, or what NDCG over ten places lacks to 1.

    `rows`: with an outcome, among `rows_read` of the `rows_kept`: whole files of rows are left out
    evenly over the time where there are more than 2,000,000.
    """

    range: QualityRange
    task: Task
    rows: int
    rows_kept: int
    rows_read: int
    loss: float | None
    slices: list[SliceOut]


class SliceQuality(BaseModel):
    """Quality of the rows that a condition chooses, beside all of them, of the rows read."""

    range: QualityRange
    condition: str
    task: Task
    n: int
    n_whole: int
    few: bool
    rows_kept: int
    rows_read: int
    measures: list[Measure]
    whole: list[Measure]


class ValueIn(BaseModel):
    """What an outcome is worth, in money. Classes: per cell; numbers: per unit of error.

    `positive`: the class that a true positive is of.
    """

    model_config = ConfigDict(extra="forbid")

    currency: str = Field(default="EUR", pattern=r"^[A-Z]{3}$")
    positive: Text = "1"
    true_positive: Real = 0.0
    false_positive: Real = 0.0
    true_negative: Real = 0.0
    false_negative: Real = 0.0
    per_row: Real = 0.0
    per_unit_of_error: Real = 0.0


class ValueOut(ValueIn):
    """The value per outcome in force."""

    model_config = ConfigDict(extra="ignore")

    updated_at: dt.datetime
