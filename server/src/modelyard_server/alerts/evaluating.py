"""One evaluation of a workspace: read without holding anything, then write what came of it."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from modelyard_server.artifacts.ports import BlobStore
from modelyard_server.deployments import service as deployments
from modelyard_server.kernel.clock import utcnow
from modelyard_server.kernel.db import Database
from modelyard_server.kernel.services import Services
from modelyard_server.monitoring.ports import Catalogue, Subject
from modelyard_server.settings import Settings
from modelyard_server.workspaces.access import System

from . import defaults, incidents, noise, notices, rules, silences, states
from .gathering import Gathered
from .models import Alert, AlertSignal, Clock, Rule, RuleMemory
from .readings import Reading

BEGINNING = states.State.ok


@dataclass(frozen=True, slots=True)
class Read:
    """A rule with what it saw."""

    rule: Rule
    subject: Subject
    reading: Reading


def claim(database: Database, workspace_id: int, every: dt.timedelta) -> bool:
    """Take the turn to evaluate a workspace; only one process gets it."""
    now = utcnow()
    with database.platform_session(write=False) as db:
        due = db.scalar(select(Clock.due_at).where(Clock.clock_workspace_id == workspace_id))
    if due is not None and due > now:
        return False
    try:
        with database.platform_session() as db:
            if due is None:
                db.add(Clock(clock_workspace_id=workspace_id, due_at=now + every))
                return True
            moved = db.execute(
                update(Clock)
                .where(Clock.clock_workspace_id == workspace_id, Clock.due_at == due)
                .values(due_at=now + every)
            )
            return bool(moved.rowcount)  # type: ignore[attr-defined]
    except IntegrityError:
        return False  # somebody else made the row at this moment


def evaluate(services: Services, workspace_id: int, slug: str) -> None:
    """Judge every rule of a workspace, move alerts on, and tell whom it concerns."""
    database = services.get(Database)
    _ensure_defaults(database, workspace_id)
    with database.session(workspace_id, write=False) as db:
        found = read_all(db, services, workspace_id)
        waiting = bool(incidents.open_alerts(db))
    if not found and not waiting:
        return
    base_url = f"{services.get(Settings).browser_url}/w/{slug}"
    with database.session(workspace_id) as db:
        apply(db, found, base_url)
        keep_house(db, base_url)


def read_all(db: Session, services: Services, workspace_id: int) -> list[Read]:
    """Judge every rule that is on."""
    system, now = System(workspace_id), utcnow()
    wanted = db.scalars(select(Rule).where(Rule.is_enabled, ~Rule.is_deleted)).all()
    if not wanted:
        return []
    known = {one.deployment_id: one for one in deployments.monitored(db)}
    catalogue = services.get(Catalogue)  # type: ignore[type-abstract]
    view = Gathered(db, system, catalogue, services.get(BlobStore), now)  # type: ignore[type-abstract]
    found: list[Read] = []
    for rule in wanted:
        subject = known.get(rule.deployment_id)
        if subject is not None:
            found.append(Read(rule, subject, view.read(rules.condition_of(rule), subject)))
    return found


def apply(db: Session, found: Sequence[Read], base_url: str) -> None:
    """Move each rule's memory on; fired and resolved ones change alerts."""
    now = utcnow()
    memories = {row.rule_id: row for row in db.scalars(select(RuleMemory).with_for_update())}
    signals = {
        row.rule_id: row
        for row in db.scalars(select(AlertSignal).where(AlertSignal.ended_at.is_(None)))
    }
    current = {row.id: row.version for row in db.scalars(select(Rule).where(Rule.is_enabled))}
    for one in found:
        rule, reading = one.rule, one.reading
        if current.get(rule.id) != rule.version:
            continue  # changed or removed since it was read: judged again next time
        memory = memories.get(rule.id)
        if memory is None:
            memory = RuleMemory(
                id=uuid.uuid4(), rule_id=rule.id, state=BEGINNING, since=now, was_firing=False
            )
            db.add(memory)
        step = _moved(memory, rule, reading, now)
        if rule.id in signals and reading.seen.is_known and step is None:
            incidents.show(signals[rule.id], reading)
        if step == "fired":
            incidents.fired(db, rule, one.subject, reading)
        elif step == "resolved":
            tell_end(db, incidents.cleared(db, rule.id, reading.text), base_url)


