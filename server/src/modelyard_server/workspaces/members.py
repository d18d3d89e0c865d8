"""Members and their roles."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from modelyard_server.identity import service as identity
from modelyard_server.identity import tokens
from modelyard_server.kernel import trail

from .access import Actor
from .errors import LastAdmin, MemberNotFound, OwnerProtected
from .models import Membership
from .permissions import Role
from .schemas import MemberOut


@dataclass(frozen=True, slots=True)
class _Found:
    row: Membership
    email: str


def members(db: Session, actor: Actor) -> list[MemberOut]:
    """List everybody in the workspace, by name."""
    rows = db.scalars(
        select(Membership).where(Membership.member_workspace_id == actor.workspace_id)
    ).all()
    people = identity.people(db, [row.user_id for row in rows])
    made = [
        MemberOut(
            user_id=row.user_id,
            email=people[row.user_id].email,
            display_name=people[row.user_id].display_name,
            role=Role(row.role).value,
            joined_at=row.joined_at,
            last_seen_at=people[row.user_id].last_seen_at,
        )
        for row in rows
    ]
    return sorted(made, key=lambda member: (member.display_name.lower(), member.email))


def change_role(db: Session, actor: Actor, user_id: uuid.UUID, role: Role) -> MemberOut:
    """Give a member another role; their tokens can do at most that from now on.

    Raises:
        MemberNotFound: not a member of this workspace.
        OwnerProtected: an owner's role is changed by an owner only.
        LastAdmin: nobody would be left to manage the workspace.
    """
    found = _changeable(db, actor, user_id, stays_admin=role.rank >= Role.admin.rank)
    before, found.row.role = found.row.role, role.value
    trail.record(
        db,
        actor,
        "members.change_role",
        object_type="member",
        object_id=user_id,
        object_name=found.email,
        before={"role": before},
        after={"role": role.value},
    )
    return next(member for member in members(db, actor) if member.user_id == user_id)


def remove(db: Session, actor: Actor, user_id: uuid.UUID) -> None:
    """Take a person out of the workspace and end their tokens in it.

    Raises:
        MemberNotFound: not a member of this workspace.
        OwnerProtected: an owner is removed by an owner only.
        LastAdmin: nobody would be left to manage the workspace.
    """
    found = _changeable(db, actor, user_id, stays_admin=False)
    tokens.revoke_all(db, actor.workspace_id, user_id)
    db.delete(found.row)
    trail.record(
        db,
        actor,
        "members.remove",
        object_type="member",
        object_id=user_id,
        object_name=found.email,
        before={"role": found.row.role},
    )


def _changeable(db: Session, actor: Actor, user_id: uuid.UUID, *, stays_admin: bool) -> _Found:
    everybody = db.scalars(
        select(Membership)
        .where(Membership.member_workspace_id == actor.workspace_id)
        .with_for_update()  # two admins who demote each other at once: the second one waits
    ).all()
    row = next((member for member in everybody if member.user_id == user_id), None)
    if row is None:
        raise MemberNotFound("There is no such member.")
    others = [Role(member.role) for member in everybody if member is not row]
    if row.role == Role.owner.value:
        if actor.role is not Role.owner:
            raise OwnerProtected("Only an owner may change or remove an owner.")
        if Role.owner not in others:
            raise LastAdmin("The last owner stays.")
    elif not stays_admin and all(role.rank < Role.admin.rank for role in others):
        raise LastAdmin("The last admin stays.")
    return _Found(row, identity.people(db, [user_id])[user_id].email)
