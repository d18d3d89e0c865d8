"""What serving a deployment has cost so far, at the environment's price of today."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from .environment_schemas import Price
from .models import Revision
from .schemas import CostOut


def so_far(
    price: Price | None, own: Sequence[Revision], processes: int, now: dt.datetime
) -> CostOut | None:
    """Price the hours that revisions were live and awake; `None` where nobody has said a price.

    `processes`: as many as each revision always has. More that were started for many callers, a
    rollout's checks and standing by are not counted.
    """
    if price is None:
        return None
    amount = 0.0
    for row in own:
        if row.live_from is None:
            continue
        seconds = ((row.live_until or now) - row.live_from).total_seconds() - row.slept_seconds
        an_hour = price.an_hour(row.cpu, row.memory_gb, row.gpu)
        amount += max(0.0, seconds) / 3600 * an_hour * processes
    return CostOut(amount=round(amount, 6), currency=price.currency)
