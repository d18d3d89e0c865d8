"""Find out who a token or session cookie belongs to. Reads only, apart from last-seen times."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, bindparam, select, update
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


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose token it is, and what the token is bound to."""

    token_id: uuid.UUID | None
    user_id: uuid.UUID
    user_name: str
    email: str
    workspace_id: int
    role: str


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
    public_id, digest = _read_token(presented)
    row = db.execute(
        select(ApiToken, User)
        .join(User, User.id == ApiToken.user_id)
        .where(ApiToken.public_id == public_id)
    ).one_or_none()
    token, user = row or (None, None)
    now = utcnow()
    _refuse_unusable(token, user, digest, now)
    assert token is not None and user is not None  # noqa: S101, PT018 - refused otherwise
    if write and _is_seen_again(token.last_used_at, now):
        token.last_used_at = now
    return Principal(user, None, token)


TOKEN_USER, TOKEN_WORKSPACE = ApiToken.user_id, ApiToken.token_workspace_id
HOLDER = (
    select(
        ApiToken.id.label("token_id"),
        ApiToken.user_id,
        ApiToken.token_workspace_id,
        ApiToken.secret_sha256,
        ApiToken.role,
        ApiToken.expires_at,
        ApiToken.revoked_at,
        ApiToken.last_used_at,
        User.display_name,
        User.email,
        User.disabled_at,
    )
    .join(User, User.id == ApiToken.user_id)
    .where(ApiToken.public_id == bindparam("public_id"))
)
"""Who holds the token with an id; to be joined with what else is asked of the holder."""


def holder_of(
    db: Session, presented: str, query: Select[*tuple[Any, ...]], *, write: bool
) -> tuple[Holder, Row[*tuple[Any, ...]]]:
    """Find the owner of an API token as `by_token` does, without loading rows as objects.

    `query` is `HOLDER` with whatever was joined; its row is given too.

    Raises:
        InvalidToken: malformed, unknown, revoked, expired, or its owner is disabled.
    """
    public_id, digest = _read_token(presented)
    row = db.connection().execute(query, {"public_id": public_id}).one_or_none()
    now = utcnow()
    _refuse_unusable(row, row, digest, now)
    assert row is not None  # noqa: S101 - refused otherwise
    if write and _is_seen_again(row.last_used_at, now):
        seen = update(ApiToken).where(ApiToken.id == row.token_id).values(last_used_at=now)
        db.connection().execute(seen)
    holder = Holder(
        row.token_id,
        row.user_id,
        row.display_name,
        row.email,
        row.token_workspace_id,
        row.role,
    )
    return holder, row


def holder_again(
    db: Session, user_id: uuid.UUID, token_id: uuid.UUID | None, workspace_id: int, role: str
) -> Holder:
    """Check again who once presented a token, or (without one) was signed in with a `role`.

    Raises:
        InvalidToken: the token was revoked or has expired, or the person is disabled.
    """
    user = db.get(User, user_id)
    token = db.get(ApiToken, token_id) if token_id is not None else None
    if user is None or user.disabled_at or (token_id is not None and token is None):
        raise InvalidToken("Whoever made this link may not use it any more.")
    if token is not None:
        is_over = token.expires_at is not None and token.expires_at <= utcnow()
        theirs = (token.user_id, token.token_workspace_id) == (user_id, workspace_id)
        if token.revoked_at or is_over or not theirs:
            raise InvalidToken("The token that made this link has expired or was revoked.")
        role = token.role
    return Holder(token_id, user_id, user.display_name, user.email, workspace_id, role)


def _read_token(presented: str) -> tuple[str, str]:
    """Give the public id, and the digest of the secret."""
    parts = presented.split("_")
    if len(parts) != 4 or parts[0] != TOKEN_PREFIX:
        raise InvalidToken("The API token is not valid.")
    return parts[1], crypto.sha256_hex(parts[2])


def _refuse_unusable(token: Any, user: Any, digest: str, now: dt.datetime) -> None:
    """Refuse what is not the secret of a live token; two objects, or one row with both."""
    if token is None or not crypto.same(digest, token.secret_sha256):
        raise InvalidToken("The API token is not valid.")
    if token.revoked_at or user.disabled_at or (token.expires_at and token.expires_at <= now):
        raise InvalidToken("The API token has expired or was revoked.")


def _is_seen_again(last_used_at: dt.datetime | None, now: dt.datetime) -> bool:
    return last_used_at is None or now - last_used_at > SEEN_EVERY


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
