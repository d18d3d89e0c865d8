"""How often safeguards held against answers, by five minutes."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from modelyard_protocol.records import Guarded

from .models import SafeguardCount

SECONDS = 300
EXAMPLES = 10
Key = tuple[uuid.UUID, str, str, int]
"""Deployment, safeguard, action, start in seconds."""
Example = tuple[str, int]
_Place = tuple[uuid.UUID, str, str, dt.datetime]
_MAX_KEYS = 200  # per lookup: SQLite limits a statement's variables


@dataclass(slots=True)
class Counted:
    """Calls and rows that a safeguard held against; the newest first rows of calls."""

    calls: int = 0
    rows: int = 0
    examples: list[Example] = field(default_factory=list)

    def add(self, calls: int, rows: int, examples: Sequence[Example]) -> None:
        """Add more, later ones."""
        self.calls += calls
        self.rows += rows
        self.examples = [*examples, *self.examples][:EXAMPLES]


def key_of(deployment_id: uuid.UUID, record: Guarded) -> Key:
    """Give the count that a record belongs to."""
    start = record.at // SECONDS * SECONDS
    return deployment_id, record.safeguard[:40], record.action, start


def add(db: Session, counted: Mapping[Key, Counted], deployments: Collection[uuid.UUID]) -> None:
    """Add what a batch counted; what belongs to other deployments is dropped."""
    wanted = {
        (of, name, action, dt.datetime.fromtimestamp(start, dt.UTC)): more
        for (of, name, action, start), more in counted.items()
        if of in deployments
    }
    held = _held(db, [*wanted])
    for (deployment_id, name, action, at), more in wanted.items():
        row = held.get((deployment_id, name, action, at))
        if row is None:
            row = SafeguardCount(
                deployment_id=deployment_id,
                name=name,
                action=action,
                at=at,
                calls=0,
                rows=0,
                examples=[],
            )
            db.add(row)
        row.calls += more.calls
        row.rows += more.rows
        kept = [[identifier, number] for identifier, number in more.examples]
        row.examples = [*kept, *row.examples][:EXAMPLES]
    if wanted:
        db.flush()


def _held(db: Session, wanted: Sequence[_Place]) -> dict[_Place, SafeguardCount]:
    """Read the counts that are there already, many at a time."""
    columns = (
        SafeguardCount.deployment_id,
        SafeguardCount.name,
        SafeguardCount.action,
        SafeguardCount.at,
    )
    found: dict[_Place, SafeguardCount] = {}
    for start in range(0, len(wanted), _MAX_KEYS):
        part = wanted[start : start + _MAX_KEYS]
        for row in db.scalars(select(SafeguardCount).where(tuple_(*columns).in_(part))):
            found[row.deployment_id, row.name, row.action, row.at] = row
    return found


def by_stretch(
    db: Session, deployment_id: uuid.UUID, since: dt.datetime, until: dt.datetime
) -> dict[dt.datetime, dict[str, Counted]]:
    """Give the counts of a stretch by their start and safeguard, oldest first."""
    query = (
        select(SafeguardCount)
        .where(
            SafeguardCount.deployment_id == deployment_id,
            SafeguardCount.at > since - dt.timedelta(seconds=SECONDS),
            SafeguardCount.at < until,
        )
        .order_by(SafeguardCount.at)
    )
    found: dict[dt.datetime, dict[str, Counted]] = defaultdict(lambda: defaultdict(Counted))
    for row in db.scalars(query):
        examples = [(identifier, number) for identifier, number in row.examples]
        found[row.at][row.name].add(row.calls, row.rows, examples)
    return found


def total(found: Mapping[dt.datetime, Mapping[str, Counted]]) -> dict[str, Counted]:
    """Add the counts of stretches up by safeguard."""
    added: dict[str, Counted] = defaultdict(Counted)
    for at in sorted(found):
        for name, one in found[at].items():
            added[name].add(one.calls, one.rows, one.examples)
    return dict(added)
