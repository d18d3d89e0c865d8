"""Wire shapes of constraints: what values of a column may be, and which are not."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from .schemas import Window

MOST_COLUMNS, MOST_VALUES = 500, 200
USUAL_SHARE = 0.01
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Real = Annotated[float, Field(allow_inf_nan=False)]
Word = Annotated[str, Field(max_length=500, pattern=r"^[^\x00]*$")]


class ValueType(StrEnum):
    """What a value must be."""

    number = "number"
    integer = "integer"
    boolean = "boolean"
    text = "text"


class Check(StrEnum):
    """One of the things that are asked of a column."""

    missing = "missing"
    type = "type"
    range = "range"
    allowed = "allowed"
    length = "length"


class ColumnConstraint(BaseModel):
    """What is asked of one column; what is left out is not asked.

    `max_missing_share`: of the rows. `max_broken_share`: of the values that are there, for each of
    the other checks. Values are compared as text: 1, 1.0 and "1" are one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    column: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]
    type: ValueType | None = None
    max_missing_share: Share | None = None
    minimum: Real | None = None
    maximum: Real | None = None
    allowed: Annotated[tuple[Word, ...], Field(min_length=1, max_length=MOST_VALUES)] | None = None
    max_length: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    max_broken_share: Share = USUAL_SHARE

    @model_validator(mode="after")
    def _can_be_kept(self) -> Self:
        low, high = self.minimum, self.maximum
        if low is not None and high is not None and low > high:
            raise ValueError("minimum is above maximum")
        if self.allowed is not None and len(set(self.allowed)) < len(self.allowed):
            raise ValueError("an allowed value is named twice")
        return self


class ConstraintsOut(BaseModel):
    """What is asked of a deployment's columns, and what its baseline proposes.

    `version` grows with each change; 0: nobody has chosen, and nothing is asked. `source`: the
    baseline behind the proposal; `is_provisional`: it is only the first live rows.
    """

    version: int
    columns: list[ColumnConstraint]
    proposed: list[ColumnConstraint]
    source: str | None
    is_provisional: bool
    updated_at: dt.datetime | None
    updated_by_name: str | None


class ConstraintsPut(BaseModel):
    """What to ask from now on; an empty list asks nothing.

    `based_on`: the version that was read; refused when somebody changed it meanwhile.
    """

    model_config = ConfigDict(extra="forbid")

    columns: list[ColumnConstraint] = Field(max_length=MOST_COLUMNS)
    based_on: int | None = Field(None, ge=0)

    @model_validator(mode="after")
    def _each_column_once(self) -> Self:
        names = [one.column for one in self.columns]
        if len(set(names)) < len(names):
            raise ValueError("a column is named twice")
        return self


class BrokenRow(BaseModel):
    """A row with a value that is not allowed: of which call, and which of its rows."""

    prediction_id: str
    row: int


class CheckResult(BaseModel):
    """One check of one column over a window.

    `status`: `broken` when more values than allowed do not hold, by more than chance (the lower end
    of Wilson's interval). `examples`: the newest rows.
    """

    column: str
    check: Check
    status: Literal["ok", "broken", "no_data"]
    values: int
    broken: int
    share: float | None
    allowed_share: float
    explain: str
    examples: list[BrokenRow]


class ViolationsOut(BaseModel):
    """How the rows of a window kept the constraints; broken checks first.

    `since`: when the constraints were changed last, if that is inside the window.
    """

    window: Window
    since: dt.datetime
    until: dt.datetime
    version: int
    status: Literal["ok", "broken", "no_data", "none"]
    reason: str
    rows: int
    checks: list[CheckResult]
