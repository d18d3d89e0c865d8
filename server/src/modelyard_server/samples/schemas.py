"""Wire shapes of sample projects."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Literal

from pydantic import BaseModel, Field

StepKey = Literal["train", "register", "deploy", "traffic", "drift"]


class SampleStep(BaseModel):
    """One step of an installation."""

    key: StepKey
    title: str
    status: Literal["pending", "running", "done", "failed"]
    detail: str
    seconds: float | None


class SampleInstall(BaseModel):
    """How far an installed sample is, and what it made."""

    key: str
    status: Literal["installing", "ready", "failed", "removing"]
    steps: list[SampleStep]
    error: str | None
    experiment_id: str | None
    run_id: str | None
    model_id: uuid.UUID | None
    deployment_id: uuid.UUID | None
    started_at: dt.datetime


class SampleOut(BaseModel):
    """A sample project that can be installed."""

    key: str
    title: str
    summary: str
    source: str
    licence: str
    caution: str
    install: SampleInstall | None


class ReplayRequest(BaseModel):
    """Send more traffic to an installed sample."""

    drift: bool = False
    rows: int = Field(500, ge=1, le=5000)
