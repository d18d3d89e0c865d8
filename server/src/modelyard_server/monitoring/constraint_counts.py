"""Stored constraints, and counts of the values that break them, by five minutes."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from . import constraints
from .constraint_schemas import Check, ColumnConstraint
from .constraints import Counted, Judged
from .models import ConstraintCount, ConstraintSet

SECONDS = 300
Key = tuple[uuid.UUID, int, int]
"""Deployment, version of the constraints, start in seconds."""
Columns = dict[str, Counted]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of a deployment's columns, since when."""

    version: int
    columns: tuple[ColumnConstraint, ...]
    since: dt.datetime


@dataclass(frozen=True, slots=True)
class Kept:
    """How the rows of a stretch kept the constraints."""

    asked: Asked
    since: dt.datetime
    rows: int
    judged: list[Judged]

    @property
    def broken(self) -> list[Judged]:
        """Give the checks that are broken, the worst first."""
        return [one for one in self.judged if one.is_broken]


def every(db: Session, deployments: Collection[uuid.UUID]) -> dict[uuid.UUID, Asked]:
    """Give the constraints of those deployments that have some."""
    if not deployments:
        return {}
    query = select(ConstraintSet).where(ConstraintSet.deployment_id.in_(list(deployments)))
    return {row.deployment_id: _asked(row) for row in db.scalars(query) if row.columns}


def of(db: Session, deployment_id: uuid.UUID) -> Asked | None:
    """Give what is asked of a deployment's columns; `None` while nothing is."""
    row = db.scalar(select(ConstraintSet).where(ConstraintSet.deployment_id == deployment_id))
    return _asked(row) if row is not None and row.columns else None


def judge(
    db: Session, deployment_id: uuid.UUID, since: dt.datetime, until: dt.datetime
) -> Kept | None:
    """Judge the rows of a stretch that were counted since the constraints were last changed."""
    asked = of(db, deployment_id)
    if asked is None:
        return None
    total: Columns = {}
    for counted in read(db, deployment_id, asked, since, until).values():
        _merge(total, counted)
    rows = max((column.rows for column in total.values()), default=0)
    start = max(since, min(asked.since, until))
    return Kept(asked, start, rows, constraints.judge(asked.columns, total))


def read(
    db: Session, deployment_id: uuid.UUID, asked: Asked, since: dt.datetime, until: dt.datetime
) -> dict[dt.datetime, Columns]:
    """Give the counts of a stretch by their start, oldest first."""
    query = (
        select(ConstraintCount.at, ConstraintCount.columns)
        .where(
            ConstraintCount.deployment_id == deployment_id,
            ConstraintCount.version == asked.version,
            ConstraintCount.at > since - dt.timedelta(seconds=SECONDS),
            ConstraintCount.at < until,
        )
        .order_by(ConstraintCount.at)
    )
    return {
        at: {name: _counted(raw) for name, raw in found.items()} for at, found in db.execute(query)
    }


def add(db: Session, counted: Mapping[Key, Columns], deployments: Collection[uuid.UUID]) -> None:
    """Add what a batch counted; what belongs to other deployments is dropped."""
    for (deployment_id, version, start), columns in counted.items():
        if deployment_id not in deployments:
            continue
        at = dt.datetime.fromtimestamp(start, dt.UTC)
        row = db.scalar(
            select(ConstraintCount).where(
                ConstraintCount.deployment_id == deployment_id,
                ConstraintCount.version == version,
                ConstraintCount.at == at,
            )
        )
        if row is None:
            row = ConstraintCount(deployment_id=deployment_id, version=version, at=at, columns={})
            db.add(row)
        total = {name: _counted(raw) for name, raw in row.columns.items()}
        _merge(total, columns)
        row.columns = {name: _written(one) for name, one in total.items()}
    if counted:
        db.flush()


def _merge(total: Columns, more: Columns) -> None:
    for name, one in more.items():
        total.setdefault(name, Counted()).add(one)


def _asked(row: ConstraintSet) -> Asked:
    columns = tuple(ColumnConstraint.model_validate(one) for one in row.columns)
    return Asked(row.version, columns, row.updated_at)


def _counted(raw: Mapping[str, Any]) -> Counted:
    return Counted(
        raw["rows"],
        raw["present"],
        {Check(check): count for check, count in raw["broken"].items()},
        {Check(check): [(i, n) for i, n in rows] for check, rows in raw["examples"].items()},
    )


def _written(one: Counted) -> dict[str, Any]:
    return {
        "rows": one.rows,
        "present": one.present,
        "broken": {check.value: count for check, count in one.broken.items()},
        "examples": {check.value: [list(r) for r in rows] for check, rows in one.examples.items()},
    }
