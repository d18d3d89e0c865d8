"""Wire shapes of batch scoring."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from .models import BatchStatus, Format

Known = Annotated[int, Field(ge=1, le=2**31 - 1)]
ResultFormat = Literal["csv", "jsonl", "parquet"]


class BatchFromRun(BaseModel):
    """Score a file that a run logged."""

    model_config = ConfigDict(extra="forbid")

    run_id: str = Field(min_length=1, max_length=64)
    path: str = Field(min_length=1, max_length=1000, description="Below the run's artifacts.")
    version: Known | None = None
    format: Format | None = Field(None, description="By the file's ending when left out.")


class BatchOut(BaseModel):
    """A batch and how far it is."""

    model_config = ConfigDict(from_attributes=True)

    id: uuid.UUID
    deployment_id: uuid.UUID
    deployment_name: str
    version: int | None
    file_name: str
    format: Format
    size_bytes: int
    status: BatchStatus
    rows_done: int
    rows_failed: int
    progress: float
    error: str | None
    created_at: dt.datetime
    started_at: dt.datetime | None
    ended_at: dt.datetime | None
    created_by_name: str
