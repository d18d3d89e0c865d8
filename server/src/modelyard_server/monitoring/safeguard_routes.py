"""HTTP of what safeguards held against."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter

from modelyard_server.kernel.db import Db
from modelyard_server.workspaces.access import Actor, allowed
from modelyard_server.workspaces.permissions import Permission

from . import safeguard_answers
from .safeguard_schemas import HeldOut
from .schemas import Window

router = APIRouter(prefix="/api/v1/deployments/{deployment_id}", tags=["monitoring"])
Reader = Annotated[Actor, allowed(Permission.monitoring_read)]


@router.get("/safeguards/held")
def get_held(deployment_id: uuid.UUID, db: Db, actor: Reader, window: Window = "24h") -> HeldOut:
    """Tell how often safeguards held against calls of a window, the busiest first."""
    return safeguard_answers.read(db, actor, deployment_id, window)
