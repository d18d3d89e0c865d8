"""Wire shapes of what safeguards held against."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import BaseModel

from .schemas import Window


class HeldRow(BaseModel):
    """A row of a call that a safeguard held against."""

    prediction_id: str
    row: int


class HeldCount(BaseModel):
    """One safeguard over a window. `share`: of all calls. `action` and `asks`: what holds now.

    Both are `null` where the safeguard has been removed since.
    """

    name: str
    asks: str | None
    action: Literal["flag", "default", "refuse"] | None
    calls: int
    rows: int
    share: float | None
    examples: list[HeldRow]
    points: list[int]


class HeldOut(BaseModel):
    """How often safeguards held against calls; the busiest first. `calls`: of the window.

    `points`: calls per step of `step_seconds`, from `since`.
    """

    window: Window
    since: dt.datetime
    until: dt.datetime
    step_seconds: int
    calls: int
    safeguards: list[HeldCount]
