"""API tokens: bound to one workspace and one role, shown once, stored as a digest."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from modelyard_server.kernel import trail
from modelyard_server.kernel.clock import utcnow

from .credentials import new_token
from .errors import TokenLifetimeWrong, TokenNotFound
from .models import ApiToken
from .schemas import TokenOut


def create(
    db: Session,
    who: trail.Who,
    *,
    name: str,
    role: str,
    expires_at: dt.datetime | None,
    made_with: uuid.UUID | None,
) -> tuple[ApiToken, str]:
    """Make a token of the person in their workspace; give the row and the whole token.

    Raises:
        TokenLifetimeWrong: it would end in the past, or outlive the token that makes it.
    """
    now = utcnow()
    if expires_at is not None and expires_at <= now:
        raise TokenLifetimeWrong("The token would have expired already.")
    maker = db.get(ApiToken, made_with) if made_with is not None else None
    latest = maker.expires_at if maker is not None else None
    if latest is not None and (expires_at is None or expires_at > latest):
        raise TokenLifetimeWrong(
            "A token made with a token cannot outlive it; this one ends at "
            f"{latest.isoformat(timespec='seconds')}."
        )
    whole, public_id, digest = new_token()
    row = ApiToken(
        id=uuid.uuid4(),
        token_workspace_id=who.workspace_id,
        user_id=who.id,
        name=name,
        public_id=public_id,
        secret_sha256=digest,
        role=role,
        created_at=now,
        expires_at=expires_at,
    )
    db.add(row)
    trail.record(
        db,
        who,
        "identity.create_token",
        object_type="token",
        object_id=row.id,
        object_name=name,
        after={"role": role, "expires_at": expires_at, "public_id": public_id},
    )
    return row, whole


def live(db: Session, workspace_id: int, user_id: uuid.UUID | None) -> list[ApiToken]:
    """List unrevoked tokens of a workspace, of one person or (`None`) of everybody."""
    rows = select(ApiToken).where(
        ApiToken.token_workspace_id == workspace_id, ApiToken.revoked_at.is_(None)
    )
    if user_id is not None:
        rows = rows.where(ApiToken.user_id == user_id)
    return list(db.scalars(rows.order_by(ApiToken.created_at.desc(), ApiToken.id)))


def revoke(db: Session, who: trail.Who, token_id: uuid.UUID, *, of_anybody: bool) -> None:
    """End a token at once.

    Raises:
        TokenNotFound: no such live token here, or it is somebody else's.
    """
    found = [t for t in live(db, who.workspace_id or 0, None) if t.id == token_id]
    if not found or not (of_anybody or found[0].user_id == who.id):
        raise TokenNotFound("There is no such token.")
    found[0].revoked_at = utcnow()
    trail.record(
        db,
        who,
        "identity.revoke_token",
        object_type="token",
        object_id=token_id,
        object_name=found[0].name,
    )


def revoke_all(db: Session, workspace_id: int, user_id: uuid.UUID) -> None:
    """End every token of a person in a workspace, when they leave it."""
    db.execute(
        update(ApiToken)
        .where(
            ApiToken.token_workspace_id == workspace_id,
            ApiToken.user_id == user_id,
            ApiToken.revoked_at.is_(None),
        )
        .values(revoked_at=utcnow())
    )


def delete_all(db: Session, workspace_id: int) -> None:
    """Delete every token of a workspace, when the workspace is."""
    db.execute(delete(ApiToken).where(ApiToken.token_workspace_id == workspace_id))


def as_out(row: ApiToken) -> TokenOut:
    """Put a token into the wire shape."""
    return TokenOut.model_validate(
        {
            "created_by": row.user_id,
            **{name: getattr(row, name) for name in TokenOut.model_fields if name != "created_by"},
        }
    )
