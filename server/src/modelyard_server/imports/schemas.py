"""Wire shapes of imports."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated

from pydantic import BaseModel, Field

from .models import ImportKind, ImportStatus, ItemKind

SourceId = Annotated[str, Field(min_length=1, max_length=500)]
Fingerprint = Annotated[str, Field(max_length=64)]
Millis = Annotated[int, Field(ge=0, le=253_402_300_799_999)]
Counts = dict[ItemKind, Annotated[int, Field(ge=0)]]


class ImportCreate(BaseModel):
    """Start an import."""

    kind: ImportKind
    source: Annotated[str, Field(min_length=1, max_length=500)]
    planned: Counts


class ImportOut(BaseModel):
    """An import and how far it is; counts are by kind of item."""

    id: uuid.UUID
    kind: ImportKind
    source: str
    status: ImportStatus
    planned: dict[str, int]
    done: dict[str, int]
    unchanged: dict[str, int]
    error: str | None
    started_at: dt.datetime
    heard_at: dt.datetime
    ended_at: dt.datetime | None
    started_by_name: str


class ImportFinish(BaseModel):
    """End an import; with `error` it has failed and can be started again."""

    error: Annotated[str, Field(max_length=2000)] | None = None


class ExperimentIn(BaseModel):
    """An experiment as it was."""

    source_id: SourceId
    name: Annotated[str, Field(min_length=1, max_length=500)]
    tags: dict[str, str] = {}
    created_ms: Millis | None = None
    updated_ms: Millis | None = None
    fingerprint: Fingerprint = ""


class DatasetIn(BaseModel):
    """Data a run read."""

    name: str
    digest: str
    source_type: str
    source: str
    schema_text: str | None = None
    profile_text: str | None = None
    tags: dict[str, str] = {}


class RunIn(BaseModel):
    """A run as it was; `source_id` stays its id when it is 32 hexadecimal digits."""

    source_id: SourceId
    experiment_id: str
    """Ours, as the experiment was answered."""
    name: Annotated[str, Field(min_length=1, max_length=250)]
    user_name: Annotated[str, Field(max_length=256)] = ""
    status: str
    started_ms: Millis
    ended_ms: Millis | None = None
    params: dict[str, str] = {}
    tags: dict[str, str] = {}
    datasets: list[DatasetIn] = []
    fingerprint: Fingerprint = ""


class FileKept(BaseModel):
    """A file that is here already."""

    path: str
    size_bytes: int
    sha256: str


class ItemOut(BaseModel):
    """What an item is called here, and whether it is here already as the source has it."""

    local_id: str
    unchanged: bool
    files: list[FileKept]


class PointIn(BaseModel):
    """A value of a metric; `value` may be "NaN", "Infinity" and "-Infinity" as text."""

    key: Annotated[str, Field(min_length=1, max_length=250)]
    value: float
    at_ms: Millis
    step: Annotated[int, Field(ge=-(2**63), lt=2**63)] = 0


class PointsIn(BaseModel):
    """Values of metrics of one run; the same again changes nothing."""

    run_id: str
    points: Annotated[list[PointIn], Field(max_length=10_000)]


class LoggedModelIn(BaseModel):
    """A logged model as it was."""

    source_id: SourceId
    experiment_id: str
    run_id: str | None = None
    name: Annotated[str, Field(min_length=1, max_length=500)]
    model_type: str | None = None
    status: str
    created_ms: Millis
    updated_ms: Millis
    params: dict[str, str] = {}
    tags: dict[str, str] = {}
    fingerprint: Fingerprint = ""


class ModelIn(BaseModel):
    """A registered model as it was."""

    name: SourceId
    description: str = ""
    tags: dict[str, str] = {}
    created_ms: Millis
    updated_ms: Millis
    fingerprint: Fingerprint = ""


class VersionIn(BaseModel):
    """A model version as it was. Its files must be here: those of its run or logged model."""

    model: SourceId
    number: Annotated[int, Field(ge=1, le=1_000_000)]
    source: Annotated[str, Field(min_length=1, max_length=2000)]
    """`runs:/<run id>/<path>` or `models:/<logged model id>`."""
    run_id: str | None = None
    description: str = ""
    stage: str = "None"
    tags: dict[str, str] = {}
    aliases: list[str] = []
    created_ms: Millis
    updated_ms: Millis
    user_name: Annotated[str, Field(max_length=320)] = ""
    fingerprint: Fingerprint = ""


class ItemComplete(BaseModel):
    """Say that all of an item has arrived."""

    kind: ItemKind
    source_id: SourceId
    fingerprint: Fingerprint
    is_deleted: bool = False
    """It was deleted at the source; it is here, too, and can be restored."""


def counts(given: dict[ItemKind, int]) -> dict[str, int]:
    """Give counts as they are stored."""
    return {kind.value: number for kind, number in given.items()}
