"""Outcomes that name an entity and a time: which prediction each is of, and those that wait.

An outcome is of the entity's latest prediction in its time. From there on it is an outcome of that
prediction like any other. One without a prediction waits a day for it.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import orjson
from sqlalchemy import func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from modelyard_server.kernel.clock import utcnow

from . import entities
from .entities import Latest, Named, Reader
from .entity_records import EntityOutcome
from .errors import OutcomesCollided
from .outcome_schemas import WITHIN_SECONDS, OutcomeIn, Unjoined
from .recall import WAIT

_CHUNK = 400
_MOST = 5_000  # looked at in one go
_UNKNOWN = "No prediction names this entity."
_WAITS = "The outcome waits 24 hours for one."


@dataclass(frozen=True, slots=True)
class Terms:
    """How entities are read (`key` hashes), and how old a prediction may be at most."""

    key: bytes = b""
    within_seconds: int = WITHIN_SECONDS


@dataclass(frozen=True, slots=True)
class Asked:
    """An outcome of an entity, with the time that its prediction must be of."""

    item: OutcomeIn
    named: Named
    since_us: int
    at_us: int


@dataclass(frozen=True, slots=True)
class Waits:
    """An outcome without a prediction, and why."""

    asked: Asked
    reason: Unjoined
    problem: str


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """An outcome that could be of several predictions."""

    problem: str


Found = OutcomeIn | Waits | Ambiguous


@dataclass(slots=True)
class Joining:
    """Joins the outcomes of one request."""

    db: Session
    deployment_id: uuid.UUID
    terms: Terms
    now: dt.datetime = field(default_factory=utcnow)
    reader: Reader | None = None

    def find(self, sent: Sequence[OutcomeIn]) -> list[Found]:
        """Give of each outcome of an entity which prediction it is of.

        Raises:
            EntityUndeclared: nothing is known of whom rows are about.
        """
        if not sent:
            return []
        if self.reader is None:
            self.reader = entities.reader(self.db, self.deployment_id, self.terms.key)
        asked = [self._asked(self.reader, one) for one in sent]
        found = find(self.db, self.deployment_id, asked)
        pairs = zip(asked, found, strict=True)
        _stop_waiting(
            self.db,
            self.deployment_id,
            {(one.named.entity, one.at_us) for one, item in pairs if isinstance(item, OutcomeIn)},
        )
        return found

    def _asked(self, reader: Reader, item: OutcomeIn) -> Asked:
        at_us = _micros(item.at or self.now)
        since_us = at_us - self.terms.within_seconds * 1_000_000
        if item.since is not None:
            since_us = _micros(item.since)
        return Asked(item, reader.of(item.entity), since_us, at_us)


_FIRST = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def find(db: Session, deployment_id: uuid.UUID, asked: Sequence[Asked]) -> list[Found]:
    """Give which prediction each outcome is of; those of none get the reason."""
    latest = entities.latest(db, deployment_id, [(one.named, one.at_us) for one in asked])
    lost = {
        n for one, at in zip(asked, latest, strict=True) if at is None for n in one.named.numbers
    }
    known = entities.known(db, deployment_id, lost) if lost else set()
    return [_found(one, at, known) for one, at in zip(asked, latest, strict=True)]


def keep(db: Session, deployment_id: uuid.UUID, waiting: Sequence[Waits]) -> Counter[str]:
    """Let outcomes wait; give how many wait newly, are duplicates, and correct one that waits."""
    counts: Counter[str] = Counter()
    held = _held(db, deployment_id, {one.asked.named.entity for one in waiting})
    for one in waiting:
        asked = one.asked
        key, value = (asked.named.entity, asked.at_us), orjson.dumps(asked.item.value).decode()
        row = held.get(key)
        if row is None:
            row = held[key] = EntityOutcome(
                deployment_id=deployment_id, entity=asked.named.entity, at_us=asked.at_us
            )
            db.add(row)
            counts["waiting"] += 1
        elif row.value == value:
            counts["duplicates"] += 1
            continue
        else:
            counts["corrected"] += 1
        row.word, row.since_us, row.value = asked.named.word, asked.since_us, value
        row.received_at, row.reason = utcnow(), one.reason
    try:
        db.flush()
    except IntegrityError as collision:
        raise OutcomesCollided(
            "Another request sent outcomes of the same entities just now. Send them again."
        ) from collision
    return counts


def waiting(
    db: Session, deployment_id: uuid.UUID, of: Collection[int] | None = None
) -> list[tuple[EntityOutcome, Found]]:
    """Look again for the predictions of outcomes that wait; `of`: of these entities only."""
    query = (
        select(EntityOutcome)
        .where(
            EntityOutcome.deployment_id == deployment_id,
            EntityOutcome.received_at >= utcnow() - WAIT,
        )
        .order_by(EntityOutcome.received_at)
        .limit(_MOST)
    )
    if db.scalar(query.with_only_columns(EntityOutcome.id).limit(1)) is None:
        return []
    rows: list[EntityOutcome] = []
    ordered = sorted(of) if of is not None else []
    for start in range(0, len(ordered), _CHUNK):
        part = ordered[start : start + _CHUNK]
        rows += db.scalars(
            query.where(or_(EntityOutcome.entity.in_(part), EntityOutcome.word.in_(part)))
        )
    rows = list(dict.fromkeys(rows)) if of is not None else list(db.scalars(query))
    return list(zip(rows, find(db, deployment_id, [_again(row) for row in rows]), strict=True))


def _stop_waiting(db: Session, deployment_id: uuid.UUID, joined: set[tuple[int, int]]) -> None:
    """Forget outcomes that wait and were sent again with a time in which there is a prediction."""
    own = select(EntityOutcome.id).where(EntityOutcome.deployment_id == deployment_id)
    if not joined or db.scalar(own.limit(1)) is None:
        return
    held = _held(db, deployment_id, {entity for entity, _ in joined})
    drop(db, [row for key, row in held.items() if key in joined])


def drop(db: Session, rows: Collection[EntityOutcome]) -> None:
    """Forget outcomes that found their prediction."""
    for row in rows:
        db.delete(row)


def lost(db: Session, deployment_id: uuid.UUID) -> dict[str, int]:
    """Count outcomes that wait, and those whose day is over."""
    counted = (
        select(func.count())
        .select_from(EntityOutcome)
        .where(EntityOutcome.deployment_id == deployment_id)
    )
    waits = EntityOutcome.received_at >= utcnow() - WAIT
    return {
        "waiting": db.scalar(counted.where(waits)) or 0,
        "unknown": db.scalar(counted.where(~waits)) or 0,
    }


def deployments_that_wait(db: Session) -> set[uuid.UUID]:
    """Give the deployments with outcomes of entities whose prediction may still come."""
    waits = EntityOutcome.received_at >= utcnow() - WAIT
    return set(db.scalars(select(EntityOutcome.deployment_id).where(waits).distinct()))


def _found(asked: Asked, latest: Latest | None, known: set[int]) -> Found:
    at = _instant(asked.at_us)
    if latest is None and known.isdisjoint(asked.named.numbers):
        return Waits(asked, "entity_unknown", f"{_UNKNOWN} {_WAITS}")
    if latest is None:
        problem = f"Every prediction of this entity was made after {at}. {_WAITS}"
        return Waits(asked, "prediction_later", problem)
    made = _instant(latest.at_us)
    if latest.at_us < asked.since_us:
        problem = (
            f"The last prediction of this entity up to {at} was made at {made}, before "
            f"{_instant(asked.since_us)}. {_WAITS}"
        )
        return Waits(asked, "prediction_too_old", problem)
    if len(latest.rows) != 1:
        return Ambiguous(
            f"The entity has {len(latest.rows)} predictions of the same moment, {made}: "
            "name one by its prediction_id and row."
        )
    prediction_id, row = latest.rows[0]
    return OutcomeIn.model_construct(
        prediction_id=prediction_id, row=row, value=asked.item.value, at=asked.item.at
    )


def _again(row: EntityOutcome) -> Asked:
    item = OutcomeIn.model_construct(
        prediction_id=None, value=orjson.loads(row.value), at=_time(row.at_us), row=0
    )
    return Asked(item, Named(row.entity, row.word), row.since_us, row.at_us)


def _held(
    db: Session, deployment_id: uuid.UUID, of: Collection[int]
) -> dict[tuple[int, int], EntityOutcome]:
    found: dict[tuple[int, int], EntityOutcome] = {}
    ordered = sorted(of)
    for start in range(0, len(ordered), _CHUNK):
        query = select(EntityOutcome).where(
            EntityOutcome.deployment_id == deployment_id,
            EntityOutcome.entity.in_(ordered[start : start + _CHUNK]),
        )
        found |= {(row.entity, row.at_us): row for row in db.scalars(query)}
    return found


def _micros(at: dt.datetime) -> int:
    return (at - _FIRST) // dt.timedelta(microseconds=1)


def _time(micros: int) -> dt.datetime:
    return _FIRST + dt.timedelta(microseconds=micros)


def _instant(micros: int) -> str:
    return _time(micros).isoformat().replace("+00:00", "Z")
