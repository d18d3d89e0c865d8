"""HTTP of constraints: what is asked of columns, and which rows do not keep it."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter

from modelyard_server.kernel.db import Db
from modelyard_server.kernel.services import provided
from modelyard_server.workspaces.access import Actor, allowed
from modelyard_server.workspaces.permissions import Permission

from . import constraint_sets
from .constraint_schemas import ConstraintsOut, ConstraintsPut, ViolationsOut
from .ports import Catalogue
from .schemas import Window

router = APIRouter(prefix="/api/v1/deployments/{deployment_id}/constraints", tags=["monitoring"])
Reader = Annotated[Actor, allowed(Permission.monitoring_read)]
Manager = Annotated[Actor, allowed(Permission.monitoring_manage)]
Known = Annotated[Catalogue, provided(Catalogue)]


@router.get("")
def get_constraints(
    deployment_id: uuid.UUID, db: Db, actor: Reader, known: Known
) -> ConstraintsOut:
    """Give what is asked of the columns, and what the baseline proposes."""
    return constraint_sets.read(db, actor, known, deployment_id)


@router.put("")
def put_constraints(
    deployment_id: uuid.UUID, wanted: ConstraintsPut, db: Db, actor: Manager, known: Known
) -> ConstraintsOut:
    """Choose what is asked of the columns from now on."""
    return constraint_sets.change(db, actor, known, deployment_id, wanted)


@router.get("/violations")
def list_violations(
    deployment_id: uuid.UUID, db: Db, actor: Reader, window: Window = "24h"
) -> ViolationsOut:
    """Tell how the rows of a window kept the constraints, broken checks first."""
    return constraint_sets.violations(db, actor, deployment_id, window)
