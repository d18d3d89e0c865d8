"""How right each deployment of a fleet was: the first metric of its outcomes over the range.

A minute old at most for small fleets. Of large ones an answer adds up a few anew, the oldest first,
so that the page is as fast with outcomes as without.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Collection

from sqlalchemy.orm import Session

from modelyard_server.kernel import tenancy

from . import realised
from .schemas import FleetPerformance, FleetRange

FRESH_SECONDS = 60.0
MEASURED_NOW = 10  # deployments of one answer
MOST_HELD = 20_000
_Key = tuple[int, FleetRange, uuid.UUID]
_held: dict[_Key, tuple[float, FleetPerformance | None]] = {}


def forget() -> None:
    """Drop what is held."""
    _held.clear()


def read(
    db: Session,
    asked: FleetRange,
    between: tuple[int, int],
    deployment_ids: Collection[uuid.UUID],
) -> dict[uuid.UUID, FleetPerformance]:
    """Give the performance of deployments that have outcomes; one not added up yet is left out.

    `between`: start and end of the range, whole hours as epoch seconds.
    """
    workspace_id = tenancy.workspace_of(db)
    keys: dict[uuid.UUID, _Key] = {one: (workspace_id, asked, one) for one in deployment_ids}
    now = time.monotonic()
    aged = sorted((_held[key][0] if key in _held else 0.0, of) for of, key in keys.items())
    for at, of in aged[:MEASURED_NOW]:
        if keys[of] not in _held or now - at >= FRESH_SECONDS:
            _hold(keys[of], _measured(db, of, *between))
    found = ((of, _held.get(key)) for of, key in keys.items())
    return {of: held[1] for of, held in found if held is not None and held[1] is not None}


def _hold(key: _Key, found: FleetPerformance | None) -> None:
    if len(_held) >= MOST_HELD:
        _held.clear()
    _held[key] = time.monotonic(), found


def _measured(
    db: Session, deployment_id: uuid.UUID, first: int, last: int
) -> FleetPerformance | None:
    total = realised.windows(db, deployment_id, (first, last, last - first)).total
    measure = total.measures[0] if total.measures else None
    if measure is None or measure.value is None:
        return None
    return FleetPerformance(
        metric=measure.name,
        value=measure.value,
        low=measure.low,
        high=measure.high,
        n=total.n,
        few=total.n < realised.FEW,
    )
