"""The fleet page as it changes: only rows that are not as their reader knows them are sent."""

from __future__ import annotations

from typing import Any

from modelyard_server.kernel import resuming
from modelyard_server.kernel.recent import Recent
from modelyard_server.kernel.streaming import Event

from .schemas import FleetOut

FRESH_SECONDS = 1.0  # readers of the same fleet share one look
_AROUND = ""  # the name of what stands around the rows, among their ids


class Snapshots(Recent[FleetOut]):
    """The last look at each fleet, by workspace and range."""


class Follower:
    """Compares the fleet with what its reader was told."""

    def __init__(self, position: str = "") -> None:
        self._position = position
        self._told: dict[str, int] | None = None

    @property
    def position(self) -> str:
        """Where the reader stands: a digest of every row, to go on from after a break."""
        return self._position

    def changes(self, fleet: FleetOut) -> list[Event]:
        """Say what changed: `fleet` with everything, or `rows` with those that changed."""
        rows = [row.model_dump(mode="json") for row in fleet.rows]
        order = [row["deployment_id"] for row in rows]
        counts = fleet.model_dump(mode="json", exclude={"range", "rows"})
        digests = {row["deployment_id"]: resuming.digest(row) for row in rows}
        digests[_AROUND] = resuming.digest([counts, order])
        told = self._told or resuming.opened(self._position, fleet.range, list(digests))
        self._told = digests
        if told == digests:
            return []
        self._position = resuming.sealed(fleet.range, digests)
        if told is None or told.keys() != digests.keys():
            return [_event("fleet", counts, rows, range=fleet.range)]
        changed = [
            row for row in rows if told[row["deployment_id"]] != digests[row["deployment_id"]]
        ]
        return [_event("rows", counts, changed, order=order)]


def _event(name: str, counts: dict[str, Any], rows: list[dict[str, Any]], **more: object) -> Event:
    return Event(name, {**counts, **more, "rows": rows})
