"""Accounts, passwords and browser sessions."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from modelyard_server.kernel import trail
from modelyard_server.kernel.clock import utcnow
from modelyard_server.kernel.db import Database

from . import attempts, links, passwords
from .errors import (
    CurrentPasswordWrong,
    EmailTaken,
    LinkUnusable,
    MalformedEmail,
    SessionNotFound,
    SetupDone,
    SetupTokenWrong,
    UnknownAccount,
    WrongCredentials,
)
from .mail import Mailer
from .models import User, UserSession
from .visitor import Visitor

Home = Callable[[Session, uuid.UUID], int | None]
"""Finds the workspace in whose audit trail a person's own events belong."""


def needs_owner(db: Session) -> bool:
    """Tell whether nobody has an account yet."""
    return not db.scalar(select(func.count()).select_from(User))


def issue_setup_token(db: Session) -> str:
    """Make the token of the setup link; earlier ones stop working.

    Raises:
        SetupDone: somebody has an account already.
    """
    if not needs_owner(db):
        raise SetupDone("The first owner exists already.")
    return links.issue(db, links.SETUP)


def issue_reset_link(db: Session, email: str) -> str:
    """Make the token of a password reset link, for whoever runs the server's command line.

    Raises:
        UnknownAccount: nobody has this address.
    """
    user = find_user(db, email)
    if user is None:
        raise UnknownAccount(f"Nobody has an account with the address {email}.")
    trail.record(
        db,
        Visitor(name="Command line"),
        "identity.issue_reset_link",
        object_type="user",
        object_id=user.id,
        object_name=user.email,
    )
    return links.issue(db, links.PASSWORD_RESET, user.id)


def redeem_setup_token(db: Session, token: str) -> None:
    """Use up the setup token, exactly once.

    Raises:
        SetupDone: somebody has an account already.
        SetupTokenWrong: it is not the newest one that was printed.
    """
    if not needs_owner(db):
        raise SetupDone("The first owner exists already. Sign in, or ask them for an invitation.")
    if links.redeem(db, links.SETUP, token) is None:
        raise SetupTokenWrong(
            "This setup link is not valid. Use the newest one the server printed, "
            "or print another with `python -m modelyard_server setup-link`."
        )


