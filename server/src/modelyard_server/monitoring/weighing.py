"""Reads how much a version relies on each input."""

from __future__ import annotations

import uuid

from sqlalchemy import select
from sqlalchemy.orm import Session

from .models import FeatureImportance


def of_version(db: Session, deployment_id: uuid.UUID, version: int) -> FeatureImportance | None:
    """Give what was measured of a version, also when it could not be."""
    return db.scalar(
        select(FeatureImportance).where(
            FeatureImportance.deployment_id == deployment_id, FeatureImportance.version == version
        )
    )
