"""What uploads in parts look like on the wire."""

from __future__ import annotations

import datetime as dt
import uuid

from pydantic import BaseModel, ConfigDict, Field

from modelyard_server.artifacts import uploads
from modelyard_server.settings import Settings


class UploadCreate(BaseModel):
    """A file that is going to come in parts; `path` lies below `runs/<id>` or `models/<id>`."""

    model_config = ConfigDict(extra="forbid")

    path: str
    size_bytes: int = Field(ge=0)
    sha256: str | None = Field(None, pattern=r"^[0-9a-f]{64}$")


class UploadPartOut(BaseModel):
    """A part that is stored whole."""

    number: int
    size_bytes: int
    sha256: str


class UploadOut(BaseModel):
    """An open upload. Send parts of `part_bytes` each, the last one shorter, numbered from 1."""

    id: uuid.UUID
    path: str
    size_bytes: int | None
    sha256: str | None
    part_bytes: int
    parts: list[UploadPartOut]
    forgotten_at: dt.datetime


class UploadedOut(BaseModel):
    """A file that arrived whole."""

    path: str
    size_bytes: int
    sha256: str


def shown(upload: uploads.Upload, parts: list[uploads.UploadPart], settings: Settings) -> UploadOut:
    """Put an upload into its wire shape."""
    return UploadOut(
        id=upload.id,
        path=upload.path,
        size_bytes=upload.size_bytes,
        sha256=upload.sha256,
        part_bytes=settings.artifact_part_mb * 2**20,
        parts=[
            UploadPartOut(number=part.number, size_bytes=part.size_bytes, sha256=part.sha256)
            for part in parts
        ],
        forgotten_at=upload.changed_at + uploads.KEPT,
    )