def normalised_email(email: str) -> str:
    """Give the lower-case form of an address.

    Raises:
        MalformedEmail: it is not one.
    """
    try:
        checked = validate_email(email.strip(), check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        problem = str(error)
        raise MalformedEmail(
            problem, fields=[{"location": "body.email", "problem": problem}]
        ) from None
    return checked.normalized.lower()


def create_user(db: Session, *, email: str, display_name: str, password_hash: str) -> User:
    """Make an account whose address was proven by the link it was made with.

    Raises:
        EmailTaken: somebody has this address.
    """
    if find_user(db, email) is not None:
        raise EmailTaken(f"{email} has an account already.")
    now = utcnow()
    user = User(
        id=uuid.uuid4(),
        email=email,
        display_name=display_name.strip() or email.partition("@")[0],
        password_hash=password_hash,
        created_at=now,
        email_verified_at=now,
    )
    db.add(user)
    db.flush()
    return user


def find_user(db: Session, email: str) -> User | None:
    """Give the account of an address."""
    return db.scalar(select(User).where(User.email == email.strip().lower()))


def people(db: Session, user_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, User]:
    """Give accounts by id."""
    rows = db.scalars(select(User).where(User.id.in_(user_ids)))
    return {user.id: user for user in rows}


def prove(
    database: Database,
    limits: attempts.AttemptLimits,
    visitor: Visitor,
    *,
    email: str,
    password: str,
    home: Home,
) -> uuid.UUID:
    """Check e-mail and password in transactions of its own; give the person.

    The digest is computed outside any transaction, and a failure is counted although the
    request is refused. Unknown addresses take as long and are delayed like known ones.

    Raises:
        WrongCredentials: no such account, another password, or the account is disabled.
        TooManyAttempts: with how long to wait.
    """
    limits.hit("sign_in", visitor.ip_address)
    email = email.strip().lower()
    with database.platform_session(write=False) as db:
        attempts.refuse_locked(db, email)
        user = find_user(db, email)
        stored = user.password_hash if user is not None and not user.disabled_at else None
    if passwords.matches(stored, password) and user is not None and stored is not None:
        with database.platform_session() as db:
            attempts.forget_failures(db, email)
            if passwords.outdated(stored):
                row = db.get_one(User, user.id)
                row.password_hash = passwords.digest(password, email=email)
        return user.id
    with database.platform_session() as db:
        attempts.count_failure(db, email)
        who = visitor.known_as(user, home(db, user.id)) if user is not None else visitor
        trail.record(
            db,
            who,
            "identity.sign_in",
            object_type="user",
            object_id=user.id if user is not None else None,
            object_name=email[:320],
            result="denied",
        )
    raise WrongCredentials("The e-mail address or the password is wrong.")


def live_sessions(db: Session, user_id: uuid.UUID) -> list[UserSession]:
    """List a person's browser sessions that still work, newest first."""
    return list(
        db.scalars(
            select(UserSession)
            .where(
                UserSession.user_id == user_id,
                UserSession.revoked_at.is_(None),
                UserSession.expires_at > utcnow(),
            )
            .order_by(UserSession.last_seen_at.desc())
        )
    )


def end_session(db: Session, visitor: Visitor, user: User, session_id: uuid.UUID) -> None:
    """Revoke one of a person's sessions.

    Raises:
        SessionNotFound: they have no such live session.
    """
    found = [s for s in live_sessions(db, user.id) if s.id == session_id]
    if not found:
        raise SessionNotFound("There is no such session.")
    found[0].revoked_at = utcnow()
    trail.record(
        db,
        visitor,
        "identity.end_session",
        object_type="session",
        object_id=session_id,
        object_name=user.email,
    )


def end_session_of_cookie(db: Session, secret_sha256: str) -> None:
    """Revoke the session a browser had before it signed in anew."""
    db.execute(
        update(UserSession)
        .where(UserSession.secret_sha256 == secret_sha256, UserSession.revoked_at.is_(None))
        .values(revoked_at=utcnow())
    )


def change_password(
    db: Session,
    visitor: Visitor,
    user: User,
    *,
    current: str,
    new: str,
    keep: uuid.UUID | None,
) -> None:
    """Replace the password and end every other session.

    Raises:
        CurrentPasswordWrong: it is another one.
        WeakPassword: the new one breaks the rules.
    """
    if not passwords.matches(user.password_hash, current):
        problem = "The current password is another one."
        raise CurrentPasswordWrong(
            problem, fields=[{"location": "body.current_password", "problem": problem}]
        )
    _set_password(db, user, new, keep=keep)
    trail.record(
        db,
        visitor,
        "identity.change_password",
        object_type="user",
        object_id=user.id,
        object_name=user.email,
    )


def request_reset(db: Session, visitor: Visitor, mailer: Mailer, email: str, address: str) -> None:
    """Mail a reset link when the account exists and mail is set up; never tell which."""
    user = find_user(db, email)
    if user is None or user.disabled_at or not mailer.is_configured:
        return
    token = links.issue(db, links.PASSWORD_RESET, user.id)
    mailer.queue(
        db,
        to=user.email,
        subject="Choose a new Modelyard password",
        text=f"Somebody asked for a new password for {user.email}.\n\n"
        f"Choose one within an hour: {address}/reset/{token}\n\n"
        "If it was not you, ignore this mail; nothing has changed.\n",
    )
    trail.record(
        db,
        visitor.known_as(user),
        "identity.request_reset",
        object_type="user",
        object_id=user.id,
        object_name=user.email,
    )


def reset_password(db: Session, visitor: Visitor, token: str, new: str, home: Home) -> None:
    """Choose a new password by a link and end all sessions.

    Raises:
        LinkUnusable: unknown, used, or too old.
        WeakPassword: the new one breaks the rules; the link stays usable.
    """
    link = links.redeem(db, links.PASSWORD_RESET, token)
    user = db.get(User, link.user_id) if link is not None and link.user_id else None
    if user is None or user.disabled_at:
        raise LinkUnusable("This link was used already or is too old. Ask for a new one.")
    _set_password(db, user, new, keep=None)
    attempts.forget_failures(db, user.email)
    trail.record(
        db,
        visitor.known_as(user, home(db, user.id)),
        "identity.reset_password",
        object_type="user",
        object_id=user.id,
        object_name=user.email,
    )


def _set_password(db: Session, user: User, new: str, *, keep: uuid.UUID | None) -> None:
    user.password_hash = passwords.digest(new, email=user.email)
    ended = update(UserSession).where(
        UserSession.user_id == user.id, UserSession.revoked_at.is_(None)
    )
    if keep is not None:
        ended = ended.where(UserSession.id != keep)
    db.execute(ended.values(revoked_at=utcnow()))
