"""Who may send outcomes: members by their role, and keys of the deployment with `feedback`.

Whoever sends a key names its workspace: tables of tenants are read in one workspace only.
"""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import Depends, Request

from modelyard_server.kernel.db import Db
from modelyard_server.traffic import feedback
from modelyard_server.workspaces import access
from modelyard_server.workspaces.access import Actor
from modelyard_server.workspaces.permissions import Permission


def sender(request: Request, deployment_id: uuid.UUID, db: Db) -> Actor:
    """Give whoever sends outcomes, and bind the transaction to their workspace.

    Raises:
        NotSignedIn, InvalidToken, WorkspaceNotFound, WorkspaceMismatch: as for every route.
        NotAllowed: a member without the permission.
        KeyRefused: not a valid key of this deployment in the workspace that is named.
        ScopeMissing: the key may not send outcomes.
    """
    given = access.presented_token(request)
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


sender.permission = Permission.outcomes_write  # type: ignore[attr-defined]
Sender = Annotated[Actor, Depends(sender)]
