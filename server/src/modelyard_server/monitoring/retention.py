"""Keeps stored rows bounded: prunes, compacts, and removes what deleted deployments left."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from modelyard_server.kernel.clock import utcnow
from modelyard_server.traffic import service as traffic

from . import (
    captures,
    entity_outcomes,
    joint_hours,
    outcomes,
    profile,
    recall,
    reference_tables,
    writing,
)
from .delta import COARSE, DAY, FINE, HOUR, MINUTE
from .entity_records import EntityOutcome, EntityRow
from .models import (
    CaptureCount,
    CapturePolicy,
    ConstraintCount,
    ConstraintSet,
    DriftProfile,
    DriftReference,
    DriftResult,
    FeatureImportance,
    JointHour,
    JointReference,
    JournalPosition,
    LoggedPrediction,
    Outcome,
    OutcomeHour,
    OutcomePull,
    OutcomeSource,
    OutcomeValue,
    ReferenceTable,
    ReplacedOutcome,
    SafeguardCount,
    ShadowCall,
    ShadowCount,
    TrafficCount,
)
from .segmenter import PREFIX

LOGGED_ROWS = 50_000  # newest calls kept per deployment
LOGGED_DAYS = 30
KEPT: dict[int, dt.timedelta] = {
    FINE: dt.timedelta(hours=3),
    COARSE: dt.timedelta(days=35),
    HOUR: dt.timedelta(days=400),
    DAY: dt.timedelta(days=5 * 366),
}
COMPACTED = (
    (MINUTE, COARSE, dt.timedelta(hours=2)),
    (COARSE, HOUR, dt.timedelta(days=2)),
)
"""Profiles of the first length become the second when they are older than the third."""
PROFILE_DAYS = 35
RESULT_DAYS = 400
SHADOW_DAYS = 35
SHADOW_CALLS = 5000  # newest copies kept per deployment
OUTCOME_DAYS = 400
RECALLED_AGAIN = dt.timedelta(minutes=2)
UNKNOWN_DAYS = 30  # outcomes without a prediction are counted so long
_OF_A_DEPLOYMENT = (
    CapturePolicy,
    CaptureCount,
    ConstraintCount,
    ConstraintSet,
    OutcomePull,
    OutcomeSource,
    OutcomeValue,
    ReferenceTable,
    SafeguardCount,
    ShadowCall,
    ShadowCount,
    TrafficCount,
    LoggedPrediction,
    DriftProfile,
    DriftReference,
    DriftResult,
    EntityOutcome,
    EntityRow,
    FeatureImportance,
    JointHour,
    JointReference,
    Outcome,
    OutcomeHour,
    ReplacedOutcome,
)
_MAX_COMPACTED = 2000  # of one transaction


def tidy(db: Session, deployments: Collection[uuid.UUID], gone: Collection[str]) -> None:
    """Bring one workspace back inside its bounds; `gone`: journals that were deleted."""
    now = utcnow()
    for resolution, kept in KEPT.items():
        db.execute(
            delete(TrafficCount).where(
                TrafficCount.resolution == resolution, TrafficCount.at < now - kept
            )
        )
    db.execute(
        delete(LoggedPrediction).where(LoggedPrediction.at < now - dt.timedelta(days=LOGGED_DAYS))
    )
    db.execute(delete(DriftProfile).where(DriftProfile.at < now - dt.timedelta(days=PROFILE_DAYS)))
    for counted in (ConstraintCount, SafeguardCount):
        db.execute(delete(counted).where(counted.at < now - dt.timedelta(days=PROFILE_DAYS)))
    db.execute(delete(DriftResult).where(DriftResult.at < now - dt.timedelta(days=RESULT_DAYS)))
    for deployment_id in outcomes.deployments_that_wait(db):
        outcomes.match_waiting(db, deployment_id)
    for deployment_id in entity_outcomes.deployments_that_wait(db):
        outcomes.match_entities(db, deployment_id)
    recall.enqueue_lately(db, RECALLED_AGAIN)
    _prune_outcomes(db, now)
    for shadow in (ShadowCall, ShadowCount):
        db.execute(delete(shadow).where(shadow.at < now - dt.timedelta(days=SHADOW_DAYS)))
    for deployment_id in deployments:
        _prune_log(db, deployment_id)
    captures.prune(db, now)
    traffic.prune_tokens(db)
    joint_hours.prune(db, now)
    for fine, coarse, age in COMPACTED:
        _compact(db, fine, coarse, now - age)
    _drop_orphans(db, deployments)
    if gone:
        names = [*gone, *(PREFIX + name for name in gone)]
        db.execute(delete(JournalPosition).where(JournalPosition.file.in_(names)))


def remove(db: Session, deployment_id: uuid.UUID) -> None:
    """Delete everything that monitoring keeps about a deployment."""
    captures.forget(db, deployment_id)
    reference_tables.forget(db, deployment_id)
    for table in _OF_A_DEPLOYMENT:
        db.execute(delete(table).where(table.deployment_id == deployment_id))


def _prune_outcomes(db: Session, now: dt.datetime) -> None:
    oldest, unknown = now - dt.timedelta(days=OUTCOME_DAYS), now - dt.timedelta(days=UNKNOWN_DAYS)
    for kept in (Outcome, OutcomeHour):
        db.execute(delete(kept).where(kept.hour < int(oldest.timestamp())))
    db.execute(delete(Outcome).where(Outcome.hour.is_(None), Outcome.received_at < unknown))
    db.execute(delete(EntityOutcome).where(EntityOutcome.received_at < unknown))
    db.execute(delete(ReplacedOutcome).where(ReplacedOutcome.replaced_at < oldest))


def _prune_log(db: Session, deployment_id: uuid.UUID) -> None:
    for kind, kept in ((LoggedPrediction, LOGGED_ROWS), (ShadowCall, SHADOW_CALLS)):
        limit = db.scalar(
            select(kind.at)
            .where(kind.deployment_id == deployment_id)
            .order_by(kind.at.desc())
            .offset(kept)
            .limit(1)
        )
        if limit is not None:
            db.execute(delete(kind).where(kind.deployment_id == deployment_id, kind.at <= limit))


def _compact(db: Session, fine: int, coarse: int, before: dt.datetime) -> None:
    rows = db.scalars(
        select(DriftProfile)
        .where(DriftProfile.resolution == fine, DriftProfile.at < before)
        .order_by(DriftProfile.at)
        .limit(_MAX_COMPACTED)
    ).all()
    grouped: dict[tuple[uuid.UUID, int, int], list[DriftProfile]] = {}
    for row in rows:
        start = int(row.at.timestamp()) // coarse * coarse
        grouped.setdefault((row.deployment_id, row.version, start), []).append(row)
    for (deployment_id, version, start), parts in grouped.items():
        counted = profile.merge(profile.unpack(part.columns) for part in parts)
        at = writing.instant(start)
        newest = max(part.updated_at for part in parts)
        writing.add_profile(db, (deployment_id, version), coarse, at, counted, updated_at=newest)
        for part in parts:
            db.delete(part)
    db.flush()


def _drop_orphans(db: Session, deployments: Collection[uuid.UUID]) -> None:
    """Delete rows of deployments that were deleted while a batch of theirs was being applied."""
    for table in _OF_A_DEPLOYMENT:
        kept = list(deployments)
        db.execute(delete(table).where(table.deployment_id.not_in(kept)))
