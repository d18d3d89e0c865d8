"""When a delivery is tried again, and when a channel has had enough for an hour. Pure functions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

PAUSES = (
    dt.timedelta(seconds=5),
    dt.timedelta(minutes=5),
    dt.timedelta(minutes=30),
    dt.timedelta(hours=2),
    dt.timedelta(hours=5),
)
"""Between attempts; the first one is made at once."""
HOUR = dt.timedelta(hours=1)


def pause_after(attempts: int) -> dt.timedelta | None:
    """Give how long to wait after so many failed attempts; `None`: it is dead."""
    return PAUSES[attempts - 1] if 1 <= attempts <= len(PAUSES) else None


def free_at(sent: Sequence[dt.datetime], cap: int, now: dt.datetime) -> dt.datetime | None:
    """Give when a channel may be used again; `None`: it may be now.

    At most `cap` messages in any hour: once so many were sent, until the oldest of them is an
    hour old.
    """
    recent = sorted(at for at in sent if at > now - HOUR)
    return None if len(recent) < cap else recent[-cap] + HOUR
