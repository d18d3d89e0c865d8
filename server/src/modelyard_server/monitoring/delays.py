"""How late outcomes come, and so how many should be there by now."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from modelyard_server.kernel.clock import utcnow
from modelyard_server.kernel.lazily import lazily

from .models import Outcome
from .quality import Floats

if TYPE_CHECKING:
    import numpy as np
else:
    np = lazily("numpy")


LEAST = 30  # outcomes, before a share is expected from their delays
MOST = 20_000
SETTLED = dt.timedelta(days=30)
"""Predictions this old have had their outcome, if they get one; younger ones bias the curve."""


@dataclass(frozen=True, slots=True)
class Delays:
    """Sorted delays in seconds of outcomes whose predictions are old enough."""

    seconds: Floats
    now: float

    def maturity(self, start: int, end: int) -> float | None:
        """Give the share of a window's outcomes that should be there; `None`: not known yet.

        Averaged over the window at eleven instants, since its predictions differ in age.
        """
        if len(self.seconds) < LEAST:
            return None
        ages = self.now - np.linspace(start, min(end, max(start, self.now)), 11)
        there = np.searchsorted(self.seconds, np.maximum(ages, 0.0), side="right")
        return float((there / len(self.seconds)).mean())


def of(db: Session, deployment_id: uuid.UUID) -> Delays:
    """Read the delays of a deployment: of old predictions, or of all while there are few."""
    now = utcnow()
    old = int((now - SETTLED).timestamp())
    found = _read(db, deployment_id, old)
    if len(found) < LEAST:
        found = _read(db, deployment_id, int(now.timestamp()) + 1)
    return Delays(np.sort(np.array(found, dtype=np.float64)), now.timestamp())


def _read(db: Session, deployment_id: uuid.UUID, before: int) -> list[int]:
    query = (
        select(Outcome.delay_seconds)
        .where(
            Outcome.deployment_id == deployment_id,
            Outcome.hour < before,
            Outcome.delay_seconds.is_not(None),
        )
        .order_by(Outcome.hour.desc())
        .limit(MOST)
    )
    return [seconds for seconds in db.scalars(query) if seconds is not None]
