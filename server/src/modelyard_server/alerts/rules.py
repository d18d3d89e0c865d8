"""Rules: made, changed, removed; each change is audited and numbered."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from modelyard_server.audit import service as audit
from modelyard_server.deployments import service as deployments
from modelyard_server.kernel import trail
from modelyard_server.kernel.clock import utcnow
from modelyard_server.notifications import service as notifications

from . import defaults
from .conditions import Condition, cause_of
from .errors import ChannelUnknown, RuleMissing, TooManyRules
from .models import Rule, RuleMemory
from .schemas import RuleChange, RuleCreate, RuleOut, RulePatch
from .states import State

MAX_RULES = 50  # of one deployment
MAX_HISTORY = 100
_CONDITION: TypeAdapter[Condition] = TypeAdapter(Condition)


def condition_of(rule: Rule) -> Condition:
    """Give what a rule asks."""
    return _CONDITION.validate_python(rule.condition)


def listed(
    db: Session, deployment_id: uuid.UUID | None = None, *, only: uuid.UUID | None = None
) -> list[RuleOut]:
    """Give rules with what they saw last, by deployment and name."""
    query = (
        select(Rule, RuleMemory)
        .outerjoin(
            RuleMemory,
            (RuleMemory.workspace_id == Rule.workspace_id) & (RuleMemory.rule_id == Rule.id),
        )
        .where(~Rule.is_deleted)
    )
    if deployment_id is not None:
        query = query.where(Rule.deployment_id == deployment_id)
    if only is not None:
        query = query.where(Rule.id == only)
    known = {row.deployment_id: row for row in deployments.monitored(db)}
    found = [
        _out(rule, memory, known[rule.deployment_id])
        for rule, memory in db.execute(query)
        if rule.deployment_id in known
    ]
    return sorted(found, key=lambda r: (r.environment, r.deployment_name, r.name, str(r.id)))


def get(db: Session, rule_id: uuid.UUID, *, lock: bool = False) -> Rule:
    """Give one rule.

    Raises:
        RuleMissing: there is none with this id.
    """
    query = select(Rule).where(Rule.id == rule_id, ~Rule.is_deleted)
    found = db.scalar(query.with_for_update() if lock else query)
    if found is None:
        raise RuleMissing("There is no such rule.")
    return found


def create(db: Session, actor: trail.Who, wanted: RuleCreate) -> Rule:
    """Make a rule.

    Raises:
        DeploymentMissing: there is no such deployment.
        ChannelUnknown: it names a channel that is not there.
        TooManyRules: the deployment has as many as it may.
    """
    deployments.get(db, actor, wanted.deployment_id)
    _require_channels(db, wanted.channel_ids)
    count = db.scalar(
        select(func.count())
        .select_from(Rule)
        .where(Rule.deployment_id == wanted.deployment_id, ~Rule.is_deleted)
    )
    if (count or 0) >= MAX_RULES:
        raise TooManyRules(f"The deployment has {MAX_RULES} rules; remove one first.")
    now = utcnow()
    rule = Rule(
        id=uuid.uuid4(),
        deployment_id=wanted.deployment_id,
        name=wanted.name.strip(),
        condition=wanted.condition.model_dump(mode="json"),
        cause=cause_of(wanted.condition),
        severity=wanted.severity,
        hold_seconds=wanted.hold_seconds,
        recover_seconds=wanted.recover_seconds,
        channel_ids=[str(one) for one in wanted.channel_ids],
        owner_id=wanted.owner_id,
        runbook_url=wanted.runbook_url,
        created_at=now,
        updated_at=now,
        created_by_name=actor.name,
    )
    db.add(rule)
    db.flush()
    record(db, actor, "alerts.create_rule", rule, after=facts(rule))
    return rule


def change(db: Session, actor: trail.Who, rule_id: uuid.UUID, wanted: RulePatch) -> Rule:
    """Change a rule; what it remembers stays, so that an open alert keeps its rule.

    Raises:
        RuleMissing, ChannelUnknown: it, or a channel, is not there.
    """
    rule = get(db, rule_id, lock=True)
    before = facts(rule)
    given = wanted.model_dump(mode="json", exclude_unset=True)
    clearable = {"owner_id", "runbook_url"}
    given = {k: v for k, v in given.items() if v is not None or k in clearable}
    if wanted.channel_ids is not None:
        _require_channels(db, wanted.channel_ids)
    if wanted.condition is not None:
        rule.cause = cause_of(wanted.condition)
    if "owner_id" in given:
        given["owner_id"] = wanted.owner_id
    for name, value in given.items():
        setattr(rule, name, value)
    rule.version += 1
    rule.updated_at = utcnow()
    record(db, actor, "alerts.change_rule", rule, before=before, after=facts(rule))
    return rule


def remove(db: Session, actor: trail.Who, rule_id: uuid.UUID) -> Rule:
    """Remove a rule; a default one does not come back.

    Raises:
        RuleMissing: there is none with this id.
    """
    rule = get(db, rule_id, lock=True)
    rule.is_deleted, rule.is_enabled, rule.updated_at = True, False, utcnow()
    memory = db.scalar(select(RuleMemory).where(RuleMemory.rule_id == rule.id))
    if memory is not None:
        db.delete(memory)
    record(db, actor, "alerts.remove_rule", rule, before=facts(rule))
    return rule


def history(db: Session, actor: trail.Who, rule_id: uuid.UUID) -> list[RuleChange]:
    """Give the changes of a rule, newest first.

    Raises:
        RuleMissing: there is none with this id.
    """
    rule = get(db, rule_id)
    wanted = audit.Filter(object_type="alert_rule", object_id=str(rule.id))
    workspace_id = actor.workspace_id or 0
    return [
        RuleChange(
            at=event.at,
            by_name=event.actor_name,
            action=event.action,
            before=event.before,
            after=event.after,
        )
        for event in audit.events(db, workspace_id, wanted, after=None, limit=MAX_HISTORY)
    ]


def ensure_defaults(
    db: Session, actor: trail.Who, deployment_ids: Sequence[uuid.UUID]
) -> list[Rule]:
    """Give deployments the default rules they have never had."""
    query = select(Rule.deployment_id, Rule.default_key).where(Rule.default_key.is_not(None))
    had = {(row.deployment_id, row.default_key) for row in db.execute(query)}
    now, made = utcnow(), []
    for deployment_id in deployment_ids:
        for default in defaults.DEFAULTS:
            if (deployment_id, default.key) in had:
                continue
            rule = Rule(
                id=uuid.uuid4(),
                deployment_id=deployment_id,
                name=default.name,
                condition=default.condition.model_dump(mode="json"),
                cause=cause_of(default.condition),
                severity=default.severity,
                hold_seconds=default.hold_seconds,
                recover_seconds=default.recover_seconds,
                channel_ids=[],
                default_key=default.key,
                created_at=now,
                updated_at=now,
                created_by_name=actor.name,
            )
            made.append(rule)
    db.add_all(made)
    return made


def facts(rule: Rule) -> dict[str, Any]:
    """Give what the trail keeps of a rule."""
    return {
        "name": rule.name,
        "condition": dict(rule.condition),
        "severity": rule.severity,
        "hold_seconds": rule.hold_seconds,
        "recover_seconds": rule.recover_seconds,
        "channel_ids": list(rule.channel_ids),
        "runbook_url": rule.runbook_url,
        "is_enabled": rule.is_enabled,
        "version": rule.version,
    }


def record(
    db: Session,
    actor: trail.Who,
    action: str,
    rule: Rule,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """Write a change of a rule into the trail."""
    trail.record(
        db,
        actor,
        action,
        object_type="alert_rule",
        object_id=rule.id,
        object_name=rule.name,
        before=before,
        after=after,
    )


def _require_channels(db: Session, channel_ids: Sequence[uuid.UUID]) -> None:
    missing = set(channel_ids) - set(notifications.named(db, channel_ids))
    if missing:
        raise ChannelUnknown("A channel that is named does not exist.")


def _out(rule: Rule, memory: RuleMemory | None, at: deployments.Monitored) -> RuleOut:
    return RuleOut(
        id=rule.id,
        deployment_id=rule.deployment_id,
        deployment_name=at.name,
        environment=at.environment,
        name=rule.name,
        condition=condition_of(rule),
        cause=rule.cause,
        severity=rule.severity,
        hold_seconds=rule.hold_seconds,
        recover_seconds=rule.recover_seconds,
        channel_ids=[uuid.UUID(one) for one in rule.channel_ids],
        owner_id=rule.owner_id,
        runbook_url=rule.runbook_url,
        is_default=rule.default_key is not None,
        is_enabled=rule.is_enabled,
        version=rule.version,
        state=memory.state if memory else State.ok.value,
        state_since=memory.since if memory else None,
        value=memory.value if memory else None,
        limit=memory.limit if memory else None,
        text=memory.text if memory else "",
        evaluated_at=memory.evaluated_at if memory else None,
        updated_at=rule.updated_at,
        created_by_name=rule.created_by_name,
    )
