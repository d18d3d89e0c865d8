"""Asking whether a flag is on, and changing its rules. None commits."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from modelyard_server.identity import service as identity
from modelyard_server.kernel import trail
from modelyard_server.kernel.clock import utcnow
from modelyard_server.workspaces import service as workspaces
from modelyard_server.workspaces.access import Actor

from .deciding import Decision, Rules, decide, staleness
from .errors import FlagOff, NotTheOperator, PersonMissing, ScheduleWrong
from .known import FLAGS, QUICK_DEPLOY, Flag, flag
from .models import FlagOverride, FlagRule
from .schemas import FlagOut, FlagRuleSet, PersonRule

__all__ = ["QUICK_DEPLOY", "decided", "is_on", "require"]


def is_on(db: Session, actor: trail.Who, key: str) -> bool:
    """Tell whether a flag is on for the actor."""
    return decided(db, actor, key).is_on


def require(db: Session, actor: trail.Who, key: str) -> None:
    """Let the actor on when a flag is on.

    Raises:
        FlagOff: it is not.
    """
    if not is_on(db, actor, key):
        raise FlagOff("There is nothing at this address.")


def decided(db: Session, actor: trail.Who, key: str) -> Decision:
    """Decide a flag for the actor, in the organisation of their workspace."""
    organisation_id = workspaces.organisation_of(db, actor.workspace_id)
    known = flag(key)
    return decide(key, _rules(db, known, organisation_id, actor.id), actor.id, utcnow())


def report(db: Session, actor: Actor) -> list[FlagOut]:
    """Give every flag with its rules, as the actor's organisation sees them."""
    return [_out(db, actor, known) for known in FLAGS]


def one(db: Session, actor: Actor, key: str) -> FlagOut:
    """Give one flag with its rules.

    Raises:
        FlagMissing: there is none.
    """
    return _out(db, actor, flag(key))


def set_rule(db: Session, actor: Actor, key: str, wanted: FlagRuleSet) -> None:
    """Change what holds for everybody without a decision of their own.

    Raises:
        FlagMissing: there is none.
        NotTheOperator: the actor's organisation did not set the installation up.
        ScheduleWrong: it would end before it begins.
    """
    known = flag(key)
    if not _is_operator(db, actor):
        raise NotTheOperator("Only owners of the organisation that runs this installation may.")
    if wanted.starts_at and wanted.ends_at and wanted.ends_at <= wanted.starts_at:
        raise ScheduleWrong(
            "The schedule ends before it begins.",
            fields=[{"location": "body.ends_at", "problem": "is not after starts_at"}],
        )
    row = db.get(FlagRule, key)
    before = _facts(row) if row is not None else {"default_on": known.default}
    if row is None:
        row = FlagRule(key=key)
        db.add(row)
    for name, value in wanted.model_dump().items():
        setattr(row, name, value)
    row.updated_at, row.updated_by_name = utcnow(), actor.name
    _record(db, actor, "flags.set_rule", known, before=before, after=_facts(row))


def decide_for_organisation(db: Session, actor: trail.Who, key: str, is_on: bool | None) -> None:
    """Switch a flag on or off for the actor's organisation, or take that back.

    Raises:
        FlagMissing: there is none.
    """
    organisation_id = workspaces.organisation_of(db, actor.workspace_id)
    _override(db, actor, flag(key), organisation_id, None, is_on)


def decide_for_person(
    db: Session, actor: Actor, key: str, user_id: uuid.UUID, is_on: bool | None
) -> None:
    """Switch a flag on or off for one member of the workspace, or take that back.

    Raises:
        FlagMissing, PersonMissing: there is no such flag, or no such member.
    """
    if not workspaces.joined_by(db, user_id, only=actor.workspace_id):
        raise PersonMissing("There is no such member in this workspace.")
    known = flag(key)
    organisation_id = workspaces.organisation_of(db, actor.workspace_id)
    _override(db, actor, known, organisation_id, user_id, is_on)


