"""Wire shapes of dashboards."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from modelyard_server.kernel import texts
from modelyard_server.monitoring.series_schemas import Percentile, SeriesSignal, SeriesWindow

MOST_PANELS, MOST_DEPLOYMENTS = 24, 6
Name = Annotated[str, Field(min_length=1, max_length=100, pattern=texts.NAME)]


class Panel(BaseModel):
    """One signal of some deployments. Without `window` that of the dashboard holds.

    `feature`: a column's drift; without one, the share of attention that moved. `metric`: of
    quality; without one, the first that is known. `width`: thirds of the page.
    """

    model_config = ConfigDict(extra="forbid")

    id: str = Field(pattern=r"^[a-z0-9-]{1,40}$")
    title: str = Field("", max_length=100, pattern=r"^[^\x00-\x1f]*$")
    signal: SeriesSignal
    deployment_ids: list[uuid.UUID] = Field(min_length=1, max_length=MOST_DEPLOYMENTS)
    window: SeriesWindow | None = None
    percentile: Percentile = "p95"
    feature: str | None = Field(None, min_length=1, max_length=500, pattern=r"^[^\x00]*$")
    metric: str | None = Field(None, pattern=r"^[a-z0-9_]{1,40}$")
    width: Literal[1, 2, 3] = 1


class DashboardCreate(BaseModel):
    """A dashboard to make."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    window: SeriesWindow = "24h"
    panels: list[Panel] = Field(default_factory=list, max_length=MOST_PANELS)

    @model_validator(mode="after")
    def _every_panel_once(self) -> Self:
        ids = [panel.id for panel in self.panels]
        if len(set(ids)) != len(ids):
            raise ValueError("Two panels have the same id.")
        if any(len(set(one.deployment_ids)) != len(one.deployment_ids) for one in self.panels):
            raise ValueError("A panel names a deployment twice.")
        return self


class DashboardPut(DashboardCreate):
    """What a dashboard is to be. `version`: the one that was seen."""

    version: int = Field(ge=1, lt=2**31)


class DashboardSummary(BaseModel):
    """A dashboard in the list."""

    id: uuid.UUID
    name: str
    panel_count: int
    updated_at: dt.datetime
    updated_by_name: str


class DashboardOut(BaseModel):
    """A dashboard."""

    model_config = ConfigDict(from_attributes=True)

    id: uuid.UUID
    name: str
    window: SeriesWindow
    panels: list[Panel]
    version: int
    created_at: dt.datetime
    created_by_name: str
    updated_at: dt.datetime
    updated_by_name: str
