"""What a dashboard's panels show, as it changes: only series that are not as their reader knows."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any, cast

from sqlalchemy.orm import Session

from modelyard_server.artifacts.ports import BlobStore
from modelyard_server.kernel import resuming
from modelyard_server.kernel.errors import NotFound
from modelyard_server.kernel.recent import Recent
from modelyard_server.kernel.streaming import Event
from modelyard_server.monitoring import series
from modelyard_server.monitoring.series_schemas import SeriesOut, SeriesSignal, SeriesWindow
from modelyard_server.workspaces.access import Actor

from . import service
from .schemas import Panel

COUNTED_SECONDS = 1.0  # calls are counted all the time, and read cheaply
JUDGED_SECONDS = 15.0  # verdicts and outcomes come in minutes
_COUNTED: frozenset[SeriesSignal] = frozenset({"traffic", "errors", "latency"})
Said = dict[str, Any]
"""A series as JSON, or why there is none."""


class Readings(Recent[Said]):
    """Series that were read a moment ago, by workspace and question."""


class Follower:
    """Compares what panels show with what their reader was told."""

    def __init__(
        self,
        readings: Readings,
        blobs: BlobStore,
        dashboard_id: uuid.UUID,
        window: SeriesWindow | None,
        position: str = "",
    ) -> None:
        self._readings, self._blobs = readings, blobs
        self._dashboard_id, self._window = dashboard_id, window
        self._position = position
        self._told: dict[str, int] | None = None

    @property
    def position(self) -> str:
        """Where the reader stands: a digest of every series, to go on from after a break."""
        return self._position

    def changes(self, db: Session, actor: Actor) -> list[Event]:
        """Say what changed: `dashboard` when somebody saved another version, and each `series`.

        Raises:
            DashboardMissing: it is not there, or not any more.
        """
        row = service.get(db, self._dashboard_id)
        window = self._window or cast("SeriesWindow", row.window)
        panels = [Panel.model_validate(panel) for panel in row.panels]
        said = dict(self._read(db, actor, panels, window))
        digests = {key: resuming.digest(one) for key, one in said.items()}
        scope = f"{window}.{row.version}"
        told = self._told
        if told is None or told.keys() != digests.keys():
            told = resuming.opened(self._position, scope, list(digests)) or {}
        found = [Event("series", said[key]) for key in digests if told.get(key) != digests[key]]
        position = resuming.sealed(scope, digests)
        if position != self._position:
            if not self._position.startswith(f"{scope}."):
                found.insert(0, Event("dashboard", {"id": str(row.id), "version": row.version}))
            self._position = position
        self._told = digests
        return found

    def _read(
        self, db: Session, actor: Actor, panels: list[Panel], window: SeriesWindow
    ) -> Iterator[tuple[str, Said]]:
        for panel in panels:
            for deployment_id in panel.deployment_ids:
                said = self._one(db, actor, panel, deployment_id, panel.window or window)
                about = {"panel_id": panel.id, "deployment_id": str(deployment_id)}
                yield f"{panel.id}/{deployment_id}", {**about, **said}

    def _one(
        self,
        db: Session,
        actor: Actor,
        panel: Panel,
        deployment_id: uuid.UUID,
        window: SeriesWindow,
    ) -> Said:
        asked = series.Asked(panel.signal, window, panel.percentile, panel.feature, panel.metric)

        def read() -> Said:
            try:
                found = series.read(db, actor, self._blobs, deployment_id, asked)
            except NotFound as gone:
                return {"series": None, "problem": gone.detail}
            return {"series": _plain(found), "problem": None}

        seconds = COUNTED_SECONDS if panel.signal in _COUNTED else JUDGED_SECONDS
        return self._readings.get((actor.workspace_id, deployment_id, asked), seconds, read)


def _plain(series: SeriesOut) -> dict[str, Any]:
    return series.model_dump(mode="json")
