"""OAuth clients: programs that may call the deployments of a workspace."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session

from modelyard_protocol import routing
from modelyard_protocol.access_tokens import CLIENT_PREFIX
from modelyard_protocol.routing import Scope
from modelyard_server.deployments import environments
from modelyard_server.kernel import crypto, tenancy, trail
from modelyard_server.kernel.clock import utcnow
from modelyard_server.kernel.http import Cursors, Page

from .errors import OAuthClientMissing, TooManyOAuthClients
from .models import OAuthClient
from .oauth_schemas import OAuthClientCreate, OAuthClientOut

MAX_CLIENTS = 200
MAX_PAGE = 200
SECRET_PREFIX = "mys"  # noqa: S105 - no secret, but how one begins


def listed(
    db: Session, cursors: Cursors, *, cursor: str | None, limit: int
) -> Page[OAuthClientOut]:
    """Give the clients that were not revoked, newest first."""
    limit = max(1, min(limit, MAX_PAGE))
    scope = f"{tenancy.workspace_of(db)}:oauth-clients"
    query = select(OAuthClient).where(OAuthClient.revoked_at.is_(None))
    if cursor is not None:
        at, row_id = cursors.open(scope, cursor)
        place = tuple_(OAuthClient.created_at, OAuthClient.id)
        query = query.where(place < (dt.datetime.fromisoformat(at), uuid.UUID(row_id)))
    query = query.order_by(OAuthClient.created_at.desc(), OAuthClient.id.desc())
    rows = list(db.scalars(query.limit(limit + 1)))
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(
        items=[OAuthClientOut.model_validate(row) for row in rows[:limit]],
        next_cursor=cursors.seal(scope, [last.created_at.isoformat(), last.id]) if last else None,
        total=_count(db),
    )


def create(db: Session, actor: trail.Who, wanted: OAuthClientCreate) -> tuple[OAuthClient, str]:
    """Make a client; give it with its secret, which is not kept anywhere.

    Raises:
        EnvironmentMissing: it may call one that the workspace does not have.
        TooManyOAuthClients: the workspace has as many as it may.
    """
    places = sorted(set(wanted.environments)) if wanted.environments is not None else None
    for place in places or ():
        environments.named(db, place)
    if _count(db) >= MAX_CLIENTS:
        raise TooManyOAuthClients(f"There are {MAX_CLIENTS} clients; revoke one first.")
    secret, digest = _new_secret()
    row = OAuthClient(
        id=uuid.uuid4(),
        name=wanted.name.strip() or "client",
        client_id=f"{CLIENT_PREFIX}_{tenancy.workspace_of(db)}_{crypto.random_text(10)}",
        secret_sha256=digest,
        secret_number=1,
        scopes=sorted(set(wanted.scopes)),
        environments=places,
        requests_per_minute=wanted.requests_per_minute,
        created_at=utcnow(),
        created_by=actor.id,
        created_by_name=actor.name,
    )
    db.add(row)
    db.flush()
    facts = {
        "client_id": row.client_id,
        "scopes": row.scopes,
        "environments": places,
        "requests_per_minute": row.requests_per_minute,
    }
    _record(db, actor, "traffic.create_oauth_client", row, after=facts)
    return row, secret


def rotate(
    db: Session, actor: trail.Who, row_id: uuid.UUID, overlap: dt.timedelta
) -> tuple[OAuthClient, str]:
    """Give a client another secret; the old one works for a while, without overlap not at all.

    Raises:
        OAuthClientMissing: there is no such client.
    """
    row = _own(db, row_id)
    secret, digest = _new_secret()
    row.old_secret_sha256 = row.secret_sha256 if overlap else None
    row.old_secret_until = utcnow() + overlap if overlap else None
    row.secret_sha256 = digest
    row.secret_number += 1
    after = {"number": row.secret_number, "old_one_until": row.old_secret_until}
    _record(db, actor, "traffic.rotate_oauth_client", row, after=after)
    return row, secret


def revoke(db: Session, actor: trail.Who, row_id: uuid.UUID) -> None:
    """End a client and all its access tokens; the gateway refuses them within a second.

    Raises:
        OAuthClientMissing: there is no such client.
    """
    row = _own(db, row_id)
    row.revoked_at = utcnow()
    _record(db, actor, "traffic.revoke_oauth_client", row, before={"client_id": row.client_id})


def published(db: Session, workspace: str) -> tuple[routing.OAuthClient, ...]:
    """Give the clients of a workspace as the node knows them."""
    rows = db.scalars(
        select(OAuthClient)
        .where(OAuthClient.revoked_at.is_(None))
        .order_by(OAuthClient.created_at, OAuthClient.id)
    )
    return tuple(as_published(row, workspace) for row in rows)


def as_published(row: OAuthClient, workspace: str) -> routing.OAuthClient:
    """Give a client as the node knows it."""
    return routing.OAuthClient(
        id=str(row.id),
        client_id=row.client_id,
        workspace=workspace,
        environments=tuple(row.environments) if row.environments is not None else None,
        scopes=tuple(Scope(scope) for scope in row.scopes),
        requests_per_minute=row.requests_per_minute,
        secret_number=row.secret_number,
        old_secret_until=row.old_secret_until,
    )


def live(db: Session, client_id: str) -> OAuthClient | None:
    """Give a client that was not revoked by its public id."""
    return db.scalar(
        select(OAuthClient).where(
            OAuthClient.client_id == client_id, OAuthClient.revoked_at.is_(None)
        )
    )


def names(db: Session) -> dict[str, str]:
    """Give the name of every client, also of revoked ones, by the id that records carry."""
    rows = db.execute(select(OAuthClient.id, OAuthClient.name))
    return {str(row.id): row.name for row in rows}


def note_use(db: Session, used: Mapping[uuid.UUID, dt.datetime]) -> None:
    """Remember when clients last called, by the id that records carry."""
    for row in db.scalars(select(OAuthClient).where(OAuthClient.id.in_(used))):
        if row.last_used_at is None or row.last_used_at < used[row.id]:
            row.last_used_at = used[row.id]


def _count(db: Session) -> int:
    query = select(func.count()).select_from(OAuthClient).where(OAuthClient.revoked_at.is_(None))
    return db.scalar(query) or 0


def _new_secret() -> tuple[str, str]:
    secret = f"{SECRET_PREFIX}_{crypto.random_text(40)}"
    return secret, crypto.sha256_hex(secret)


def _own(db: Session, row_id: uuid.UUID) -> OAuthClient:
    row = db.scalar(
        select(OAuthClient)
        .where(OAuthClient.id == row_id, OAuthClient.revoked_at.is_(None))
        .with_for_update()
    )
    if row is None:
        raise OAuthClientMissing("There is no such OAuth client.")
    return row


def _record(
    db: Session,
    actor: trail.Who,
    action: str,
    row: OAuthClient,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    trail.record(
        db,
        actor,
        action,
        object_type="oauth_client",
        object_id=row.id,
        object_name=row.name,
        before=before,
        after=after,
    )
