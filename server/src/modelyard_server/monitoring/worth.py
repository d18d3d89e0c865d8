"""What predictions were worth, from the value of each kind of outcome."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from modelyard_server.deployments import service as deployments
from modelyard_server.kernel import trail
from modelyard_server.kernel.clock import utcnow

from .errors import ValueUnknown
from .models import OutcomeValue
from .outcome_schemas import ValueIn, ValueOut

_MONEY = (
    "true_positive",
    "false_positive",
    "true_negative",
    "false_negative",
    "per_row",
    "per_unit_of_error",
)


@dataclass(frozen=True, slots=True)
class Worth:
    """Money per kind of outcome."""

    currency: str
    positive: str
    cells: tuple[float, float, float, float]
    """True positive, false positive, true negative, false negative."""
    per_row: float
    per_unit_of_error: float

    def of_pairs(self, pairs: Mapping[tuple[str, str], int]) -> float:
        """Give what classes were worth: `pairs` is (predicted, actual) → rows."""
        good, alarm, quiet, missed = self.cells
        total = 0.0
        for (said, was), rows in pairs.items():
            flagged, real = said == self.positive, was == self.positive
            cell = (good if real else alarm) if flagged else (missed if real else quiet)
            total += rows * (cell + self.per_row)
        return total

    def of_numbers(self, rows: int, off: float) -> float:
        """Give what numbers were worth; `off`: the sum of their distances."""
        return self.per_row * rows + self.per_unit_of_error * off


def find(db: Session, deployment_id: uuid.UUID) -> Worth | None:
    """Give the value per outcome of a deployment, or `None` when nobody said."""
    row = db.scalar(select(OutcomeValue).where(OutcomeValue.deployment_id == deployment_id))
    if row is None:
        return None
    cells = (row.true_positive, row.false_positive, row.true_negative, row.false_negative)
    return Worth(row.currency, row.positive, cells, row.per_row, row.per_unit_of_error)


def read(db: Session, actor: trail.Who, deployment_id: uuid.UUID) -> ValueOut:
    """Give the value per outcome in force.

    Raises:
        DeploymentMissing: there is no such deployment.
        ValueUnknown: nobody said what outcomes are worth.
    """
    deployments.monitored_one(db, actor, deployment_id)
    row = db.scalar(select(OutcomeValue).where(OutcomeValue.deployment_id == deployment_id))
    if row is None:
        raise ValueUnknown("Nobody has said what outcomes of this deployment are worth.")
    return _out(row)


def change(db: Session, actor: trail.Who, deployment_id: uuid.UUID, wanted: ValueIn) -> ValueOut:
    """Say what outcomes are worth; earlier windows are valued anew as well.

    Raises:
        DeploymentMissing: there is no such deployment.
    """
    subject = deployments.monitored_one(db, actor, deployment_id)
    row = db.scalar(select(OutcomeValue).where(OutcomeValue.deployment_id == deployment_id))
    before = None if row is None else _out(row).model_dump(exclude={"updated_at"})
    if row is None:
        row = OutcomeValue(deployment_id=deployment_id)
        db.add(row)
    row.currency, row.positive = wanted.currency, wanted.positive
    for name in _MONEY:
        setattr(row, name, float(getattr(wanted, name)))
    row.updated_at = utcnow()
    db.flush()
    trail.record(
        db,
        actor,
        "monitoring.value_changed",
        object_type="deployment",
        object_id=deployment_id,
        object_name=subject.name,
        before=before,
        after=wanted.model_dump(),
    )
    return _out(row)


def _out(row: OutcomeValue) -> ValueOut:
    facts = {name: getattr(row, name) for name in _MONEY}
    return ValueOut(
        currency=row.currency, positive=row.positive, updated_at=row.updated_at, **facts
    )
