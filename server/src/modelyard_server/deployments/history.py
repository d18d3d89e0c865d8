"""What answered when: periods of constant traffic shares, written with every change of them."""

from __future__ import annotations

import csv
import datetime as dt
import io
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from . import approval
from .lookup import revisions
from .models import Deployment, Revision, TrafficPeriod
from .schemas import PeriodOut

_COLUMNS = (
    "environment",
    "deployment",
    "revision",
    "model",
    "version",
    "weight",
    "from_at",
    "until_at",
    "actor_name",
    "approved_by",
    "approval_url",
    "reason",
)


@dataclass(frozen=True, slots=True)
class Change:
    """When traffic moved, who moved it, and why."""

    at: dt.datetime
    actor_name: str
    reason: str | None = None


def shift(
    db: Session,
    deployment: Deployment,
    own: Sequence[Revision],
    weights: Mapping[int, int],
    change: Change,
) -> None:
    """Close the periods that end and open those that begin; `weights` is by revision number."""
    open_now = {row.revision: row for row in _open(db, deployment.id)}
    for number, row in open_now.items():
        if weights.get(number) != row.weight:
            row.until_at = change.at
    by_number = {row.number: row for row in own}
    for number, weight in weights.items():
        before = open_now.get(number)
        if weight <= 0 or (before is not None and before.weight == weight):
            continue
        revision = by_number[number]
        db.add(
            TrafficPeriod(
                deployment_id=deployment.id,
                revision=number,
                model_name=revision.model_name,
                version=revision.version,
                weight=weight,
                from_at=change.at,
                actor_name=change.actor_name,
                reason=change.reason,
            )
        )


def periods(db: Session, deployment: Deployment, at: dt.datetime | None = None) -> list[PeriodOut]:
    """Give what answered, newest first; at one instant when given."""
    query = select(TrafficPeriod).where(TrafficPeriod.deployment_id == deployment.id)
    if at is not None:
        query = query.where(
            TrafficPeriod.from_at <= at,
            or_(TrafficPeriod.until_at.is_(None), TrafficPeriod.until_at > at),
        )
    rows = db.scalars(query.order_by(TrafficPeriod.from_at.desc(), TrafficPeriod.revision.desc()))
    by_number = {row.number: row for row in revisions(db, deployment.id)}
    return [
        PeriodOut(
            environment=deployment.environment,
            deployment=deployment.name,
            revision=row.revision,
            model=row.model_name,
            version=row.version,
            weight=row.weight,
            from_at=row.from_at,
            until_at=row.until_at,
            actor_name=row.actor_name,
            approval=approval.of_revision(by_number.get(row.revision)),
            reason=row.reason,
        )
        for row in rows
    ]


def as_csv(rows: Sequence[PeriodOut]) -> str:
    """Write periods as CSV; cells that a spreadsheet would run as a formula are quoted."""
    written = io.StringIO()
    out = csv.writer(written, lineterminator="\n")
    out.writerow(_COLUMNS)
    for row in rows:
        values = row.model_dump(mode="json")
        given = row.approval
        values |= {"approved_by": given and given.by, "approval_url": given and given.url}
        out.writerow([_harmless(values[name]) for name in _COLUMNS])
    return written.getvalue()


def _harmless(value: object) -> object:
    text = "" if value is None else value
    dangerous = isinstance(text, str) and text[:1] in {"=", "+", "-", "@", "\t", "\r"}
    return f"'{text}" if dangerous else text


def _open(db: Session, deployment_id: uuid.UUID) -> list[TrafficPeriod]:
    query = select(TrafficPeriod).where(
        TrafficPeriod.deployment_id == deployment_id, TrafficPeriod.until_at.is_(None)
    )
    return list(db.scalars(query))
