"""Wire shapes of channels and deliveries. Secrets only ever come in."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, EmailStr, Field

from modelyard_server.kernel import texts

from .ports import Event, Kind, Severity

DeliveryState = Literal["waiting", "delivered", "dead", "held", "digested"]
MAX_RECIPIENTS = 20
Url = Annotated[str, Field(min_length=9, max_length=2000, pattern=r"^https?://[!-~]+$")]
Name = Annotated[str, Field(min_length=1, max_length=120, pattern=texts.NAME)]


class ChannelCreate(BaseModel):
    """E-mail needs `recipients`; Slack, Teams and webhook `url`; PagerDuty `routing_key`."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    kind: Kind
    recipients: list[EmailStr] = Field(default_factory=list, max_length=MAX_RECIPIENTS)
    url: Url | None = None
    routing_key: str | None = Field(None, min_length=16, max_length=64, pattern=r"^[A-Za-z0-9]+$")
    least_severity: Severity = "info"
    hourly_cap: int = Field(30, ge=1, le=1000)
    is_default: bool = True


class ChannelPatch(BaseModel):
    """What is left out stays."""

    model_config = ConfigDict(extra="forbid")

    name: Name | None = None
    recipients: list[EmailStr] | None = Field(None, min_length=1, max_length=MAX_RECIPIENTS)
    url: Url | None = None
    routing_key: str | None = Field(None, min_length=16, max_length=64, pattern=r"^[A-Za-z0-9]+$")
    least_severity: Severity | None = None
    hourly_cap: int | None = Field(None, ge=1, le=1000)
    is_default: bool | None = None
    is_enabled: bool | None = None


class ChannelOut(BaseModel):
    """A channel. `target`: recipients, or the host of its address."""

    id: uuid.UUID
    name: str
    kind: Kind
    recipients: list[str]
    target: str
    is_enabled: bool
    is_default: bool
    least_severity: Severity
    hourly_cap: int
    created_at: dt.datetime
    created_by_name: str
    last_delivered_at: dt.datetime | None
    dead_letters: int


class ChannelMade(ChannelOut):
    """A new channel; `signing_secret` of a webhook is shown here and never again."""

    signing_secret: str | None


class SigningSecret(BaseModel):
    """The new secret of a webhook. The old one signs nothing any more."""

    signing_secret: str


class DeliveryOut(BaseModel):
    """One notice to one channel. `message_id` is what the receiver got as `webhook-id`."""

    id: uuid.UUID
    channel_id: uuid.UUID
    channel_name: str
    kind: Kind
    event: Event
    thread: str
    title: str
    state: DeliveryState
    attempts: int
    next_at: dt.datetime | None
    last_error: str | None
    created_at: dt.datetime
    delivered_at: dt.datetime | None


class TestOut(BaseModel):
    """Whether the test message was taken, and why not."""

    delivered: bool
    error: str | None
