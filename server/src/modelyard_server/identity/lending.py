"""Short-lived API tokens for the platform's own programs that act for a person."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from modelyard_server.kernel.clock import utcnow
from modelyard_server.kernel.db import Database

from . import credentials
from .models import ApiToken


@contextmanager
def lent_token(
    database: Database,
    *,
    workspace_id: int,
    user_id: uuid.UUID,
    role: str,
    purpose: str,
    lifetime: dt.timedelta,
) -> Iterator[str]:
    """Lend a person's rights in one workspace for as long as the block runs.

    The token stops working at the end of the block, after `lifetime` if that never comes, and at
    once when the person loses the rights.
    """
    whole, public_id, digest = credentials.new_token()
    now = utcnow()
    with database.platform_session() as db:
        token = ApiToken(
            token_workspace_id=workspace_id,
            user_id=user_id,
            name=purpose,
            public_id=public_id,
            secret_sha256=digest,
            role=role,
            created_at=now,
            expires_at=now + lifetime,
        )
        db.add(token)
        db.flush()
        token_id = token.id
    try:
        yield whole
    finally:
        with database.platform_session() as db:
            db.get_one(ApiToken, token_id).revoked_at = utcnow()
