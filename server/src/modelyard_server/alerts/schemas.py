"""Wire shapes of rules, silences and the policy."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from modelyard_server.kernel import texts
from modelyard_server.notifications.ports import Severity

from .conditions import Cause, Condition

RuleState = Literal["ok", "pending", "firing", "recovering", "no_data"]
Text = Annotated[str, Field(min_length=1, max_length=500, pattern=texts.PROSE)]
Name = Annotated[str, Field(min_length=1, max_length=200, pattern=texts.NAME)]
Hold = Annotated[int, Field(ge=0, le=7 * 86_400)]
Runbook = Annotated[str, Field(max_length=2000, pattern=r"^https?://[!-~]+$")]


class RuleCreate(BaseModel):
    """When a condition of a deployment holds for a time, tell channels."""

    model_config = ConfigDict(extra="forbid")

    deployment_id: uuid.UUID
    name: Name
    condition: Condition
    severity: Severity = "warning"
    hold_seconds: Hold = 300
    recover_seconds: Hold = 300
    channel_ids: list[uuid.UUID] = Field(default_factory=list, max_length=20)
    owner_id: uuid.UUID | None = None
    runbook_url: Runbook | None = None


class RulePatch(BaseModel):
    """What is left out stays."""

    model_config = ConfigDict(extra="forbid")

    name: Name | None = None
    condition: Condition | None = None
    severity: Severity | None = None
    hold_seconds: Hold | None = None
    recover_seconds: Hold | None = None
    channel_ids: list[uuid.UUID] | None = Field(None, max_length=20)
    owner_id: uuid.UUID | None = None
    runbook_url: Runbook | None = None
    is_enabled: bool | None = None


class RuleOut(BaseModel):
    """A rule with what it saw last. Without `channel_ids` the default channels are told."""

    id: uuid.UUID
    deployment_id: uuid.UUID
    deployment_name: str
    environment: str
    name: str
    condition: Condition
    cause: Cause
    severity: Severity
    hold_seconds: int
    recover_seconds: int
    channel_ids: list[uuid.UUID]
    owner_id: uuid.UUID | None
    runbook_url: str | None
    is_default: bool
    is_enabled: bool
    version: int
    state: RuleState
    state_since: dt.datetime | None
    value: float | None
    limit: float | None
    text: str
    evaluated_at: dt.datetime | None
    updated_at: dt.datetime
    created_by_name: str


class RuleChange(BaseModel):
    """One change of a rule."""

    at: dt.datetime
    by_name: str
    action: str
    before: dict[str, object] | None
    after: dict[str, object] | None


class PreviewIn(BaseModel):
    """A rule to try on what is stored."""

    model_config = ConfigDict(extra="forbid")

    deployment_id: uuid.UUID
    condition: Condition
    hold_seconds: Hold = 300
    recover_seconds: Hold = 300
    days: int = Field(30, ge=1, le=30)


class Fired(BaseModel):
    """One time it would have fired; `until` is `None` while it would fire still."""

    since: dt.datetime
    until: dt.datetime | None


class PreviewPoint(BaseModel):
    """Value and limit at one instant."""

    at: dt.datetime
    value: float | None
    limit: float | None


class PreviewOut(BaseModel):
    """What a rule would have done. `known_share`: of the evaluations that had enough data."""

    since: dt.datetime
    until: dt.datetime
    step_seconds: int
    fired: list[Fired]
    firing_seconds: int
    known_share: float
    sentence: str
    points: list[PreviewPoint]


class SilenceCreate(BaseModel):
    """Empty members match everything. With `repeats` it is a maintenance window."""

    model_config = ConfigDict(extra="forbid")

    deployment_id: uuid.UUID | None = None
    cause: Cause | None = None
    severity: Severity | None = None
    starts_at: AwareDatetime | None = None
    ends_at: AwareDatetime
    repeats: Literal["never", "daily", "weekly"] = "never"
    reason: Text


class SilenceOut(BaseModel):
    """A silence or maintenance window."""

    model_config = ConfigDict(from_attributes=True)

    id: uuid.UUID
    deployment_id: uuid.UUID | None
    cause: Cause | None
    severity: Severity | None
    starts_at: dt.datetime
    ends_at: dt.datetime
    repeats: Literal["never", "daily", "weekly"]
    reason: str
    created_at: dt.datetime
    created_by_name: str


class PolicyValues(BaseModel):
    """How patient a workspace is; `escalate_minutes` 0: never."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)

    group_wait_seconds: int = Field(30, ge=0, le=3600)
    repeat_minutes: int = Field(240, ge=5, le=7 * 1440)
    escalate_minutes: int = Field(30, ge=0, le=7 * 1440)
    escalation_channel_ids: list[uuid.UUID] = Field(default_factory=list, max_length=20)


class Snooze(BaseModel):
    """Until when nobody is told."""

    model_config = ConfigDict(extra="forbid")

    minutes: int = Field(ge=5, le=30 * 1440)


class Assignment(BaseModel):
    """Whose alert it is; `null`: nobody's."""

    model_config = ConfigDict(extra="forbid")

    user_id: uuid.UUID | None


class Remark(BaseModel):
    """Something to note on the alert."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, Field(min_length=1, max_length=5000, pattern=texts.PROSE)]


Resolution = Literal["fixed", "rolled_back", "bad_data", "expected", "false_alarm", "other"]


class Resolve(BaseModel):
    """What it was."""

    model_config = ConfigDict(extra="forbid")

    resolution: Resolution
    note: str | None = Field(None, max_length=5000, pattern=r"^[^\x00]*$")


class RollBack(BaseModel):
    """Return to the previous good revision, or a named one."""

    model_config = ConfigDict(extra="forbid")

    revision: int | None = None
    reason: str | None = Field(None, max_length=2000, pattern=r"^[^\x00]*$")


class Shift(BaseModel):
    """A share of the traffic for the other revision, as the preview showed it."""

    model_config = ConfigDict(extra="forbid")

    revision: int
    percent: int = Field(ge=1, le=99)
    reason: str | None = Field(None, max_length=2000, pattern=r"^[^\x00]*$")


class Mute(BaseModel):
    """A column that its drift rules shall leave out."""

    model_config = ConfigDict(extra="forbid")

    feature: Text


class Adjust(BaseModel):
    """What a rule behind an alert shall ask from now on."""

    model_config = ConfigDict(extra="forbid")

    rule_id: uuid.UUID
    condition: Condition
