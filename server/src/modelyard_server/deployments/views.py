"""Builds what the routes of deployments answer, a page at a time."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from modelyard_server.kernel.clock import utcnow

from . import approval, costs, scaling, shifting, stages
from .environment_schemas import Price
from .lanes import lane_out
from .lookup import good_revisions, previous_revision, revisions_of_many
from .models import Deployment, Revision
from .schemas import (
    CostOut,
    DeploymentOut,
    RevisionConfig,
    RevisionOut,
    ShadowTarget,
    ShiftOut,
    StepOut,
    Strategy,
    Weight,
)


def deployments_out(
    db: Session, rows: Sequence[Deployment], base_url: str, workspace_slug: str
) -> list[DeploymentOut]:
    """Show deployments; two more queries however many there are."""
    by_deployment = revisions_of_many(db, [row.id for row in rows])
    prices = stages.prices(db)
    root = f"{base_url}/{workspace_slug}"
    return [
        _deployment_out(row, by_deployment[row.id], root, prices.get(row.environment))
        for row in rows
    ]


def _deployment_out(
    row: Deployment, own: Sequence[Revision], root: str, price: Price | None
) -> DeploymentOut:
    live = next((entry for entry in own if entry.number == row.live_number), None)
    return DeploymentOut(
        id=row.id,
        name=row.name,
        kind=row.kind,
        environment=row.environment,
        url=f"{root}/{row.environment}/{row.name}",
        status=row.status,
        status_reason=row.status_reason,
        model_id=row.model_id,
        model_name=row.model_name,
        live_revision=revision_out(live) if live else None,
        latest_revision=revision_out(own[-1]),
        previous_good_revision=previous_revision(own, live),
        good_revisions=good_revisions(own, row.live_number),
        weights=[
            Weight(revision=number, weight=weight)
            for number, weight in shifting.weights(row).items()
        ],
        shadow=_shadow_out(row, own),
        standby_revision=row.fallback_number,
        standby_until=row.fallback_until,
        cost=_cost(row, own, price),
        auto_configured=row.auto_configured,
        is_sample=row.is_sample,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _cost(row: Deployment, own: Sequence[Revision], price: Price | None) -> CostOut | None:
    if row.kind != "served":
        return None
    always = max(1, scaling.settled(row).min_replicas)
    return costs.so_far(price, own, always, utcnow())


def _shadow_out(row: Deployment, own: Sequence[Revision]) -> ShadowTarget | None:
    number = row.candidate_number
    if number is None or not row.shadow_percent:
        return None
    strategy = next(entry.strategy for entry in own if entry.number == number) or {}
    tolerance = Strategy.model_validate(strategy).tolerance
    return ShadowTarget(revision=number, percent=row.shadow_percent, tolerance=tolerance)


def revision_out(row: Revision) -> RevisionOut:
    """Show one revision."""
    return RevisionOut(
        number=row.number,
        model_id=row.model_id,
        model_name=row.model_name,
        version=row.version,
        config=RevisionConfig(engine=row.engine, cpu=row.cpu, memory_gb=row.memory_gb, gpu=row.gpu),
        auto_configured=row.auto_configured,
        status=row.status,
        status_reason=row.status_reason,
        environment_note=row.environment_note,
        driver=row.driver,
        image=row.image,
        sandbox=row.sandbox,
        strategy=Strategy.model_validate(row.strategy) if row.strategy else None,
        shift=_shift_out(row),
        lane=lane_out(row.lane),
        steps=[StepOut.model_validate(step) for step in row.steps],
        differences=row.differences,
        log_tail=row.log_tail,
        created_at=row.created_at,
        created_by_name=row.created_by_name,
        promoted_from=row.promoted_from,
        reason=row.reason,
        approval=approval.of_revision(row),
        live_from=row.live_from,
        live_until=row.live_until,
    )


def _shift_out(row: Revision) -> ShiftOut | None:
    if row.shift is None:
        return None
    known = {"since": None, "checked_at": None, "new": None, "old": None, "breach": None}
    return ShiftOut.model_validate({"step": 0, "is_followed": True, **known, **row.shift})


def newest(
    db: Session,
    *,
    model_id: uuid.UUID | None,
    environment: str | None,
    after: tuple[dt.datetime, uuid.UUID] | None,
    limit: int,
) -> list[Deployment]:
    """Give a page of deployments, newest first; one more than `limit` when there are more."""
    query = select(Deployment)
    if model_id is not None:
        query = query.where(Deployment.model_id == model_id)
    if environment is not None:
        query = query.where(Deployment.environment == environment)
    if after is not None:
        at, last = after
        query = query.where(
            (Deployment.created_at < at) | ((Deployment.created_at == at) & (Deployment.id < last))
        )
    query = query.order_by(Deployment.created_at.desc(), Deployment.id.desc())
    return list(db.scalars(query.limit(limit + 1)))
