"""Known outcomes of a time, column by column: packed hours where they are true, else the rows.

Whoever changes an outcome says so with `touch` in the same transaction, so a packed hour is never
believed after a change. `pack_due` packs again in the background. A deployment has a row for each
hour with outcomes, or none at all while nothing has changed.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from modelyard_server.kernel import tenancy
from modelyard_server.kernel.db import Database
from modelyard_server.kernel.lazily import lazily

from . import outcome_packing
from .models import Outcome, OutcomeHour
from .outcome_packing import FACTS, RANKING

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray
else:
    np = lazily("numpy")
    pa = lazily("pyarrow")


Seconds: TypeAlias = "NDArray[np.int32]"
_ROWS = 20_000  # of the database in memory at once
_HOURS = 500  # per lookup
MOST_PACKED = 400
"""Hours of one transaction and run."""


@dataclass(frozen=True, slots=True)
class _Hour:
    """One hour with outcomes; `is_true`: what is packed of it is what is known."""

    hour: int
    changed: int
    is_true: bool


def touch(db: Session, deployment_id: uuid.UUID, hours: Iterable[int | None]) -> None:
    """Note that outcomes of these hours changed; call it last, it holds the hours."""
    changed = {hour for hour in hours if hour is not None}
    if not changed:
        return
    workspace_id = tenancy.workspace_of(db)
    known = OutcomeHour.deployment_id == deployment_id
    if db.scalar(select(OutcomeHour.id).where(known).limit(1)) is None:
        changed |= set(_listed(db, deployment_id))
    made = [
        {
            "workspace_id": workspace_id,
            "id": uuid.uuid4(),
            "deployment_id": deployment_id,
            "hour": hour,
            "changed": 0,
            "packed_as": -1,
        }
        for hour in sorted(changed)
    ]
    is_postgres = db.get_bind().dialect.name == "postgresql"
    insert = postgres_insert if is_postgres else sqlite_insert
    table = OutcomeHour.__table__
    db.execute(insert(table).on_conflict_do_nothing(), made)  # type: ignore[arg-type]
    ordered = [
        {"of": workspace_id, "which": deployment_id, "at": row["hour"]} for row in made
    ]  # in order: two requests wait for one another, never both
    own = (
        (table.c.workspace_id == bindparam("of"))
        & (table.c.deployment_id == bindparam("which"))
        & (table.c.hour == bindparam("at"))
    )
    db.connection().execute(
        update(table).where(own).values(changed=table.c.changed + 1),  # type: ignore[arg-type]
        ordered,
    )


def read(db: Session, deployment_id: uuid.UUID, first: int, last: int) -> pa.Table:
    """Give the known outcomes of predictions of a time as `outcome_packing.schema`."""
    found, changed = _stored(db, deployment_id, first, last)
    return outcome_packing.together([*found, *_from_rows(db, deployment_id, changed)])


def measured(db: Session, deployment_id: uuid.UUID, first: int, last: int) -> pa.Table:
    """Give the same without what names a row, which most of the memory goes to."""
    found, changed = _stored(db, deployment_id, first, last)
    parts = [outcome_packing.of_measures(one) for one in found]
    rows = outcome_packing.together(_from_rows(db, deployment_id, changed))
    return outcome_packing.joined([*parts, outcome_packing.of_measures(rows)])


def state(db: Session, deployment_id: uuid.UUID, first: int, last: int) -> tuple[int, ...] | None:
    """Name what is known of a time: the same numbers, the same outcomes; `None`: no names yet."""
    hours = _hours(db, deployment_id, first, last)
    return None if hours is None else tuple(n for one in hours for n in (one.hour, one.changed))


def states(
    db: Session, deployment_id: uuid.UUID, before: int
) -> tuple[tuple[int, int], ...] | None:
    """Name what is known of each hour before an instant; `None`: no names yet."""
    hours = _hours(db, deployment_id, 0, before)
    return None if hours is None else tuple((one.hour, one.changed) for one in hours)


def delays(db: Session, deployment_id: uuid.UUID, hours: Collection[int]) -> dict[int, Seconds]:
    """Give the delays in seconds of the outcomes of hours, without what else is known of them."""
    found: dict[int, Seconds] = {}
    ordered = sorted(hours)
    for start in range(0, len(ordered), _HOURS):
        part = ordered[start : start + _HOURS]
        query = select(OutcomeHour.hour, OutcomeHour.packed).where(
            OutcomeHour.deployment_id == deployment_id,
            OutcomeHour.hour.in_(part),
            OutcomeHour.changed == OutcomeHour.packed_as,
        )
        for hour, packed in db.execute(query.execution_options(yield_per=20)):
            if packed is not None:
                found[hour] = outcome_packing.delays(packed)
        left = [hour for hour in part if hour not in found]
        rows = select(Outcome.hour, Outcome.delay_seconds).where(
            Outcome.deployment_id == deployment_id,
            Outcome.hour.in_(left),
            Outcome.delay_seconds.is_not(None),
        )
        listed: dict[int, list[int]] = {hour: [] for hour in left}
        for of, seconds in db.execute(rows, execution_options={"yield_per": _ROWS}):
            if of is not None and seconds is not None:
                listed[of].append(seconds)
        found |= {hour: _seconds(told) for hour, told in listed.items()}
    return found


def delays_of_rows(db: Session, deployment_id: uuid.UUID, before: int) -> Seconds:
    """Give the delays of every outcome of predictions before an instant, from the rows."""
    query = select(Outcome.delay_seconds).where(
        Outcome.deployment_id == deployment_id,
        Outcome.hour < before,
        Outcome.delay_seconds.is_not(None),
    )
    return _seconds([told for told in db.scalars(query) if told is not None])


def _seconds(told: Sequence[int]) -> Seconds:
    return np.minimum(np.array(told, dtype=np.int64), 2**31 - 1).astype(np.int32)


def pack_due(database: Database, workspace_id: int) -> int:
    """Pack hours that changed; give how many."""
    with database.session(workspace_id, write=False) as db:
        due = db.execute(
            select(OutcomeHour.deployment_id, OutcomeHour.hour, OutcomeHour.changed)
            .where(OutcomeHour.packed_as != OutcomeHour.changed)
            .order_by(OutcomeHour.hour.desc())
            .limit(MOST_PACKED)
        ).all()
    for deployment_id, hour, changed in due:
        with database.session(workspace_id, write=False) as db:
            rows = outcome_packing.together(_from_rows(db, deployment_id, [hour]))
        packed = outcome_packing.pack(rows)
        with database.session(workspace_id) as db:  # an hour that changed meanwhile stays due
            db.execute(
                update(OutcomeHour)
                .where(OutcomeHour.deployment_id == deployment_id, OutcomeHour.hour == hour)
                .values(packed=packed, packed_as=changed)
            )
    return len(due)


def _stored(
    db: Session, deployment_id: uuid.UUID, first: int, last: int
) -> tuple[Iterator[pa.Table], list[int]]:
    """Give the packed hours that are true, and the hours whose rows must be read."""
    hours = _hours(db, deployment_id, first, last)
    if hours is None:
        return iter(()), _listed(db, deployment_id, first, last)
    stored = [one.hour for one in hours if one.is_true]
    return _unpacked(db, deployment_id, stored), [one.hour for one in hours if not one.is_true]


def _unpacked(db: Session, deployment_id: uuid.UUID, stored: list[int]) -> Iterator[pa.Table]:
    for start in range(0, len(stored), _HOURS):
        query = select(OutcomeHour.packed).where(
            OutcomeHour.deployment_id == deployment_id,
            OutcomeHour.hour.in_(stored[start : start + _HOURS]),
        )
        streamed = db.scalars(query.order_by(OutcomeHour.hour).execution_options(yield_per=20))
        for packed in streamed:
            if packed is not None:
                yield outcome_packing.unpack(packed)


def _hours(db: Session, deployment_id: uuid.UUID, first: int, last: int) -> list[_Hour] | None:
    own = OutcomeHour.deployment_id == deployment_id
    query = (
        select(OutcomeHour.hour, OutcomeHour.changed, OutcomeHour.packed_as)
        .where(own, OutcomeHour.hour >= first, OutcomeHour.hour < last)
        .order_by(OutcomeHour.hour)
    )
    found = [_Hour(hour, changed, changed == packed) for hour, changed, packed in db.execute(query)]
    if found or db.scalar(select(OutcomeHour.id).where(own).limit(1)) is not None:
        return found
    return None


def _listed(
    db: Session, deployment_id: uuid.UUID, first: int = 0, last: int | None = None
) -> list[int]:
    """Give the hours that have outcomes, from the outcomes themselves."""
    query = select(Outcome.hour).where(
        Outcome.deployment_id == deployment_id, Outcome.hour >= first
    )
    if last is not None:
        query = query.where(Outcome.hour < last)
    return sorted(hour for hour in db.scalars(query.distinct()) if hour is not None)


def _from_rows(db: Session, deployment_id: uuid.UUID, hours: Sequence[int]) -> Iterator[pa.Table]:
    columns: list[Any] = [getattr(Outcome, name) for name in (*FACTS, *RANKING)]
    for start in range(0, len(hours), _HOURS):
        query = select(Outcome.hour, *columns).where(
            Outcome.deployment_id == deployment_id,
            Outcome.hour.in_(hours[start : start + _HOURS]),
        )
        streamed = db.execute(query, execution_options={"yield_per": _ROWS})
        for part in streamed.partitions():
            yield outcome_packing.table(part)


def forget(db: Session, deployment_id: uuid.UUID, ids: Collection[str]) -> None:
    """Note that the outcomes of these predictions are about to be deleted."""
    query = select(Outcome.hour).where(
        Outcome.deployment_id == deployment_id, Outcome.prediction_id.in_(ids)
    )
    touch(db, deployment_id, db.scalars(query.distinct()))
