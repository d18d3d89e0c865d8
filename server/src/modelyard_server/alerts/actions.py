"""Doing something about an alert. Each action is the real one, audited there, and noted here."""

from __future__ import annotations

import csv
import io
import json
import uuid
from collections.abc import Iterable
from typing import Any

from sqlalchemy.orm import Session

from modelyard_server.deployments import service as deployments
from modelyard_server.deployments.schemas import RollbackRequest
from modelyard_server.kernel.clock import utcnow
from modelyard_server.monitoring import signals
from modelyard_server.monitoring.schemas import PredictionOut
from modelyard_server.workspaces.access import Actor

from . import handling, incidents, rules
from .conditions import Condition, Constraints, Drift, Safeguards
from .errors import NothingToMute
from .models import Alert
from .schemas import RollBack, RulePatch

MAX_ROWS = 50_000  # of an exported window
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def roll_back(db: Session, actor: Actor, alert_id: uuid.UUID, wanted: RollBack) -> Alert:
    """Return the deployment to an earlier revision, and watch whether that mends it.

    Raises:
        AlertMissing, AlreadyResolved: there is no such open alert.
        DeploymentMissing, RevisionMissing, NothingToRollBackTo: there is nothing to return to.
    """
    alert = handling.open_one(db, alert_id)
    reason = (wanted.reason or "").strip() or f"Alert #{alert.number}: {alert.title}."
    request = RollbackRequest(revision=wanted.revision, reason=reason)
    revision = deployments.roll_back(db, actor, alert.deployment_id, request)
    acted(db, actor, alert, f"Rolled back to version {revision.version}")
    return alert


def mute(db: Session, actor: Actor, alert_id: uuid.UUID, feature: str) -> Alert:
    """Leave a column out of the rules behind an alert.

    Raises:
        AlertMissing, AlreadyResolved: there is no such open alert.
        NothingToMute: no rule behind it counts this column.
    """
    alert = handling.open_one(db, alert_id)
    changed = 0
    for signal in incidents.signals_of(db, [alert.id])[alert.id]:
        if feature not in signal.items:
            continue
        condition = rules.condition_of(rules.get(db, signal.rule_id))
        if isinstance(condition, Drift | Constraints | Safeguards):
            muted = tuple(sorted({*condition.muted, feature}))
            patch = RulePatch(condition=condition.model_copy(update={"muted": muted}))
            rules.change(db, actor, signal.rule_id, patch)
            changed += 1
    if not changed:
        raise NothingToMute(f"No rule behind this alert counts {feature!r}.")
    acted(db, actor, alert, f"Muted the column {feature}")
    return alert


def adjust(
    db: Session, actor: Actor, alert_id: uuid.UUID, rule_id: uuid.UUID, condition: Condition
) -> Alert:
    """Change what a rule behind an alert asks.

    Raises:
        AlertMissing, AlreadyResolved: there is no such open alert.
        RuleMissing: the rule is not behind it.
    """
    alert = handling.open_one(db, alert_id)
    rule = rules.get(db, rule_id)
    rules.change(db, actor, rule.id, RulePatch(condition=condition))
    acted(db, actor, alert, f"Adjusted the rule “{rule.name}”")
    return alert


def window_csv(db: Session, actor: Actor, alert_id: uuid.UUID) -> str:
    """Give the calls since an alert began, with their outcomes, as a training table.

    Raises:
        AlertMissing: there is none with this id.
    """
    alert = incidents.get(db, alert_id)
    until = alert.resolved_at or utcnow()
    calls = signals.logged(
        db, alert.deployment_id, alert.opened_at, until, only_failed=False, limit=MAX_ROWS
    )
    outcomes = signals.outcomes_of(db, alert.deployment_id, [call.id for call in calls])
    table = list(_rows(calls, outcomes))
    incidents.note(db, alert, "action", f"Exported {len(table)} rows of the time.", actor.name)
    handling.record(db, actor, "alerts.export_window", alert, after={"rows": len(table)})
    return _csv(table)


def acted(db: Session, actor: Actor, alert: Alert, what: str) -> None:
    """Note that somebody did something about an alert: from now on its recovery is watched."""
    handling.seen(db, actor, alert)
    alert.acted_at, alert.action = utcnow(), what[:500]
    incidents.note(db, alert, "action", f"{what}.", actor.name)
    handling.record(db, actor, "alerts.act", alert, after={"action": what})


def _rows(
    calls: Iterable[PredictionOut], outcomes: dict[tuple[str, int], str]
) -> Iterable[dict[str, Any]]:
    for call in calls:
        for n, row in enumerate(call.inputs or []):
            predicted = (call.outputs or [])[n : n + 1]
            outcome = outcomes.get((call.id, n))
            yield {
                "prediction_id": call.id,
                "at": call.at.isoformat(),
                "version": call.version,
                **row,
                "prediction": predicted[0] if predicted else None,
                "outcome": None if outcome is None else json.loads(outcome),
            }


def _csv(table: list[dict[str, Any]]) -> str:
    columns = list(dict.fromkeys(name for row in table for name in row))
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([_cell(name) for name in columns])
    writer.writerows([_cell(row.get(name)) for name in columns] for row in table)
    return text.getvalue()


def _cell(value: Any) -> Any:
    """Give a cell that no spreadsheet takes for a formula."""
    if value is None or isinstance(value, bool | int | float):
        return value
    text = value if isinstance(value, str) else json.dumps(value)
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
