"""How rollouts do: how long each phase takes, and whose fault failures were."""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from modelyard_server.kernel.clock import utcnow

from .models import Deployment, Revision
from .schemas import FailureCount, PhaseTime, ServiceLevel
from .states import ROLLING_OUT

TARGET_SUCCESS, TARGET_SECONDS = 0.98, 300.0
PHASES = ("prepare", "build", "verify", "start", "traffic")
WATCHED = "traffic"  # a canary is watched in it, which is not time anybody waits for


def report(db: Session, days: int) -> ServiceLevel:
    """Measure the rollouts of the last days; sample projects are left out."""
    since = utcnow() - dt.timedelta(days=days)
    query = (
        select(Revision)
        .join(
            Deployment,
            (Deployment.workspace_id == Revision.workspace_id)
            & (Deployment.id == Revision.deployment_id),
        )
        .where(Revision.created_at >= since, ~Deployment.is_sample)
    )
    rows = [row for row in db.scalars(query) if row.status not in ROLLING_OUT]
    live = [row for row in rows if row.live_from is not None]
    ours = [row for row in rows if row.fault == "platform"]
    theirs = [row for row in rows if row.fault == "user"]
    judged = len(live) + len(theirs) + len(ours)
    return ServiceLevel(
        days=days,
        rollouts=len(rows),
        live=len(live),
        failed_user=len(theirs),
        failed_platform=len(ours),
        success=1 - len(ours) / judged if judged else None,
        target_success=TARGET_SUCCESS,
        target_seconds=TARGET_SECONDS,
        phases=times([row.steps for row in live]),
        failures=_failures([*ours, *theirs]),
    )


def times(rollouts: Iterable[Sequence[Mapping[str, Any]]]) -> list[PhaseTime]:
    """Give median and 95th percentile of each phase, and of all until traffic, in seconds."""
    found: dict[str, list[float]] = defaultdict(list)
    for steps in rollouts:
        took = {
            str(step["name"]): seconds
            for step in steps
            if step["name"] != WATCHED and (seconds := _seconds(step)) is not None
        }
        for name, seconds in took.items():
            found[name].append(seconds)
        if took:
            found["total"].append(sum(took.values()))
    return [
        PhaseTime.model_validate(
            {
                "phase": name,
                "count": len(found[name]),
                "p50": percentile(found[name], 0.5),
                "p95": percentile(found[name], 0.95),
            }
        )
        for name in (*PHASES[:-1], "total")
    ]


def percentile(values: Sequence[float], share: float) -> float | None:
    """Give the value that `share` of the values do not exceed (nearest rank)."""
    if not values:
        return None
    rank = max(1, math.ceil(share * len(values)))
    return round(sorted(values)[rank - 1], 3)


def _seconds(step: Mapping[str, Any]) -> float | None:
    began, ended = step.get("started_at"), step.get("finished_at")
    if not began or not ended:
        return None
    return (dt.datetime.fromisoformat(ended) - dt.datetime.fromisoformat(began)).total_seconds()


def _failures(rows: Iterable[Revision]) -> list[FailureCount]:
    grouped: dict[tuple[str, str], list[Revision]] = defaultdict(list)
    for row in rows:
        failed = next((s["name"] for s in row.steps if s["status"] == "failed"), WATCHED)
        grouped[str(row.fault), failed].append(row)
    return [
        FailureCount.model_validate(
            {
                "fault": fault,
                "phase": phase,
                "count": len(found),
                "example": max(found, key=lambda row: row.created_at).status_reason or "",
            }
        )
        for (fault, phase), found in sorted(grouped.items(), key=lambda item: -len(item[1]))
    ]