def _override(
    db: Session,
    actor: trail.Who,
    known: Flag,
    organisation_id: int,
    user_id: uuid.UUID | None,
    is_on: bool | None,
) -> None:
    row = _own(db, known.key, organisation_id, user_id)
    before = {"is_on": row.is_on if row is not None else None}
    if is_on is None:
        if row is not None:
            db.delete(row)
    else:
        if row is None:
            row = FlagOverride(key=known.key, organisation_id=organisation_id, user_id=user_id)
            db.add(row)
        row.is_on, row.updated_at, row.updated_by_name = is_on, utcnow(), actor.name
    after = {"is_on": is_on, "person": str(user_id) if user_id else None}
    action = "flags.decide_for_person" if user_id else "flags.decide_for_organisation"
    _record(db, actor, action, known, before=before, after=after)


def _rules(db: Session, known: Flag, organisation_id: int, user_id: uuid.UUID | None) -> Rules:
    row = db.get(FlagRule, known.key)
    organisation = _own(db, known.key, organisation_id, None)
    person = _own(db, known.key, organisation_id, user_id) if user_id else None
    return Rules(
        default_on=row.default_on if row else known.default,
        is_killed=row.is_killed if row else False,
        percentage=row.percentage if row else 0,
        starts_at=row.starts_at if row else None,
        ends_at=row.ends_at if row else None,
        organisation=organisation.is_on if organisation else None,
        person=person.is_on if person else None,
    )


def _own(
    db: Session, key: str, organisation_id: int, user_id: uuid.UUID | None
) -> FlagOverride | None:
    return db.scalar(
        select(FlagOverride).where(
            FlagOverride.key == key,
            FlagOverride.organisation_id == organisation_id,
            FlagOverride.user_id == user_id if user_id else FlagOverride.user_id.is_(None),
        )
    )


def _out(db: Session, actor: Actor, known: Flag) -> FlagOut:
    organisation_id = workspaces.organisation_of(db, actor.workspace_id)
    row = db.get(FlagRule, known.key)
    rules = _rules(db, known, organisation_id, actor.id)
    decision = decide(known.key, rules, actor.id, utcnow())
    own = list(
        db.scalars(
            select(FlagOverride).where(
                FlagOverride.key == known.key, FlagOverride.organisation_id == organisation_id
            )
        )
    )
    names = identity.people(db, [entry.user_id for entry in own if entry.user_id])
    added = dt.datetime.combine(known.added_on, dt.time(), dt.UTC)
    return FlagOut(
        key=known.key,
        title=known.title,
        description=known.description,
        plan=list(known.plan),
        default_on=rules.default_on,
        is_killed=rules.is_killed,
        percentage=rules.percentage,
        starts_at=rules.starts_at,
        ends_at=rules.ends_at,
        organisation=rules.organisation,
        people=[
            PersonRule(
                user_id=entry.user_id,
                name=names[entry.user_id].display_name,
                is_on=entry.is_on,
            )
            for entry in own
            if entry.user_id is not None and entry.user_id in names
        ],
        is_on=decision.is_on,
        why=decision.why,
        added_on=known.added_on,
        remove_by=known.remove_by,
        stale=staleness(
            rules,
            overrides=len(own),
            changed_at=max([added, *([row.updated_at] if row else [])]),
            remove_by=known.remove_by,
            now=utcnow(),
        ),
        updated_at=row.updated_at if row else None,
        updated_by_name=row.updated_by_name if row else None,
        may_change_installation=_is_operator(db, actor),
    )


def _is_operator(db: Session, actor: Actor) -> bool:
    organisation_id = workspaces.organisation_of(db, actor.workspace_id)
    return organisation_id == workspaces.first_organisation(db) and actor.role.value == "owner"


def _facts(row: FlagRule) -> dict[str, Any]:
    return {
        "default_on": row.default_on,
        "is_killed": row.is_killed,
        "percentage": row.percentage,
        "starts_at": row.starts_at,
        "ends_at": row.ends_at,
    }


def _record(
    db: Session,
    actor: trail.Who,
    action: str,
    known: Flag,
    *,
    before: dict[str, Any],
    after: dict[str, Any],
) -> None:
    trail.record(
        db,
        actor,
        action,
        object_type="flag",
        object_id=known.key,
        object_name=known.title,
        before=before,
        after=after,
    )
