"""Wire shapes of the storage of a workspace."""

from __future__ import annotations

import datetime as dt
import uuid

from pydantic import BaseModel, ConfigDict

from .models import CollectionState


class ShareOut(BaseModel):
    """What one kind of thing keeps, each file counted by itself."""

    kind: str
    files: int
    size_bytes: int


class SumOut(BaseModel):
    """How many contents, and how much they hold."""

    count: int
    size_bytes: int


class GarbageOut(BaseModel):
    """Content that nothing holds."""

    sha256: str
    size_bytes: int
    arrived_at: dt.datetime
    is_due: bool
    goes_after: dt.datetime


class ExpiredOut(BaseModel):
    """Something deleted that has lain in its bin for its time."""

    kind: str
    name: str
    size_bytes: int


class ReportOut(BaseModel):
    """What a look through the store found."""

    stored: SumOut
    due: SumOut
    waiting: SumOut
    expired_count: int
    expired_bytes: int
    expired: list[ExpiredOut]
    items: list[GarbageOut]


class CollectionOut(BaseModel):
    """One look through the store for content that nothing holds."""

    model_config = ConfigDict(from_attributes=True)

    id: uuid.UUID
    is_dry_run: bool
    is_scheduled: bool
    state: CollectionState
    started_by_name: str
    created_at: dt.datetime
    finished_at: dt.datetime | None
    error: str | None
    removed_count: int
    removed_bytes: int
    expired_count: int
    report: ReportOut | None


class StorageOut(BaseModel):
    """What a workspace keeps, and what could go."""

    used_bytes: int
    quota_bytes: int | None
    shares: list[ShareOut]
    contents: int
    stored_bytes: int
    garbage: int
    garbage_bytes: int
    grace_hours: float
    collections: list[CollectionOut]


class CollectionCreate(BaseModel):
    """Asks for a look through the store."""

    model_config = ConfigDict(extra="forbid")

    dry_run: bool = False
