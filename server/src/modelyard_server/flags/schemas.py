"""Wire shapes of flags."""

from __future__ import annotations

import datetime as dt
import uuid

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field


class FlagsOut(BaseModel):
    """Flag key → whether it is on for whoever asks, in this workspace."""

    flags: dict[str, bool]


class PersonRule(BaseModel):
    user_id: uuid.UUID
    name: str
    is_on: bool


class FlagOut(BaseModel):
    key: str
    title: str
    description: str
    plan: list[str]
    default_on: bool
    is_killed: bool
    percentage: int
    starts_at: dt.datetime | None
    ends_at: dt.datetime | None
    organisation: bool | None
    """The decision for this organisation; `null`: none of its own."""
    people: list[PersonRule]
    is_on: bool
    why: str
    added_on: dt.date
    remove_by: dt.date
    stale: str | None
    updated_at: dt.datetime | None
    updated_by_name: str | None
    may_change_installation: bool


class FlagRuleSet(BaseModel):
    model_config = ConfigDict(extra="forbid")

    default_on: bool
    is_killed: bool = False
    percentage: int = Field(0, ge=0, le=100)
    starts_at: AwareDatetime | None = None
    ends_at: AwareDatetime | None = None


class FlagDecision(BaseModel):
    model_config = ConfigDict(extra="forbid")

    is_on: bool | None
    """`null` takes the decision back."""
