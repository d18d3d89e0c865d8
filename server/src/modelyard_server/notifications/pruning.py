"""Keeps the delivery log bounded: what has ended goes after a while, what waits never."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from .models import Delivery

DAYS = 90
MOST_ROWS = 20_000  # of one workspace, the newest
ENDED = ("delivered", "dead", "digested")


def prune(db: Session, now: dt.datetime) -> int:
    """Delete ended deliveries that are old or too many; give how many."""
    edge = db.scalar(
        select(Delivery.created_at)
        .order_by(Delivery.created_at.desc())
        .offset(MOST_ROWS - 1)
        .limit(1)
    )
    oldest = max(now - dt.timedelta(days=DAYS), edge or dt.datetime.min.replace(tzinfo=dt.UTC))
    gone = Delivery.state.in_(ENDED) & (Delivery.created_at < oldest)
    count = db.scalar(select(func.count()).select_from(Delivery).where(gone)) or 0
    if count:
        db.execute(delete(Delivery).where(gone))
    return count
