"""Wire shapes of traffic."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class KeyCreate(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=120)
    scopes: list[Literal["predict", "feedback"]] = Field(["predict"], min_length=1)
    expires_at: dt.datetime | None = None
    requests_per_minute: int | None = Field(None, ge=1, le=1_000_000)
    requests_per_month: int | None = Field(None, ge=1, le=2_000_000_000)
    """Quota, counted by calendar month of UTC."""
    tokens_per_month: int | None = Field(None, ge=1, le=1_000_000_000_000)
    """Quota of tokens, read and written together; of language models alone."""


class KeyOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: uuid.UUID
    name: str
    public_id: str
    scopes: list[str]
    created_at: dt.datetime
    expires_at: dt.datetime | None
    requests_per_minute: int | None
    requests_per_month: int | None
    tokens_per_month: int | None
    calls_this_month: int | None = None
    """Only keys with a limit or a quota are counted."""
    tokens_this_month: int | None = None
    """Only keys with a quota of tokens are counted."""
    last_used_at: dt.datetime | None
    replaced_by: str | None
    """Public id of the key that was made in its place when it was rotated."""


class KeyRotate(BaseModel):
    model_config = ConfigDict(extra="forbid")

    overlap_hours: float = Field(24, ge=0, le=24 * 90)
    """How long the old key works beside the new one."""


class KeyCreated(KeyOut):
    key: str


class TryRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    path: Literal[
        "predict", "invocations", "v1/chat/completions", "v1/completions", "v1/embeddings"
    ] = "predict"
    version: int | None = Field(None, ge=1, le=999_999_999)
    """The version that is to answer, of those that get traffic; `null`: as traffic is shared."""
    body: Any

    @model_validator(mode="after")
    def _pins_predictions_only(self) -> TryRequest:
        if self.version is not None and self.path != "predict":
            raise ValueError("version goes with the path predict")
        return self


class StreamRequest(BaseModel):
    """A call of a language model whose answer is read as it is written."""

    model_config = ConfigDict(extra="forbid")

    path: Literal["v1/chat/completions", "v1/completions"] = "v1/chat/completions"
    body: dict[str, Any]
    """As OpenAI's API has it, with `stream`."""


class TryOut(BaseModel):
    status: int
    latency_ms: float
    headers: dict[str, str]
    body: Any


class TokenSums(BaseModel):
    """Calls of a language model, and the tokens it read (`prompt`) and wrote (`completion`)."""

    calls: int
    prompt: int
    completion: int


class TokenPoint(TokenSums):
    """One step of time."""

    at: dt.datetime


class TokensByVersion(TokenSums):
    """What one version did."""

    version: int


class TokensByKey(TokenSums):
    """What was done for one key. `name`: nothing once the key was revoked."""

    key_id: str
    name: str | None


class TokensOut(BaseModel):
    """Tokens of an endpoint. `per_minute`: the mean of the last five minutes."""

    window: str
    step_seconds: int
    ever: TokenSums
    total: TokenSums
    per_minute: float
    points: list[TokenPoint]
    by_version: list[TokensByVersion]
    by_key: list[TokensByKey]
