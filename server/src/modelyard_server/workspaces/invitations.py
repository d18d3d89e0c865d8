"""Invitations: a link, used once, that makes somebody a member."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from modelyard_server.identity import service as identity
from modelyard_server.identity.mail import Mailer
from modelyard_server.kernel import crypto, trail
from modelyard_server.kernel.clock import utcnow

from .access import Actor, membership_role
from .errors import AlreadyMember, InvitationNotFound, RoleTooHigh
from .models import Invitation, Workspace
from .permissions import Role

LIFETIME = dt.timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Offer:
    """What a live invitation promises to whom."""

    invitation: Invitation
    workspace_name: str
    workspace_slug: str
    user_id: uuid.UUID | None


def pending(db: Session, actor: Actor) -> list[Invitation]:
    """List invitations that can still be accepted, newest first."""
    return list(
        db.scalars(
            select(Invitation)
            .where(
                Invitation.invited_workspace_id == actor.workspace_id,
                Invitation.accepted_at.is_(None),
                Invitation.expires_at > utcnow(),
            )
            .order_by(Invitation.created_at.desc(), Invitation.id)
        )
    )


def invite(
    db: Session, actor: Actor, mailer: Mailer, *, email: str, role: Role, address: str
) -> tuple[Invitation, str]:
    """Make an invitation; give the row and its link. An older one of the same address ends.

    Raises:
        MalformedEmail: not an e-mail address.
        AlreadyMember: the person is in the workspace.
        RoleTooHigh: nobody gives a role above their own.
    """
    email = identity.normalised_email(email)
    if role.rank > actor.role.rank:
        raise RoleTooHigh(f"Your role is {actor.role.value}; you cannot invite as {role.value}.")
    user = identity.find_user(db, email)
    if user is not None and membership_role(db, actor.workspace_id, user.id) is not None:
        raise AlreadyMember(f"{email} is a member already.")
    db.execute(
        delete(Invitation).where(
            Invitation.invited_workspace_id == actor.workspace_id,
            Invitation.email == email,
            Invitation.accepted_at.is_(None),
        )
    )
    secret, now = crypto.random_text(43), utcnow()
    row = Invitation(
        id=uuid.uuid4(),
        invited_workspace_id=actor.workspace_id,
        email=email,
        role=role.value,
        secret_sha256=crypto.sha256_hex(secret),
        created_at=now,
        expires_at=now + LIFETIME,
        invited_by=actor.id,
    )
    db.add(row)
    link = f"{address}/invite/{secret}"
    if mailer.is_configured:
        name = db.get_one(Workspace, actor.workspace_id).name
        mailer.queue(
            db,
            to=email,
            subject=f"{actor.name} invites you to {name} on Modelyard",
            text=f"Join {name} as {role.value} within a week:\n\n{link}\n",
        )
    trail.record(
        db,
        actor,
        "members.invite",
        object_type="invitation",
        object_id=row.id,
        object_name=email,
        after={"role": role.value},
    )
    return row, link


def withdraw(db: Session, actor: Actor, invitation_id: uuid.UUID) -> None:
    """End an invitation.

    Raises:
        InvitationNotFound: no such pending invitation in this workspace.
    """
    row = next((found for found in pending(db, actor) if found.id == invitation_id), None)
    if row is None:
        raise InvitationNotFound("There is no such invitation.")
    db.delete(row)
    trail.record(
        db,
        actor,
        "members.withdraw_invitation",
        object_type="invitation",
        object_id=invitation_id,
        object_name=row.email,
    )


def offer(db: Session, secret: str) -> Offer:
    """Give what a link offers.

    Raises:
        InvitationNotFound: unknown, withdrawn, used, or too old.
    """
    row = db.execute(
        select(Invitation, Workspace.name, Workspace.slug)
        .join(Workspace, Workspace.id == Invitation.invited_workspace_id)
        .where(
            Invitation.secret_sha256 == crypto.sha256_hex(secret),
            Invitation.accepted_at.is_(None),
            Invitation.expires_at > utcnow(),
        )
    ).one_or_none()
    if row is None:
        raise InvitationNotFound("This invitation was used, withdrawn, or is too old.")
    user = identity.find_user(db, row[0].email)
    return Offer(row[0], row[1], row[2], user.id if user is not None else None)


def redeem(db: Session, secret: str) -> Offer:
    """Use an invitation up; of two that try at once, one gets it.

    Raises:
        InvitationNotFound: unknown, withdrawn, used, or too old.
    """
    found = offer(db, secret)
    used = db.scalar(
        update(Invitation)
        .where(Invitation.id == found.invitation.id, Invitation.accepted_at.is_(None))
        .values(accepted_at=utcnow())
        .returning(Invitation.id)
    )
    if used is None:
        raise InvitationNotFound("This invitation was used, withdrawn, or is too old.")
    return found
