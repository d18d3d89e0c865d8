"""What clients see of availability."""

from __future__ import annotations

import datetime as dt

from pydantic import BaseModel, Field

from .probes import Component


class DayOut(BaseModel):
    """One day of one component, in UTC."""

    day: dt.date
    watched_seconds: float
    """How much of the day it was watched."""
    down_seconds: float


class OutageOut(BaseModel):
    """A time in which a component did not do its work."""

    began_at: dt.datetime
    ended_at: dt.datetime | None
    reason: str


class ComponentOut(BaseModel):
    """A part of the installation and its last thirty days."""

    name: Component
    is_up: bool
    watched_since: dt.datetime
    availability: float | None = Field(description="Share of the watched time, 0 to 1.")
    down_seconds: float
    days: list[DayOut]
    outages: list[OutageOut] = Field(description="The newest twenty.")


class StatusOut(BaseModel):
    """How the installation did."""

    objective: float
    budget_seconds: float = Field(description="How long a component may be down in thirty days.")
    components: list[ComponentOut]
