"""How late outcomes come, and so how many should be there by now."""

from __future__ import annotations

import datetime as dt
import threading
import uuid
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from modelyard_server.kernel import tenancy
from modelyard_server.kernel.clock import utcnow
from modelyard_server.kernel.lazily import lazily

from . import outcome_hours
from .outcome_hours import Seconds
from .quality import Floats

if TYPE_CHECKING:
    import numpy as np
else:
    np = lazily("numpy")


LEAST = 30  # outcomes, before a share is expected from their delays
SETTLED = dt.timedelta(days=30)
"""Predictions this old have had their outcome, if they get one; younger ones bias the curve."""
REMEMBERED = 5_000_000
"""Delays in memory at most, 12 bytes each: of the deployments that were asked for last."""


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


@dataclass(slots=True)
class _Known:
    """Delays by hour of the prediction with the hour's state, and those of a time together."""

    hours: dict[int, tuple[int, Seconds]] = field(default_factory=dict)
    state: tuple[tuple[int, int], ...] | None = None
    together: Floats | None = None

    def __len__(self) -> int:
        return sum(len(seconds) for _, seconds in self.hours.values())


_lock = threading.Lock()
_known: OrderedDict[tuple[int, uuid.UUID], _Known] = OrderedDict()


def of(db: Session, deployment_id: uuid.UUID) -> Delays:
    """Give the delays of a deployment: of old predictions, or of all while there are few."""
    now = utcnow()
    found = _read(db, deployment_id, int((now - SETTLED).timestamp()))
    if len(found) < LEAST:
        found = _read(db, deployment_id, int(now.timestamp()) + 1)
    return Delays(found, now.timestamp())


def _read(db: Session, deployment_id: uuid.UUID, before: int) -> Floats:
    """Give the delays of predictions before an instant; hours that did not change are known."""
    state = outcome_hours.states(db, deployment_id, before)
    if state is None:  # nothing has changed since hours are written down
        return np.sort(outcome_hours.delays_of_rows(db, deployment_id, before).astype(np.float64))
    key = (tenancy.workspace_of(db), deployment_id)
    with _lock:
        known = _known.setdefault(key, _Known())
        _known.move_to_end(key)
        if known.together is not None and known.state == state:
            return known.together
        held = dict(known.hours)
    changed = [hour for hour, version in state if held.get(hour, (None,))[0] != version]
    fresh = outcome_hours.delays(db, deployment_id, changed)
    hours = {
        hour: (version, fresh[hour] if hour in fresh else held[hour][1]) for hour, version in state
    }
    parts = [seconds for _, seconds in hours.values()]
    together = np.sort(np.concatenate(parts).astype(np.float64)) if parts else np.zeros(0)
    with _lock:
        known.hours = held | hours
        known.state, known.together = state, together
        while len(_known) > 1 and sum(map(len, _known.values())) > REMEMBERED:
            _known.popitem(last=False)
    return together


def forget() -> None:
    """Read everything anew, as another process would."""
    with _lock:
        _known.clear()
