"""Takes in what really happened, and joins it to the prediction it belongs to.

A prediction may be logged after its outcome: the outcome waits a day for it. One that the log
holds no more is looked for among kept rows (`recall`). Outcomes that name an entity are given
their prediction first (`entity_outcomes`).
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import orjson
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from modelyard_server.deployments import service as deployments
from modelyard_server.kernel import tenancy, trail
from modelyard_server.kernel.clock import utcnow

from . import entity_outcomes, outcome_files, outcome_hours, pairing, recall
from .delta import HOUR
from .entity_outcomes import Ambiguous, Found, Joining, Terms, Waits
from .errors import OutcomesCollided
from .models import LoggedPrediction, Outcome, ReplacedOutcome
from .outcome_schemas import MAX_OUTCOMES, OutcomeIn, OutcomeProblem, OutcomesReceived, Unjoined
from .pairing import Answer, Mismatch
from .recall import WAIT

LATE_SECONDS = 86400
SHOWN_PROBLEMS = 20
_CHUNK = 400  # ids per lookup: SQLite limits a statement's variables
_MAX_WAITING = 10_000  # outcomes looked at in one go


class _NotLogged(Exception):
    """The log does not hold the row; it may have been kept."""


@dataclass(slots=True)
class _Fresh:
    """A new outcome. A row of the table takes eight times as long to make, and there are many."""

    workspace_id: int
    deployment_id: uuid.UUID
    prediction_id: str
    row: int
    id: uuid.UUID = field(default_factory=uuid.uuid4)
    value: str = ""
    at: dt.datetime | None = None
    received_at: dt.datetime | None = None
    hour: int | None = None
    version: int | None = None
    predicted: str | None = None
    actual: str | None = None
    predicted_number: float | None = None
    actual_number: float | None = None
    score: float | None = None
    ranked: str | None = None
    delay_seconds: int | None = None
    corrections: int = 0


_Entry = Outcome | _Fresh


@dataclass(slots=True)
class _Tally:
    """What became of the outcomes of one request."""

    counts: Counter[str] = field(default_factory=Counter)
    reasons: Counter[Unjoined] = field(default_factory=Counter)
    problems: list[OutcomeProblem] = field(default_factory=list)
    refused: set[int] = field(default_factory=set)
    hours: set[int | None] = field(default_factory=set)
    """Of the predictions, `None` for those not known yet."""

    def tell(self, index: int, problem: str) -> None:
        """Keep the first problems."""
        if len(self.problems) < SHOWN_PROBLEMS:
            self.problems.append(OutcomeProblem(index=index, problem=problem))

    def refuse(self, index: int, problem: str) -> None:
        """Count an outcome that cannot be used."""
        self.counts["rejected"] += 1
        self.refused.add(index)
        self.tell(index, problem)


class _Book:
    """The outcomes one request touches, and what is known of their predictions."""

    def __init__(self, db: Session, deployment_id: uuid.UUID, ids: Collection[str]) -> None:
        self.now = utcnow()
        self.counts: Counter[str] = Counter()
        self.fresh: list[_Fresh] = []
        self.hours: set[int | None] = set()
        self._db, self._deployment_id = db, deployment_id
        self._calls = {row.prediction_id: row for row in _calls(db, deployment_id, ids)}
        self._workspace_id = tenancy.workspace_of(db)
        held = _held(db, deployment_id, ids)
        self._held: dict[tuple[str, int], _Entry] = {(r.prediction_id, r.row): r for r in held}

    def enter(self, item: OutcomeIn) -> None:
        """Add or correct one outcome; `Mismatch`: it cannot be used."""
        assert item.prediction_id is not None  # noqa: S101 - entities were given theirs
        key = (item.prediction_id, item.row)
        value = orjson.dumps(item.value).decode()
        held = self._held.get(key)
        if held is not None and held.value == value:
            self.counts["duplicates"] += 1
            return
        call = self._calls.get(key[0])
        outcome: _Entry
        if held is None:
            made = _Fresh(self._workspace_id, self._deployment_id, *key)
            self._join(made, call, item.value)
            outcome = self._held[key] = made
            self.fresh.append(made)
            self.counts["waiting" if outcome.hour is None else "matched"] += 1
        else:
            outcome = held
            self._correct(outcome, call, item.value)
            self.counts["corrected"] += 1
        self.hours.add(outcome.hour)
        outcome.value, outcome.at, outcome.received_at = value, item.at or self.now, self.now
        if (outcome.delay_seconds or 0) > LATE_SECONDS:
            self.counts["late"] += 1

    def _join(
        self,
        outcome: _Entry,
        call: LoggedPrediction | None,
        value: Any,
    ) -> None:
        if call is not None:
            with suppress(_NotLogged):
                _join(outcome, call, value, self.now)

    def _correct(
        self,
        outcome: _Entry,
        call: LoggedPrediction | None,
        value: Any,
    ) -> None:
        if outcome.predicted is not None:
            said = Answer(outcome.predicted, outcome.predicted_number, ranked=outcome.ranked)
            actual = pairing.again(said, value)
            outcome.actual, outcome.actual_number = actual.label, actual.number
        else:
            self._join(outcome, call, value)
        self._db.add(
            ReplacedOutcome(
                deployment_id=self._deployment_id,
                prediction_id=outcome.prediction_id,
                row=outcome.row,
                value=outcome.value,
                at=outcome.at or self.now,
                received_at=outcome.received_at or self.now,
                replaced_at=self.now,
            )
        )
        outcome.corrections += 1


def receive(
    db: Session,
    actor: trail.Who,
    deployment_id: uuid.UUID,
    sent: Iterable[OutcomeIn | str],
    terms: Terms = Terms(),
) -> OutcomesReceived:
    """Keep outcomes: the last one sent for a row counts, replaced ones stay as history.

    A text says what is wrong with a row that was read elsewhere.

    Raises:
        DeploymentMissing: there is no such deployment.
        EntityUndeclared: one names an entity, and nothing is known of whom rows are about.
        OutcomesCollided: another request wrote the same rows at the same moment.
    """
    subject = deployments.monitored_one(db, actor, deployment_id)
    tally, joining = _Tally(), Joining(db, deployment_id, terms)
    left, since = iter(enumerate(sent)), utcnow()
    while part := list(islice(left, MAX_OUTCOMES)):
        _enter(db, joining, part, tally)
    if None in tally.hours:
        recall.enqueue(db, deployment_id, since)
    counts = tally.counts
    answer = OutcomesReceived(
        received=counts["received"],
        matched=counts["matched"],
        waiting=counts["waiting"],
        duplicates=counts["duplicates"],
        corrected=counts["corrected"],
        rejected=counts["rejected"],
        late=counts["late"],
        reasons=dict(tally.reasons),
        problems=tally.problems,
    )
    trail.record(
        db,
        actor,
        "monitoring.outcomes_received",
        object_type="deployment",
        object_id=deployment_id,
        object_name=subject.name,
        after=answer.model_dump(exclude={"problems"}),
    )
    outcome_hours.touch(db, deployment_id, tally.hours)
    return answer


def receive_file(
    db: Session,
    actor: trail.Who,
    deployment_id: uuid.UUID,
    content: bytes,
    terms: Terms = Terms(),
) -> OutcomesReceived:
    """Keep the outcomes of a CSV or Parquet file; rows that cannot be used are told, not kept.

    Raises:
        DeploymentMissing: there is no such deployment.
        OutcomesUnreadable: the file is no table of outcomes.
        EntityUndeclared: it names entities, and nothing is known of whom rows are about.
        OutcomesCollided: another request wrote the same rows at the same moment.
    """
    return receive(db, actor, deployment_id, outcome_files.read(content), terms)


def _enter(
    db: Session, joining: Joining, part: list[tuple[int, OutcomeIn | str]], tally: _Tally
) -> None:
    """Take in one part."""
    found = _joined(joining, part)
    ids = {one.prediction_id for _, one in found if isinstance(one, OutcomeIn)}
    book = _Book(db, joining.deployment_id, {name for name in ids if name is not None})
    waiting: list[Waits] = []
    for index, item in found:
        if isinstance(item, Waits):
            waiting.append(item)
            tally.reasons[item.reason] += 1
            tally.tell(index, item.problem)
            continue
        if isinstance(item, Ambiguous):
            tally.reasons["same_moment"] += 1
        try:
            book.enter(_usable(item))
        except Mismatch as refused:
            tally.refuse(index, str(refused))
    _insert(db, book.fresh)
    db.flush()
    tally.counts["received"] += len(part)
    tally.counts.update(book.counts)
    tally.hours |= book.hours
    if waiting:
        tally.counts.update(entity_outcomes.keep(db, joining.deployment_id, waiting))


def _joined(
    joining: Joining, part: list[tuple[int, OutcomeIn | str]]
) -> list[tuple[int, Found | str]]:
    named = {
        index: item
        for index, item in part
        if isinstance(item, OutcomeIn) and item.entity is not None
    }
    found = dict(zip(named, joining.find(list(named.values())), strict=True))
    return [(index, found.get(index, item)) for index, item in part]


def match_entities(db: Session, deployment_id: uuid.UUID, of: Collection[int] | None = None) -> int:
    """Join outcomes of entities that wait with predictions that came meanwhile; give how many.

    `of`: of these entities only.
    """
    found = [
        (row, item)
        for row, item in entity_outcomes.waiting(db, deployment_id, of)
        if isinstance(item, OutcomeIn)
    ]
    if not found:
        return 0
    tally, since = _Tally(), utcnow()
    part: list[tuple[int, OutcomeIn | str]] = list(enumerate(item for _, item in found))
    _enter(db, Joining(db, deployment_id, Terms()), part, tally)
    if None in tally.hours:
        recall.enqueue(db, deployment_id, since)
    rows = [row for index, (row, _) in enumerate(found) if index not in tally.refused]
    entity_outcomes.drop(db, rows)
    db.flush()
    outcome_hours.touch(db, deployment_id, tally.hours)
    return len(rows)


def _usable(item: OutcomeIn | Ambiguous | str) -> OutcomeIn:
    if isinstance(item, Ambiguous):
        raise Mismatch(item.problem)
    if isinstance(item, str):
        raise Mismatch(item)
    return item


def match_waiting(db: Session, deployment_id: uuid.UUID, ids: Collection[str] | None = None) -> int:
    """Join outcomes that wait with predictions that were logged meanwhile; give how many.

    `ids`: only those predictions. Outcomes older than a day have waited long enough.
    """
    query = (
        select(Outcome, LoggedPrediction)
        .join(
            LoggedPrediction,
            (LoggedPrediction.deployment_id == Outcome.deployment_id)
            & (LoggedPrediction.prediction_id == Outcome.prediction_id),
        )
        .where(
            Outcome.deployment_id == deployment_id,
            Outcome.hour.is_(None),
            Outcome.received_at >= utcnow() - WAIT,
        )
        .limit(_MAX_WAITING)
    )
    matched, hours = 0, set[int | None]()
    for part in _chunks(ids) if ids is not None else [None]:
        chosen = query if part is None else query.where(Outcome.prediction_id.in_(part))
        for outcome, call in db.execute(chosen).all():
            try:
                _join(outcome, call, orjson.loads(outcome.value), outcome.received_at)
            except (Mismatch, _NotLogged):
                continue  # it stays unknown
            matched += 1
            hours.add(outcome.hour)
    db.flush()
    outcome_hours.touch(db, deployment_id, hours)
    return matched


def deployments_that_wait(db: Session) -> set[uuid.UUID]:
    """Give the deployments with outcomes whose prediction may still come."""
    since = utcnow() - WAIT
    query = select(Outcome.deployment_id).where(
        Outcome.hour.is_(None), Outcome.received_at >= since
    )
    return set(db.scalars(query.distinct()))


def waits_for(db: Session, deployment_id: uuid.UUID, ids: Collection[str]) -> bool:
    """Tell whether an outcome waits for one of these predictions."""
    known = [
        Outcome.deployment_id == deployment_id,
        Outcome.hour.is_(None),
        Outcome.received_at >= utcnow() - WAIT,
    ]
    if db.scalar(select(Outcome.id).where(*known).limit(1)) is None:
        return False
    return any(
        db.scalar(select(Outcome.id).where(*known, Outcome.prediction_id.in_(part)).limit(1))
        for part in _chunks(set(ids))
    )


def _join(
    outcome: _Entry,
    call: LoggedPrediction,
    value: Any,
    received_at: dt.datetime,
) -> None:
    found = pairing.pair(_prediction(call, outcome.row), value)
    predicted, actual = found.predicted, found.actual
    outcome.predicted, outcome.predicted_number = predicted.label, predicted.number
    outcome.score, outcome.ranked = predicted.score, predicted.ranked
    outcome.actual, outcome.actual_number = actual.label, actual.number
    outcome.hour = int(call.at.timestamp()) // HOUR * HOUR
    outcome.version = call.version
    outcome.delay_seconds = max(0, int((received_at - call.at).total_seconds()))


def _prediction(call: LoggedPrediction, row: int) -> Any:
    if call.status >= 400:
        raise Mismatch(f"The call was refused with {call.status}: there is no prediction.")
    if call.rows is not None and row >= call.rows:
        raise Mismatch(f"The call has no row {row}: it sent {call.rows}.")
    answers = orjson.loads(call.outputs) if call.outputs else []
    if row >= len(answers):
        raise _NotLogged(f"Row {row}")
    return answers[row]


def _calls(
    db: Session, deployment_id: uuid.UUID, ids: Collection[str]
) -> Iterator[LoggedPrediction]:
    for part in _chunks(ids):
        yield from db.scalars(
            select(LoggedPrediction).where(
                LoggedPrediction.deployment_id == deployment_id,
                LoggedPrediction.prediction_id.in_(part),
            )
        )


def _held(db: Session, deployment_id: uuid.UUID, ids: Collection[str]) -> Iterator[Outcome]:
    for part in _chunks(ids):
        yield from db.scalars(
            select(Outcome).where(
                Outcome.deployment_id == deployment_id, Outcome.prediction_id.in_(part)
            )
        )


def _chunks(ids: Collection[str]) -> Iterator[list[str]]:
    ordered = sorted(ids)
    for start in range(0, len(ordered), _CHUNK):
        yield ordered[start : start + _CHUNK]


def _insert(db: Session, fresh: Sequence[_Fresh]) -> None:
    if not fresh:
        return
    table = Outcome.__table__
    names = [column.key for column in table.columns]
    rows = [{name: getattr(row, name) for name in names} for row in fresh]
    try:
        db.execute(insert(table), rows)  # type: ignore[arg-type]
    except IntegrityError as collision:
        raise OutcomesCollided(
            "Another request sent outcomes of the same predictions just now. Send them again."
        ) from collision
