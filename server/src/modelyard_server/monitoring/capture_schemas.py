"""Wire shapes of capture: what is kept of calls."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from .policy import RETENTION_DAYS, Keep
from .schemas import Losses

ColumnName = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]


class CaptureColumn(BaseModel):
    """One input. `is_sensitive`: its name says that it is about a person's identity."""

    name: str
    keep: Keep
    is_sensitive: bool


class CaptureOut(Losses):
    """What is kept, and how much there is.

    `sampled_out`: calls whose rows the rate left out, in 90 days.
    """

    rate: float
    retention_days: int
    entity_column: str | None
    columns: list[CaptureColumn]
    rows: int
    size_bytes: int
    segments: int
    first_at: dt.datetime | None
    last_at: dt.datetime | None
    sampled_out: int


class CapturePut(BaseModel):
    """What to keep from now on. Columns that are not named follow their name."""

    model_config = ConfigDict(extra="forbid")

    columns: dict[ColumnName, Keep] = Field(default_factory=dict, max_length=500)
    rate: float = Field(default=1.0, ge=0, le=1, allow_inf_nan=False)
    retention_days: int = Field(default=RETENTION_DAYS, ge=1, le=3650)
    entity_column: ColumnName | None = None


class ErasureIn(BaseModel):
    """Whom to erase. `column`: the input that names them; the entity column when left out."""

    model_config = ConfigDict(extra="forbid")

    value: str = Field(min_length=1, max_length=500, pattern=r"^[^\x00]*$")
    column: ColumnName | None = None


class Erased(BaseModel):
    """What is gone. `rows` were in `segments` files; `logged_calls` in the prediction log."""

    calls: int
    rows: int
    segments: int
    logged_calls: int
