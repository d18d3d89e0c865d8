"""HTTP of throttling."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Request

from modelyard_server.kernel.db import Db
from modelyard_server.settings import Settings
from modelyard_server.workspaces.access import Actor, allowed
from modelyard_server.workspaces.permissions import Permission

from . import service
from .middleware import Throttle
from .schemas import RateLimitOut, RateLimitSet, RateLimitsOut

router = APIRouter(prefix="/api/v1/rate-limits", tags=["throttling"])
routers = [router]

Manager = Annotated[Actor, allowed(Permission.limits_manage)]


@router.get("")
def list_rate_limits(request: Request, db: Db, actor: Manager) -> RateLimitsOut:  # noqa: ARG001
    """List the limits of every class of routes, and what this workspace set instead."""
    throttle: Throttle = request.app.state.throttle
    settings: Settings = request.app.state.settings
    has_redis = bool(settings.redis_url)
    return RateLimitsOut(
        is_shared=throttle.is_shared, has_redis=has_redis, limits=service.shown(db)
    )


@router.put("")
def set_rate_limit(body: RateLimitSet, request: Request, db: Db, actor: Manager) -> RateLimitOut:
    """Set what one, or everybody, of the workspace may do; in force within seconds."""
    made = service.put(db, actor, body)
    request.app.state.throttle.forget(actor.workspace_id)
    return made


@router.delete("/{limit_id}", status_code=204)
def delete_rate_limit(limit_id: uuid.UUID, request: Request, db: Db, actor: Manager) -> None:
    """Go back to the default."""
    service.remove(db, actor, limit_id)
    request.app.state.throttle.forget(actor.workspace_id)
