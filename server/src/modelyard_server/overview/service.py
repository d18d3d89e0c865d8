"""Collects the first page from the capabilities below."""

from __future__ import annotations

from sqlalchemy.orm import Session

from modelyard_server.alerts import views as alerts
from modelyard_server.audit import service as audit
from modelyard_server.monitoring import service as monitoring
from modelyard_server.monitoring.schemas import FleetRow
from modelyard_server.registry import service as registry
from modelyard_server.tracking import service as tracking
from modelyard_server.workspaces.access import Actor

from .schemas import ActivityOut, HomeOut, StartStep

RUNS, EVENTS, ATTENTION = 6, 12, 6


def home(db: Session, actor: Actor) -> HomeOut:
    """Give what needs attention, what happened lately, and which first steps are done."""
    fleet = monitoring.fleet(db, actor, "7d").rows
    runs, models = tracking.run_count(db), registry.model_count(db)
    return HomeOut(
        steps=_steps(runs, models, fleet),
        run_count=runs,
        model_count=models,
        deployment_count=len(fleet),
        alerts=alerts.urgent(db, ATTENTION),
        needs_attention=[row for row in fleet if _needs_somebody(row)][:ATTENTION],
        recent_runs=tracking.recent_runs(db, actor, RUNS),
        recent_activity=[
            ActivityOut.model_validate(event) for event in audit.recent(db, actor, EVENTS)
        ],
    )


def _steps(runs: int, models: int, fleet: list[FleetRow]) -> list[StartStep]:
    return [
        StartStep(key="run", done=runs > 0),
        StartStep(key="model", done=models > 0),
        StartStep(key="deployment", done=any(row.version is not None for row in fleet)),
        StartStep(key="prediction", done=any(row.last_request_at is not None for row in fleet)),
        StartStep(key="drift", done=any(row.drift in {"ok", "drifting"} for row in fleet)),
    ]


def _needs_somebody(row: FleetRow) -> bool:
    return row.health in {"degraded", "failing"} or row.drift == "drifting"
