"""Wire shapes of throttling."""

from __future__ import annotations

import datetime as dt
import uuid

from pydantic import BaseModel, ConfigDict, Field

from .classes import RouteClass, Subject


class RateLimitSet(BaseModel):
    model_config = ConfigDict(extra="forbid")

    route_class: RouteClass
    subject: Subject
    subject_id: uuid.UUID | None = None
    """A person's or token's id; `null`: everybody of the workspace."""
    per_minute: int = Field(ge=1, le=100_000_000)
    burst: int | None = Field(None, ge=1, le=100_000_000)


class RateLimitOut(BaseModel):
    id: uuid.UUID | None
    """`null`: the default."""
    route_class: RouteClass
    subject: Subject
    subject_id: uuid.UUID | None
    per_minute: int
    burst: int
    updated_at: dt.datetime | None
    updated_by_name: str | None


class RateLimitsOut(BaseModel):
    is_shared: bool
    """Counted together with other processes at the moment, through Redis."""
    has_redis: bool
    limits: list[RateLimitOut]
