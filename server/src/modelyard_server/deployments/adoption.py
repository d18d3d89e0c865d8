"""How much quick deploy is used and how well it does, month by month."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from modelyard_server.kernel.clock import utcnow

from .models import Deployment, EngineCorrection, Revision
from .schemas import CorrectionCount, MonthOfQuickDeploy, QuickDeployReport
from .states import Status

TARGET = 0.7
MONTHS = 12


@dataclass(frozen=True, slots=True)
class Tried:
    """One roll-out: when, how it was set up, and whether it failed."""

    at: dt.datetime
    is_auto: bool
    is_failed: bool
    is_first: bool


def report(db: Session) -> QuickDeployReport:
    """Count the last twelve months of the workspace; sample projects are left out."""
    since = _months_before(utcnow(), MONTHS - 1)
    rows = db.execute(
        select(Revision.created_at, Revision.auto_configured, Revision.status, Revision.number)
        .join(
            Deployment,
            (Deployment.workspace_id == Revision.workspace_id)
            & (Deployment.id == Revision.deployment_id),
        )
        .where(Revision.created_at >= since, ~Deployment.is_sample)
    )
    tried = [
        Tried(row.created_at, row.auto_configured, row.status == Status.failed, row.number == 1)
        for row in rows
    ]
    corrections = list(db.scalars(select(EngineCorrection).where(EngineCorrection.at >= since)))
    return QuickDeployReport(
        target=TARGET,
        months=months(tried, [row.at for row in corrections]),
        corrections=_counted(corrections),
    )


def months(tried: Iterable[Tried], corrected: Iterable[dt.datetime]) -> list[MonthOfQuickDeploy]:
    """Count by calendar month, UTC; months without deployments are left out."""
    by_month: dict[str, list[Tried]] = defaultdict(list)
    for entry in tried:
        by_month[_month(entry.at)].append(entry)
    corrections = Counter(_month(at) for at in corrected)
    found = []
    for month in sorted({*by_month, *corrections}):
        entries = by_month[month]
        auto = [entry for entry in entries if entry.is_auto]
        manual = [entry for entry in entries if not entry.is_auto]
        new = [entry for entry in entries if entry.is_first]
        new_auto = sum(entry.is_auto for entry in new)
        found.append(
            MonthOfQuickDeploy(
                month=month,
                deployments_auto=new_auto,
                deployments_manual=len(new) - new_auto,
                adoption=new_auto / len(new) if new else None,
                rollouts_auto=len(auto),
                failed_auto=sum(entry.is_failed for entry in auto),
                rollouts_manual=len(manual),
                failed_manual=sum(entry.is_failed for entry in manual),
                corrections=corrections[month],
            )
        )
    return found


def _counted(rows: Iterable[EngineCorrection]) -> list[CorrectionCount]:
    counts = Counter((row.picked, row.chosen) for row in rows)
    return [
        CorrectionCount(picked=picked, chosen=chosen, count=count)
        for (picked, chosen), count in counts.most_common()
    ]


def _month(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).strftime("%Y-%m")


def _months_before(now: dt.datetime, count: int) -> dt.datetime:
    index = now.year * 12 + now.month - 1 - count
    return dt.datetime(index // 12, index % 12 + 1, 1, tzinfo=dt.UTC)
