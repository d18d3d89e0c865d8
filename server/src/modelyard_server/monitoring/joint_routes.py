"""HTTP of drift that only columns together show."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter

from modelyard_server.kernel.db import Db
from modelyard_server.workspaces.access import Actor, allowed
from modelyard_server.workspaces.permissions import Permission

from . import joint_answers
from .joint_schemas import JointDriftOut
from .schemas import Window

router = APIRouter(prefix="/api/v1/deployments/{deployment_id}/drift", tags=["monitoring"])
Reader = Annotated[Actor, allowed(Permission.monitoring_read)]


@router.get("/joint")
def get_joint_drift(
    deployment_id: uuid.UUID, db: Db, actor: Reader, window: Window = "24h"
) -> JointDriftOut:
    """Compare how the inputs belong together with the baseline, column by column unseen."""
    return joint_answers.read(db, actor, deployment_id, window)
