"""How people come in: first-run setup, invitations, signing in.

Each opens its own transactions: passwords are hashed outside them, and a wrong password is
counted although the request is refused.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from modelyard_server.identity import credentials, passwords
from modelyard_server.identity import service as identity
from modelyard_server.identity.attempts import AttemptLimits
from modelyard_server.identity.visitor import Visitor
from modelyard_server.kernel import crypto, trail
from modelyard_server.kernel.db import Database

from . import invitations, service
from .permissions import Role, permissions_of
from .ports import InstallationObserver, WorkspaceObserver
from .schemas import MeOut, WorkspaceOut


@dataclass(frozen=True, slots=True)
class Entrance:
    """What every way in needs."""

    database: Database
    limits: AttemptLimits
    visitor: Visitor
    lifetime: dt.timedelta
    old_cookie: str | None


@dataclass(frozen=True, slots=True)
class Entered:
    """A person with a fresh session; `secret` goes into the cookie."""

    me: MeOut
    session_id: uuid.UUID
    secret: str


def complete_setup(
    entrance: Entrance,
    observers: Iterable[WorkspaceObserver],
    first: Iterable[InstallationObserver] = (),
    *,
    token: str,
    email: str,
    display_name: str,
    password: str,
    organisation_name: str,
    workspace_name: str,
) -> Entered:
    """Make the first owner, their organisation and workspace, and sign them in.

    Raises:
        SetupDone: somebody has an account already.
        SetupTokenWrong: not the newest printed link.
        WeakPassword: the password breaks the rules; the link stays usable.
        MalformedEmail: not an e-mail address; the link stays usable.
    """
    entrance.limits.hit("link", entrance.visitor.ip_address)
    email = identity.normalised_email(email)
    digest = passwords.digest(password, email=email)
    with entrance.database.platform_session() as db:
        identity.redeem_setup_token(db, token)
        user = identity.create_user(
            db, email=email, display_name=display_name, password_hash=digest
        )
        organisation = service.new_organisation(db, organisation_name)
        workspace = service.new_workspace(
            db, observers, organisation_id=organisation.id, name=workspace_name
        )
        service.join(db, workspace.id, user.id, Role.owner)
        who = entrance.visitor.known_as(user, workspace.id)
        trail.record(
            db,
            who,
            "identity.complete_setup",
            object_type="user",
            object_id=user.id,
            object_name=user.email,
            after={"organisation": organisation.name, "role": Role.owner.value},
        )
        trail.record(
            db,
            who,
            "workspaces.create",
            object_type="workspace",
            object_id=workspace.id,
            object_name=workspace.name,
            after={"slug": workspace.slug},
        )
        for observer in first:
            observer.installation_set_up(db, who)
        return _enter(db, entrance, user.id, workspace.slug)


def sign_in(entrance: Entrance, *, email: str, password: str) -> Entered:
    """Check the password and open a browser session; the browser's earlier one ends.

    Raises:
        WrongCredentials: no such account, or another password.
        TooManyAttempts: with how long to wait.
    """
    user_id = identity.prove(
        entrance.database,
        entrance.limits,
        entrance.visitor,
        email=email,
        password=password,
        home=service.home,
    )
    with entrance.database.platform_session() as db:
        user = identity.people(db, [user_id])[user_id]
        who = entrance.visitor.known_as(user, service.home(db, user.id))
        trail.record(
            db,
            who,
            "identity.sign_in",
            object_type="user",
            object_id=user.id,
            object_name=user.email,
        )
        return _enter(db, entrance, user.id, None)


def accept_invitation(
    entrance: Entrance, *, token: str, display_name: str | None, password: str
) -> Entered:
    """Join by a link and sign in: with the account's password, or by making an account.

    Raises:
        InvitationNotFound: used, withdrawn, or too old.
        WrongCredentials: the account has another password; the link stays usable.
        WeakPassword: the new account's password breaks the rules; the link stays usable.
        TooManyAttempts: with how long to wait.
    """
    entrance.limits.hit("link", entrance.visitor.ip_address)
    with entrance.database.platform_session(write=False) as db:
        offer = invitations.offer(db, token)
    email, digest = offer.invitation.email, ""
    if offer.user_id is not None:
        identity.prove(
            entrance.database,
            entrance.limits,
            entrance.visitor,
            email=email,
            password=password,
            home=service.home,
        )
    else:
        digest = passwords.digest(password, email=email)
    with entrance.database.platform_session() as db:
        taken = invitations.redeem(db, token)
        workspace_id, role = taken.invitation.invited_workspace_id, Role(taken.invitation.role)
        user = identity.find_user(db, email) if offer.user_id is not None else None
        if user is None:
            user = identity.create_user(
                db, email=email, display_name=display_name or "", password_hash=digest
            )
        if not service.joined_by(db, user.id, only=workspace_id):
            service.join(db, workspace_id, user.id, role)
        trail.record(
            db,
            entrance.visitor.known_as(user, workspace_id),
            "members.join",
            object_type="member",
            object_id=user.id,
            object_name=user.email,
            after={"role": role.value},
        )
        return _enter(db, entrance, user.id, taken.workspace_slug)


def _enter(db: Session, entrance: Entrance, user_id: uuid.UUID, slug: str | None) -> Entered:
    if entrance.old_cookie:
        identity.end_session_of_cookie(db, crypto.sha256_hex(entrance.old_cookie))
    user = identity.people(db, [user_id])[user_id]
    session, secret = credentials.open_session(
        db,
        user,
        lifetime=entrance.lifetime,
        ip_address=entrance.visitor.ip_address,
        user_agent=entrance.visitor.user_agent,
    )
    who = credentials.Principal(user, session, None)
    return Entered(me(db, who, slug), session.id, secret)


def me(db: Session, who: credentials.Principal, wanted: str | None) -> MeOut:
    """Describe whoever is signed in, with what they may do in the workspace they name.

    The CSRF token is the caller's to fill in.
    """
    only = who.token.token_workspace_id if who.token is not None else None
    joined = service.joined_by(db, who.user.id, only=only)
    if who.token is not None:
        cap = Role(who.token.role)
        joined = [replace(j, role=min(j.role, cap, key=lambda r: r.rank)) for j in joined]
    first = joined[0] if joined else None
    chosen = next((j for j in joined if j.workspace.slug == wanted), first)
    return MeOut(
        user_id=who.user.id,
        email=who.user.email,
        display_name=who.user.display_name,
        organisation_name=service.organisation_name(db, chosen.workspace) if chosen else "",
        workspaces=[as_out(j) for j in joined],
        permissions=permissions_of(chosen.role) if chosen else [],
        csrf_token="",
    )


def as_out(joined: service.Joined) -> WorkspaceOut:
    """Put a workspace into the wire shape."""
    row = joined.workspace
    return WorkspaceOut(
        id=row.id,
        slug=row.slug,
        name=row.name,
        role=joined.role.value,
        created_at=row.created_at,
    )
