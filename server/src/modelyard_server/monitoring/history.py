"""Verdicts of every hour, kept for good: the fleet page, alerts and learned bands read them."""

from __future__ import annotations

import datetime as dt
import statistics
import uuid
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from modelyard_server.kernel.clock import utcnow

from .models import DriftResult
from .schemas import DriftWindow

if TYPE_CHECKING:
    from .measuring import Measured

WEEK = dt.timedelta(days=7)
SHOWN = dt.timedelta(hours=6)  # a verdict that is older says nothing about now
LEAST_WEEKS = 14  # of the same hour, before a band is learned from them
MOST_WEEKS = 26
WIDTH = 4  # median absolute deviations above the median that are still usual
Of = tuple[uuid.UUID, int]


def hour_end(instant: dt.datetime) -> dt.datetime:
    """Give the end of the hour an instant is in: what verdicts are kept under."""
    start = instant.replace(minute=0, second=0, microsecond=0)
    return start if start == instant else start + dt.timedelta(hours=1)


def keep(db: Session, of: Of, measured: Measured) -> DriftResult:
    """Store a window's verdict under the end of its hour, over the one that was there."""
    at = hour_end(measured.until)
    row = db.scalar(
        select(DriftResult).where(
            DriftResult.deployment_id == of[0],
            DriftResult.version == of[1],
            DriftResult.window == measured.window,
            DriftResult.at == at,
        )
    )
    if row is None:
        row = DriftResult(deployment_id=of[0], version=of[1], window=measured.window, at=at)
        db.add(row)
    row.rows = measured.verdict.rows
    row.verdict, row.reason = measured.verdict.status.value, measured.verdict.reason
    row.quality, row.quality_reason = measured.quality.status.value, measured.quality.reason
    row.is_confirmed = bool(measured.confirmed)
    row.share = measured.verdict.share
    row.columns = _packed(measured)
    row.computed_at = measured.computed_at
    db.flush()
    return row


@dataclass(frozen=True, slots=True)
class Kept:
    """A stored verdict without its columns."""

    at: dt.datetime
    rows: int
    verdict: str
    reason: str
    is_confirmed: bool
    quality: str
    quality_reason: str
    computed_at: dt.datetime


def newest(db: Session, window: DriftWindow, versions: Sequence[Of]) -> dict[Of, Kept]:
    """Give the newest stored verdict of each version, of the last hours."""
    wanted = set(versions)
    found: dict[Of, Kept] = {}
    query = (
        select(
            DriftResult.deployment_id,
            DriftResult.version,
            DriftResult.at,
            DriftResult.rows,
            DriftResult.verdict,
            DriftResult.reason,
            DriftResult.is_confirmed,
            DriftResult.quality,
            DriftResult.quality_reason,
            DriftResult.computed_at,
        )
        .where(DriftResult.window == window, DriftResult.at >= utcnow() - SHOWN)
        .order_by(DriftResult.at)
    )
    for row in db.execute(query):
        facts = row._asdict()
        of = (facts.pop("deployment_id"), facts.pop("version"))
        if of in wanted:
            found[of] = Kept(**facts)
    return found


def bands(db: Session, of: Of, window: DriftWindow, until: dt.datetime) -> dict[str, float]:
    """Give per column the score that the same hour of the week reached before.

    Empty until there are `LEAST_WEEKS` of them. Source of the spread: Hampel 1974 (MAD).
    """
    hour = hour_end(until)
    same = [hour - back * WEEK for back in range(1, MOST_WEEKS + 1)]
    query = select(DriftResult.columns).where(
        DriftResult.deployment_id == of[0],
        DriftResult.version == of[1],
        DriftResult.window == window,
        DriftResult.at.in_(same),
    )
    scores: dict[str, list[float]] = {}
    for packed in db.scalars(query):
        for name, found in unpacked(packed).items():
            if found["score"] is not None:
                scores.setdefault(name, []).append(found["score"])
    return {name: band(seen) for name, seen in scores.items() if len(seen) >= LEAST_WEEKS}


def band(seen: Sequence[float]) -> float:
    """Give the highest usual score: the median and four median absolute deviations."""
    middle = statistics.median(seen)
    return middle + WIDTH * statistics.median(abs(score - middle) for score in seen)


def unpacked(packed: bytes) -> dict[str, Any]:
    """Read the columns of a stored verdict: name → score, q, status."""
    columns: dict[str, Any] = orjson.loads(zlib.decompress(packed))
    return columns


def _packed(measured: Measured) -> bytes:
    columns = {
        found.reference.name: {
            "score": found.score,
            "q": found.q_value,
            "status": found.status.value,
            "faults": [s.fault.value for s in found.signals if s.is_flagged],
        }
        for found in measured.columns
    }
    return zlib.compress(orjson.dumps(columns), 1)
