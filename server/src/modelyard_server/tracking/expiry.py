"""Deleted runs stay for thirty days; then they go for ever, with all they logged."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from modelyard_server.artifacts import service as artifacts
from modelyard_server.artifacts.ports import Expired
from modelyard_server.kernel import tenancy
from modelyard_server.workspaces.access import System

from . import runs
from .models import DELETED, Run

KEPT = dt.timedelta(days=30)
_LISTED = 1000
_AT_ONCE = 20  # runs in one transaction: each may have logged millions of points


class DeletedRuns:
    """Lets go of runs that were deleted long enough ago. Registered versions keep their files."""

    def due(self, db: Session, now: dt.datetime) -> list[Expired]:
        """List them."""
        return [
            Expired(
                "run",
                row.name,
                sum(file.size_bytes for file in artifacts.files_below(db, f"runs/{row.uid}/")),
            )
            for row in _due(db, now, _LISTED)
        ]

    def remove(self, db: Session, now: dt.datetime) -> int:
        """Remove a few of them; the time of those that came deleted begins today."""
        unknown = (Run.lifecycle_stage == DELETED, Run.deleted_ms.is_(None))
        db.execute(update(Run).where(*unknown).values(deleted_ms=_ms(now)))
        found = _due(db, now, _AT_ONCE)
        for row in found:
            runs.delete_permanently(db, System(tenancy.workspace_of(db)), row.uid)
        return len(found)


def _due(db: Session, now: dt.datetime, most: int) -> list[Run]:
    rows = select(Run).where(Run.lifecycle_stage == DELETED, Run.deleted_ms <= _ms(now - KEPT))
    return list(db.scalars(rows.order_by(Run.id).limit(most)))


def _ms(at: dt.datetime) -> int:
    return int(at.timestamp() * 1000)
