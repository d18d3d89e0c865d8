"""Stored capture policies."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from .models import CapturePolicy
from .policy import Keep, Policy


def policy_of(db: Session, deployment_id: uuid.UUID) -> Policy:
    """Give what a deployment's capture keeps; the default one while nobody chose."""
    row = db.scalar(select(CapturePolicy).where(CapturePolicy.deployment_id == deployment_id))
    return Policy() if row is None else as_policy(row)


def every(db: Session) -> Mapping[uuid.UUID, Policy]:
    """Give the policies that somebody chose."""
    return {row.deployment_id: as_policy(row) for row in db.scalars(select(CapturePolicy))}


def as_policy(row: CapturePolicy) -> Policy:
    """Read a stored policy."""
    columns = {name: Keep(keep) for name, keep in row.columns.items()}
    return Policy(columns, row.rate, row.retention_days, row.entity_column)
