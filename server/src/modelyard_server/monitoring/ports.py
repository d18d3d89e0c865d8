"""What monitoring asks of the capabilities below it, in one place."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy.orm import Session

from modelyard_protocol.package import Signature

from .baseline import TrainingTable
from .outcome_source_schemas import OutcomeColumns, Place, SourceColumn


class Subject(Protocol):
    """A deployment as monitoring sees it: `deployments.service.Monitored`."""

    @property
    def deployment_id(self) -> uuid.UUID: ...
    @property
    def name(self) -> str: ...
    @property
    def environment(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def status_reason(self) -> str | None: ...
    @property
    def model_id(self) -> uuid.UUID: ...
    @property
    def model_name(self) -> str: ...
    @property
    def live_revision(self) -> int | None: ...
    @property
    def live_version(self) -> int | None: ...
    @property
    def live_since(self) -> dt.datetime | None: ...
    @property
    def versions(self) -> dict[int, int]: ...


class Catalogue(Protocol):
    """Tells the ingest about deployments and their models; `subjects.Deployed` asks below."""

    def every(self, db: Session) -> Sequence[Subject]:
        """Give all deployments of the bound workspace."""
        ...

    def signature(self, db: Session, deployment_id: uuid.UUID, revision: int) -> Signature:
        """Give the signature that a revision checks its calls against."""
        ...

    def training_table(self, db: Session, subject: Subject, version: int) -> TrainingTable | None:
        """Give the logged training rows of a version, or `None` when there are none."""
        ...


@dataclass(frozen=True, slots=True)
class Unread:
    """Journal bytes that wait, and since when the oldest of them waits."""

    size_bytes: int
    since: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Lost:
    """Records that never reached a journal: by a full disk or queue, or by killed processes."""

    records: int = 0
    last_at: dt.datetime | None = None
    error: str | None = None
    """Why calls cannot be recorded just now."""

    def told(self) -> dict[str, Any]:
        """Give the fields of `Losses`."""
        return {
            "dropped_records": self.records,
            "dropped_at": self.last_at,
            "capture_error": self.error,
        }


NOTHING_LOST = Lost()


class NodeFacts(Protocol):
    """What this machine's node says about its capture."""

    def reported_folder(self) -> Path:
        """Give where journals of reported rows go."""
        ...

    def lost(self) -> Lost:
        """Give what was lost before it reached a journal."""
        ...

    def is_up(self) -> bool:
        """Tell whether the node wrote its state a moment ago."""
        ...

    def unread(self, db: Session) -> Unread:
        """Give what the journals hold that has not been counted yet."""
        ...


@dataclass(frozen=True, slots=True)
class PulledRows:
    """Some rows of a data connection, and how far it is read with them.

    A row has what `OutcomeColumns` names: `prediction_id`, `value`, `at`, `row`.
    """

    rows: list[dict[str, Any]]
    mark: dict[str, Any] | None
    has_more: bool = False
    """The reading stops here, and there is more to read."""


class OutcomeReader(Protocol):
    """Reads outcomes from somewhere else, in parts. It changes nothing there."""

    def look(self, place: Place) -> list[SourceColumn]:
        """Give the columns there are.

        Raises:
            AddressRefused, NotReached, OutcomeSourceRefused: it cannot be read.
        """
        ...

    def read(
        self, place: Place, columns: OutcomeColumns, mark: dict[str, Any] | None
    ) -> Iterator[PulledRows]:
        """Give what is behind `mark`, and at it; nothing when nothing changed.

        Raises:
            AddressRefused, NotReached, OutcomeSourceRefused: it cannot be read.
        """
        ...
