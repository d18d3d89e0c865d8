"""Find out who a token or session cookie belongs to. Reads only, apart from last-seen times."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from modelyard_server.kernel import crypto
from modelyard_server.kernel.clock import utcnow

from .errors import InvalidToken, SessionEnded
from .models import ApiToken, User, UserSession

TOKEN_PREFIX = "mlp"  # noqa: S105
SEEN_EVERY = dt.timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Principal:
    """A proven identity, before any workspace is chosen."""

    user: User
    session: UserSession | None
    token: ApiToken | None


def new_token() -> tuple[str, str, str]:
    """Make an API token; give (whole token, public id, SHA-256 of the secret)."""
    public_id, secret = crypto.random_text(10), crypto.random_text(43)
    body = f"{TOKEN_PREFIX}_{public_id}_{secret}"
    return f"{body}_{crypto.checksum(body)}", public_id, crypto.sha256_hex(secret)


def by_token(db: Session, presented: str, *, write: bool) -> Principal:
    """Find the owner of an API token.

    Raises:
        InvalidToken: malformed, unknown, revoked, expired, or its owner is disabled.
    """
    parts = presented.split("_")
    if len(parts) != 4 or parts[0] != TOKEN_PREFIX:
        raise InvalidToken("The API token is not valid.")
    row = db.execute(
        select(ApiToken, User)
        .join(User, User.id == ApiToken.user_id)
        .where(ApiToken.public_id == parts[1])
    ).one_or_none()
    digest = crypto.sha256_hex(parts[2])
    if row is None or not crypto.same(digest, row[0].secret_sha256):
        raise InvalidToken("The API token is not valid.")
    token, user = row
    now = utcnow()
    if token.revoked_at or user.disabled_at or (token.expires_at and token.expires_at <= now):
        raise InvalidToken("The API token has expired or was revoked.")
    if write and (token.last_used_at is None or now - token.last_used_at > SEEN_EVERY):
        token.last_used_at = now
    return Principal(user, None, token)


def by_session(db: Session, secret: str, *, idle: dt.timedelta, write: bool) -> Principal:
    """Find the owner of a session cookie.

    Raises:
        SessionEnded: unknown, revoked, expired, idle for too long, or the user is disabled.
    """
    row = db.execute(
        select(UserSession, User)
        .join(User, User.id == UserSession.user_id)
        .where(UserSession.secret_sha256 == crypto.sha256_hex(secret))
    ).one_or_none()
    now = utcnow()
    if row is None:
        raise SessionEnded("Your session has ended. Sign in again.")
    session, user = row
    ended = session.revoked_at or user.disabled_at or session.expires_at <= now
    if ended or now - session.last_seen_at > idle:
        raise SessionEnded("Your session has ended. Sign in again.")
    if write and now - session.last_seen_at > SEEN_EVERY:
        session.last_seen_at = now
        user.last_seen_at = now
    return Principal(user, session, None)


def open_session(
    db: Session,
    user: User,
    *,
    lifetime: dt.timedelta,
    ip_address: str | None,
    user_agent: str | None,
) -> tuple[UserSession, str]:
    """Start a browser session; give the row and the secret for the cookie."""
    secret, now = crypto.random_text(43), utcnow()
    row = UserSession(
        id=uuid.uuid4(),
        user_id=user.id,
        secret_sha256=crypto.sha256_hex(secret),
        created_at=now,
        last_seen_at=now,
        expires_at=now + lifetime,
        ip_address=ip_address,
        user_agent=(user_agent or "")[:512] or None,
    )
    user.last_seen_at = now
    db.add(row)
    return row, secret