def tell_end(db: Session, alert: Alert | None, base_url: str) -> None:
    """Tell those who were told of the beginning that an alert has ended."""
    if alert is not None and alert.first_told_at is not None:
        signals = incidents.signals_of(db, [alert.id])[alert.id]
        notices.tell(db, alert, signals, "resolved", base_url)


def keep_house(db: Session, base_url: str) -> None:
    """Tell what is due about open alerts: first, again, louder, or after a silence."""
    now = utcnow()
    alerts = incidents.open_alerts(db)
    if not alerts:
        return
    policy, quiet = silences.policy(db), silences.in_force(db)
    patience = silences.patience(policy)
    by_alert = incidents.signals_of(db, [alert.id for alert in alerts])
    down = _down(db, by_alert)
    for alert in alerts:
        signals = by_alert[alert.id]
        facts = _facts(alert, len(signals))
        reason = noise.muted_by(facts, quiet, down, now)
        if reason is not None:
            if alert.muted_by != reason:
                incidents.note(db, alert, "muted", reason)
            alert.muted_by = reason[:500]
            continue
        event = noise.due(facts, patience, now)
        if alert.muted_by is not None:
            alert.muted_by = alert.snoozed_until = None
        if event is not None:
            louder = policy.escalation_channel_ids
            _tell(db, alert, signals, event, base_url, louder if event == "escalated" else [])


def _down(db: Session, by_alert: dict[uuid.UUID, list[AlertSignal]]) -> set[uuid.UUID]:
    """Give the deployments whose endpoint is down, as a rule says that is firing."""
    ids = [one.rule_id for own in by_alert.values() for one in own if one.ended_at is None]
    found = db.scalars(select(Rule).where(Rule.id.in_(ids)))
    return {rule.deployment_id for rule in found if rule.condition["kind"] == "down"}


def _tell(
    db: Session,
    alert: Alert,
    signals: list[AlertSignal],
    event: noise.Told,
    base_url: str,
    also: list[uuid.UUID],
) -> None:
    if event == "escalated":
        alert.escalated_at = utcnow()
        incidents.note(db, alert, "escalated", "Nobody acknowledged it in time.")
    if event == "announced":
        incidents.note(db, alert, "announced", "Still firing at the end of the quiet time.")
    notices.tell(db, alert, signals, event, base_url, also)


def _moved(
    memory: RuleMemory, rule: Rule, reading: Reading, now: dt.datetime
) -> states.Step | None:
    before = states.Memory(states.State(memory.state), memory.since, memory.was_firing)
    patience = states.Patience(
        dt.timedelta(seconds=rule.hold_seconds), dt.timedelta(seconds=rule.recover_seconds)
    )
    after, step = states.advance(before, reading.seen, patience, now)
    memory.state, memory.since, memory.was_firing = after.state, after.since, after.was_firing
    memory.value, memory.limit, memory.n = reading.value, reading.limit, reading.n
    memory.text, memory.evaluated_at = reading.text, now
    return step


def _facts(alert: Alert, signals: int) -> noise.Facts:
    return noise.Facts(
        deployment_id=alert.deployment_id,
        cause=alert.cause,
        severity=alert.severity,
        opened_at=alert.opened_at,
        is_acknowledged=alert.acknowledged_at is not None,
        snoozed_until=alert.snoozed_until,
        was_muted=alert.muted_by is not None,
        first_told_at=alert.first_told_at,
        last_told_at=alert.last_told_at,
        new_signals=max(0, signals - alert.told_signals),
        is_escalated=alert.escalated_at is not None,
    )


def _ensure_defaults(database: Database, workspace_id: int) -> None:
    """Give deployments the default rules they never had: new ones, or of a newer release."""
    with database.session(workspace_id, write=False) as db:
        every = [one.deployment_id for one in deployments.monitored(db)]
        had = select(Rule.deployment_id).where(Rule.default_key.in_(defaults.KEYS))
        complete = func.count() >= len(defaults.KEYS)
        having = set(db.scalars(had.group_by(Rule.deployment_id).having(complete)))
    lacking = [one for one in every if one not in having]
    if lacking:
        with database.session(workspace_id) as db:
            rules.ensure_defaults(db, System(workspace_id), lacking)
