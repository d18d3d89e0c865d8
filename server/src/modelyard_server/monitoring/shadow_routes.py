"""HTTP of shadow revisions."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Query

from modelyard_server.kernel.db import Db
from modelyard_server.workspaces.access import Actor, allowed
from modelyard_server.workspaces.permissions import Permission

from . import shadow_reports
from .shadow_schemas import ShadowOut

router = APIRouter(prefix="/api/v1/deployments/{deployment_id}", tags=["monitoring"])
RowReader = Annotated[Actor, allowed(Permission.predictions_read)]


@router.get("/shadow")
def get_shadow(
    deployment_id: uuid.UUID,
    db: Db,
    actor: RowReader,
    revision: Annotated[int | None, Query(ge=1)] = None,
) -> ShadowOut:
    """Compare a shadow with what callers were told: disagreement, errors, latency, slices."""
    return shadow_reports.report(db, actor, deployment_id, revision)
