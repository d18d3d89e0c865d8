"""Wire shapes of rows that are reported by whoever serves a model elsewhere."""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StrictBool

from .outcome_schemas import OutcomesReceived, Real, Text, Whole

MOST_ROWS = 10_000  # of one request
Long = Annotated[str, Field(max_length=5000, pattern=r"^[^\x00]*$")]
Value = StrictBool | Whole | Real | Long | None
Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]+$")]
Said = StrictBool | Whole | Real | Text | list[Real] | dict[Name, StrictBool | Whole | Real | Text]


class ReportedRow(BaseModel):
    """One predicted row. `prediction`: a class, a number, probabilities, or a label with a score.

    Without `prediction_id` one is made; `at` is now when left out; `outcome`: if it is known.
    """

    model_config = ConfigDict(extra="forbid")

    prediction_id: str | None = Field(None, min_length=1, max_length=128, pattern=r"^[ -~]+$")
    at: AwareDatetime | None = None
    inputs: dict[Name, Value] = Field(default_factory=dict, max_length=1000)
    prediction: Said
    latency_ms: float | None = Field(None, ge=0, le=3_600_000)
    outcome: StrictBool | Whole | Real | Text | None = None


class ReportIn(BaseModel):
    """Rows of one version. A new version takes the place of the one before."""

    model_config = ConfigDict(extra="forbid")

    version: int = Field(1, ge=1, le=1_000_000)
    rows: list[ReportedRow] = Field(min_length=1, max_length=MOST_ROWS)


class ReportReceived(BaseModel):
    """What was taken in; counted within seconds. `outcomes`: of rows that had one."""

    received: int
    prediction_ids: list[str]
    outcomes: OutcomesReceived | None
