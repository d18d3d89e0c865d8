"""Wire shapes of the registry."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class ModelOut(BaseModel):
    id: uuid.UUID
    name: str
    description: str
    tags: dict[str, str]
    aliases: dict[str, int]
    latest_version: int | None
    version_count: int
    framework: str | None
    created_at: dt.datetime
    updated_at: dt.datetime
    created_by_name: str
    is_sample: bool
    deployments: list[str]
    licence: str
    task: str
    owner_id: uuid.UUID | None
    owner_name: str
    protected_aliases: list[str]
    """Of the workspace: moving these needs `aliases.move_protected`."""


class ModelPatch(BaseModel):
    description: str | None = Field(None, max_length=100_000)
    licence: str | None = Field(None, max_length=100)
    task: str | None = Field(None, max_length=60)
    owner_id: uuid.UUID | None = None


class TagSet(BaseModel):
    value: str = Field(max_length=100_000)


class ColumnOut(BaseModel):
    name: str
    dtype: str
    required: bool
    shape: list[int] | None


class CheckOut(BaseModel):
    name: Literal["package", "environment", "prediction"]
    status: Literal["pending", "running", "passed", "failed", "skipped"]
    summary: str
    details: dict[str, Any] | None
    finished_at: dt.datetime | None


class ScanReasonOut(BaseModel):
    level: Literal["notice", "suspicious", "blocked"]
    path: str
    says: str


class ScanOut(BaseModel):
    """What the scan of the version's content came to."""

    model_config = ConfigDict(from_attributes=True)

    verdict: Literal["clean", "suspicious", "blocked"]
    reasons: list[ScanReasonOut]
    format: str
    format_path: str | None
    format_evidence: str
    scanned_at: dt.datetime
    released_at: dt.datetime | None
    released_by_name: str | None
    release_reason: str | None


class ScanRelease(BaseModel):
    reason: str = Field(min_length=10, max_length=2_000)


class VersionOut(BaseModel):
    model_id: uuid.UUID
    model_name: str
    version: int
    description: str
    stage: str
    status: str
    status_message: str | None
    run_id: str | None
    source: str
    digest: str | None
    size_bytes: int | None
    framework: str | None
    flavors: list[str]
    inputs: list[ColumnOut]
    outputs: list[ColumnOut]
    input_example: Any | None
    reference_prediction: list[Any] | None
    reference_source: str | None
    requirements: list[str]
    python_version: str | None
    aliases: list[str]
    tags: dict[str, str]
    checks: list[CheckOut]
    scan: ScanOut | None
    """`None` until it was scanned."""
    obstacle: str | None
    """Why it cannot be served."""
    created_at: dt.datetime
    created_by_name: str


class VersionFileOut(BaseModel):
    path: str
    is_dir: bool
    size_bytes: int | None
    sha256: str | None


class AliasSet(BaseModel):
    version: int = Field(ge=1, le=2**31 - 1)
