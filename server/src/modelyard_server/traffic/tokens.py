"""Tokens that language models read and wrote, by version, key and time."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, delete, func, select, tuple_
from sqlalchemy.orm import Session

from modelyard_protocol.records import Tokens
from modelyard_server.deployments import service as deployments
from modelyard_server.kernel import trail
from modelyard_server.kernel.clock import utcnow

from .models import TokenCount
from .schemas import TokenPoint, TokensByKey, TokensByVersion, TokensOut, TokenSums

MINUTE, HOUR, EVER = 60, 3600, 0
KEPT = {MINUTE: dt.timedelta(days=2), HOUR: dt.timedelta(days=400)}
LENGTHS = {
    "1h": (MINUTE, MINUTE, 1),
    "24h": (MINUTE, 5 * MINUTE, 24),
    "7d": (HOUR, HOUR, 7 * 24),
    "30d": (HOUR, 4 * HOUR, 30 * 24),
}
"""What a page shows: counts of so many seconds, in steps of so many, of so many hours."""
_Place = tuple[uuid.UUID, int, str, int, dt.datetime]
"""Deployment, version, key, resolution, start."""
_MAX_KEYS = 200  # per lookup: SQLite limits a statement's variables


def add(db: Session, records: Iterable[Tokens], known: Collection[uuid.UUID]) -> None:
    """Count a batch; what belongs to other deployments was deleted meanwhile and is dropped."""
    sums: dict[_Place, list[int]] = defaultdict(lambda: [0, 0, 0])
    for record in records:
        deployment_id = uuid.UUID(record.deployment_id)
        if deployment_id not in known:
            continue
        for resolution in (MINUTE, HOUR, EVER):
            start = record.at // resolution * resolution if resolution else 0
            at = dt.datetime.fromtimestamp(start, dt.UTC)
            slot = sums[deployment_id, record.version, record.key_id[:40], resolution, at]
            for place, more in enumerate((record.calls, record.prompt, record.completion)):
                slot[place] += more
    held = _held(db, [*sums])
    for key, (calls, prompt, completion) in sums.items():
        row = held[key] if key in held else _made(db, key)
        row.calls += calls
        row.prompt += prompt
        row.completion += completion
    if sums:
        db.flush()


def _held(db: Session, wanted: Sequence[_Place]) -> dict[_Place, TokenCount]:
    """Read the counts that are there already, many at a time."""
    columns = (
        TokenCount.deployment_id,
        TokenCount.version,
        TokenCount.key_id,
        TokenCount.resolution,
        TokenCount.at,
    )
    found: dict[_Place, TokenCount] = {}
    for start in range(0, len(wanted), _MAX_KEYS):
        part = wanted[start : start + _MAX_KEYS]
        for row in db.scalars(select(TokenCount).where(tuple_(*columns).in_(part))):
            found[row.deployment_id, row.version, row.key_id, row.resolution, row.at] = row
    return found


def _made(db: Session, key: _Place) -> TokenCount:
    deployment_id, version, key_id, resolution, at = key
    row = TokenCount(
        deployment_id=deployment_id,
        version=version,
        key_id=key_id,
        resolution=resolution,
        at=at,
        calls=0,
        prompt=0,
        completion=0,
    )
    db.add(row)
    return row


def ever(db: Session) -> dict[uuid.UUID, TokenSums]:
    """Give what every deployment's model has read and written since its first call."""
    rows = db.execute(
        select(TokenCount.deployment_id, *_sums())
        .where(TokenCount.resolution == EVER)
        .group_by(TokenCount.deployment_id)
    )
    return {row[0]: _sum_of(row[1:]) for row in rows}


def read(
    db: Session,
    actor: trail.Who,
    deployment_id: uuid.UUID,
    window: str,
    names: Mapping[str, str],
) -> TokensOut:
    """Give the tokens of one deployment; `names`: of its keys, by id.

    Raises:
        DeploymentMissing: there is no such deployment.
    """
    deployments.get(db, actor, deployment_id)
    resolution, step, hours = LENGTHS[window]
    now = utcnow()
    end = int(now.timestamp()) // step * step + step
    starts = range(end - hours * HOUR, end, step)
    since = dt.datetime.fromtimestamp(starts[0], dt.UTC)
    own = TokenCount.deployment_id == deployment_id
    within = (own, TokenCount.resolution == resolution, TokenCount.at >= since)
    minute = (own, TokenCount.resolution == MINUTE, TokenCount.at >= now - dt.timedelta(minutes=6))
    lately = _total(db, *minute)
    return TokensOut(
        window=window,
        step_seconds=step,
        ever=_total(db, own, TokenCount.resolution == EVER),
        total=_total(db, *within),
        per_minute=round((lately.prompt + lately.completion) / 5, 1),
        points=_points(db, starts, *within),
        by_version=[
            TokensByVersion(version=key, **found.model_dump())
            for key, found in _by(db, TokenCount.version, *within)
        ],
        by_key=[
            TokensByKey(key_id=key, name=names.get(key), **found.model_dump())
            for key, found in _by(db, TokenCount.key_id, *within)
        ],
    )


def _points(db: Session, starts: range, *where: ColumnElement[bool]) -> list[TokenPoint]:
    """Add counts up by steps; a step without a call is one of nothing."""
    sums = {start: [0, 0, 0] for start in starts}
    counted = db.execute(select(TokenCount.at, *_sums()).where(*where).group_by(TokenCount.at))
    for at, *row in counted:
        slot = sums.get(int(at.timestamp()) // starts.step * starts.step)
        if slot is not None:
            slot[:] = [one + int(more) for one, more in zip(slot, row, strict=True)]
    return [
        TokenPoint(at=dt.datetime.fromtimestamp(start, dt.UTC), **_sum_of(slot).model_dump())
        for start, slot in sums.items()
    ]


def _total(db: Session, *where: ColumnElement[bool]) -> TokenSums:
    return _sum_of(db.execute(select(*_sums()).where(*where)).one())


def _by(db: Session, column: Any, *where: ColumnElement[bool]) -> list[tuple[Any, TokenSums]]:
    rows = db.execute(select(column, *_sums()).where(*where).group_by(column).order_by(column))
    return [(row[0], _sum_of(row[1:])) for row in rows]


def _sums() -> list[ColumnElement[int]]:
    parts = (TokenCount.calls, TokenCount.prompt, TokenCount.completion)
    return [func.coalesce(func.sum(part), 0) for part in parts]


def _sum_of(row: Sequence[Any]) -> TokenSums:
    calls, prompt, completion = (int(value) for value in row)
    return TokenSums(calls=calls, prompt=prompt, completion=completion)


def prune(db: Session) -> None:
    """Delete counts that are older than they are kept."""
    now = utcnow()
    for resolution, kept in KEPT.items():
        db.execute(
            delete(TokenCount).where(
                TokenCount.resolution == resolution, TokenCount.at < now - kept
            )
        )
