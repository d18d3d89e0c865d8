"""Wire shapes of the first page."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import BaseModel, ConfigDict

from modelyard_server.alerts.alert_schemas import AlertRow
from modelyard_server.monitoring.schemas import FleetRow
from modelyard_server.tracking.schemas import RunSummary


class ActivityOut(BaseModel):
    """One change somebody made."""

    model_config = ConfigDict(from_attributes=True)

    at: dt.datetime
    actor_name: str
    action: str
    object_type: str
    object_id: str | None
    object_name: str | None


class StartStep(BaseModel):
    """One of the five things a new workspace sees happen."""

    key: Literal["run", "model", "deployment", "prediction", "drift"]
    done: bool


class HomeOut(BaseModel):
    """Everything the first page shows."""

    steps: list[StartStep]
    run_count: int
    model_count: int
    deployment_count: int
    alerts: list[AlertRow]
    """Open ones, the gravest first."""
    needs_attention: list[FleetRow]
    recent_runs: list[RunSummary]
    recent_activity: list[ActivityOut]
