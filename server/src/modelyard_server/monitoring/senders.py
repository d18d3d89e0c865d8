"""Who may send outcomes: members by their role, keys and OAuth clients with `feedback`.

Whoever sends a key names its workspace: tables of tenants are read in one workspace only.
"""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.orm import Session

from modelyard_protocol.access_tokens import looks_like_one
from modelyard_server.kernel.db import Db
from modelyard_server.traffic import feedback, oauth_tokens
from modelyard_server.traffic.oauth_tokens import Issuer
from modelyard_server.workspaces import access
from modelyard_server.workspaces.access import Actor
from modelyard_server.workspaces.errors import NotAllowed
from modelyard_server.workspaces.permissions import Permission


def sender(request: Request, deployment_id: uuid.UUID, db: Db) -> Actor:
    """Give whoever sends outcomes, and bind the transaction to their workspace.

    Raises:
        NotSignedIn, InvalidToken, WorkspaceNotFound, WorkspaceMismatch: as for every route.
        NotAllowed: a member without the permission.
        KeyRefused: not a valid key of this deployment in the workspace that is named.
        AccessTokenRefused: no valid access token of an OAuth client.
        ScopeMissing, EnvironmentNotAllowed: the key or client may not send outcomes here.
    """
    given = access.presented_token(request)
    if given is not None and looks_like_one(given):
        return _client(request, deployment_id, db, given)
    if given is None or not feedback.is_key(given):
        who = access.actor(request, db, access.principal(request, db))
        access.refuse_unless(request, who, Permission.outcomes_write)
        return who
    if not access.enter(request, db):
        raise feedback.unknown_key()
    key = feedback.key_of(db, deployment_id, given)
    who = access.actor_of_key(request, db, key.id, f"key {key.name}")
    if not feedback.may_send(key):
        request.state.denied = (Permission.outcomes_write.value, who)
        raise feedback.scope_missing(key)
    return who


def _client(request: Request, deployment_id: uuid.UUID, db: Session, token: str) -> Actor:
    """Give the OAuth client that sends outcomes; its token names the workspace."""
    issuer = Issuer(request.app.state.root_key, request.app.state.settings)
    slug, client = oauth_tokens.holder(db, issuer, token, access.wanted_workspace(request))
    who = access.actor_of_key(request, db, client.id, f"client {client.name}", slug)
    try:
        oauth_tokens.refuse_feedback(db, who, client, deployment_id)
    except NotAllowed:
        request.state.denied = (Permission.outcomes_write.value, who)
        raise
    return who


sender.permission = Permission.outcomes_write  # type: ignore[attr-defined]
Sender = Annotated[Actor, Depends(sender)]
