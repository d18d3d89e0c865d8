"""Sends a question to the reader of its kind of place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from modelyard_server.kernel.egress import Egress
from modelyard_server.kernel.services import Services
from modelyard_server.monitoring.outcome_source_schemas import (
    DatabasePlace,
    OutcomeColumns,
    Place,
    SourceColumn,
)
from modelyard_server.monitoring.ports import PulledRows

from . import files, postgres


class Reading:
    """Reads every kind of place through the one way out."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def look(self, place: Place) -> list[SourceColumn]:
        """Give the columns there are; see the port."""
        egress = self._services.get(Egress)
        if isinstance(place, DatabasePlace):
            return postgres.look(egress, place)
        return files.look(egress, place)

    def read(
        self, place: Place, columns: OutcomeColumns, mark: dict[str, Any] | None
    ) -> Iterator[PulledRows]:
        """Give what is new; see the port."""
        egress = self._services.get(Egress)
        if isinstance(place, DatabasePlace):
            return postgres.read(egress, place, columns, mark)
        return files.read(egress, place, columns, mark)
