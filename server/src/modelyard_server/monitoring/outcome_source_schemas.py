"""Wire shapes of data connections that outcomes are pulled from."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from .outcome_schemas import WITHIN_SECONDS, Unjoined, Within

Line = Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f]+$")]
Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]+$")]
Host = Annotated[str, Field(min_length=1, max_length=253, pattern=r"^[A-Za-z0-9._:-]+$")]
Url = Annotated[str, Field(min_length=1, max_length=2000)]
Secret = Annotated[str, Field(min_length=1, max_length=2000, pattern=r"^[\x20-\x7e]+$")]
SHOWN_PULLS = 20
PART_ROWS = 5_000
"""Kept in one transaction."""
MOST_ROWS = 1_000_000
"""Of one pull of a database, where the next one goes on, or of a file."""
SHOWN_COLUMNS, LONGEST_EXAMPLE = 200, 60


class DatabasePlace(BaseModel):
    """A PostgreSQL database. `query`: one SELECT, or the name of a table.

    `growing`: a column that is highest in the newest rows, such as when they were written; without
    one everything is read every time. `tls`: `verify` also checks the certificate; `off` is for
    networks of the operator's own.
    """

    model_config = ConfigDict(extra="forbid")

    kind: Literal["postgresql"]
    host: Host
    port: int = Field(5432, ge=1, le=65535)
    database: Line
    user: Line
    password: Secret | None = None
    query: str = Field(min_length=1, max_length=20_000, pattern=r"^[^\x00]+$")
    growing: Name | None = None
    tls: Literal["verify", "encrypt", "off"] = "verify"


class WebPlace(BaseModel):
    """A CSV or Parquet file behind an address. `token`: sent as `Authorization: Bearer`."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["https"]
    url: Url | None = None
    token: Secret | None = None


class BucketPlace(BaseModel):
    """A CSV or Parquet object in an S3-compatible store. No `endpoint`: Amazon's of the region."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["s3"]
    endpoint: Annotated[str, Field(min_length=1, max_length=500)] | None = None
    region: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")] = "us-east-1"
    bucket: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")]
    object: Annotated[str, Field(min_length=1, max_length=1000, pattern=r"^[^\x00-\x1f]+$")]
    access_key_id: Annotated[str, Field(pattern=r"^[\x21-\x7e]{1,200}$")]
    secret_access_key: Secret | None = None


Place = DatabasePlace | WebPlace | BucketPlace


class OutcomeColumns(BaseModel):
    """Which column is what. `at`: when it was observed; `row`: of a call with several rows.

    Instead of the prediction's id, `entity` with `at` may say whom the predicted row was about; it
    was made at most `within_seconds` before, or since the time in `since`.
    """

    model_config = ConfigDict(extra="forbid")

    prediction_id: Name | None = None
    value: Name = "value"
    at: Name | None = None
    row: Name | None = None
    entity: Name | None = None
    since: Name | None = None
    within_seconds: Within = WITHIN_SECONDS

    @model_validator(mode="after")
    def _names_rows(self) -> Self:
        if self.entity is None and self.prediction_id is None:
            self.prediction_id = "prediction_id"
        if self.entity is not None and (self.prediction_id or self.row):
            raise ValueError("Name the columns of the prediction, or that of the entity.")
        if self.entity is not None and self.at is None:
            raise ValueError("An entity needs the column that says when it was observed.")
        if self.entity is None and self.since is not None:
            raise ValueError("The time since which goes with an entity.")
        return self

    def named(self) -> dict[str, str]:
        """Give which column each part of an outcome is in; what names its row comes first."""
        every = {
            "prediction_id": self.prediction_id,
            "entity": self.entity,
            "value": self.value,
            "at": self.at,
            "row": self.row,
            "since": self.since,
        }
        return {part: column for part, column in every.items() if column is not None}


class OutcomeSourceLook(BaseModel):
    """A place to look at. A secret that is kept need not be given again."""

    model_config = ConfigDict(extra="forbid")

    place: Annotated[Place, Field(discriminator="kind")]


class SourceColumn(BaseModel):
    """A column of a place, with its first value as text."""

    name: str
    type: str
    example: str | None


class SourceColumns(BaseModel):
    """What is there to be mapped."""

    columns: list[SourceColumn]


class OutcomeSourcePut(OutcomeSourceLook):
    """Where outcomes are pulled from. A secret left out stays, as long as its place does."""

    columns: OutcomeColumns
    every_minutes: int = Field(60, ge=5, le=10_080)
    is_enabled: bool = True


class PullIn(BaseModel):
    """`from_start`: read everything again, also what was read before."""

    model_config = ConfigDict(extra="forbid")

    from_start: bool = False


class PullCounts(BaseModel):
    """What came of the rows of one pull, as for outcomes that are sent."""

    received: int = 0
    matched: int = 0
    waiting: int = 0
    duplicates: int = 0
    corrected: int = 0
    rejected: int = 0
    late: int = 0
    reasons: dict[Unjoined, int] = {}
    problems: list[str] = []


class PullOut(BaseModel):
    """One pull. `asked_by_name`: nobody when it was due; `error`: why it stopped, and what to do.

    Counts grow while it runs, with the outcomes that are kept.
    """

    started_at: dt.datetime
    ended_at: dt.datetime | None
    asked_by_name: str | None
    counts: PullCounts
    error: str | None


class OutcomeSourceOut(BaseModel):
    """A data connection. `read_to`: the highest value of the growing column that was read.

    `is_pulling`: a pull runs, or is about to.
    """

    place: dict[str, str | int | None]
    columns: OutcomeColumns
    target: str
    every_minutes: int
    is_enabled: bool
    is_pulling: bool
    read_to: str | None
    next_at: dt.datetime
    updated_at: dt.datetime
    updated_by_name: str
    pulls: list[PullOut]
