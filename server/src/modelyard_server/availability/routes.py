"""HTTP of availability."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter

from modelyard_server.kernel.db import Db
from modelyard_server.workspaces.access import Actor, allowed
from modelyard_server.workspaces.permissions import Permission

from . import service
from .schemas import StatusOut

router = APIRouter(prefix="/api/v1", tags=["availability"])
routers = [router]


@router.get("/status")
def get_status(db: Db, actor: Annotated[Actor, allowed(Permission.signed_in)]) -> StatusOut:  # noqa: ARG001
    """Tell whether the parts of this installation work, and how they did for thirty days."""
    return service.status(db)
