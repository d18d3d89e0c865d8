"""HTTP of the first page."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter

from modelyard_server.kernel.db import Db
from modelyard_server.workspaces.access import Actor, allowed
from modelyard_server.workspaces.permissions import Permission

from . import service
from .schemas import HomeOut

router = APIRouter(prefix="/api/v1", tags=["overview"])
routers = [router]


@router.get("/home")
def get_home(db: Db, actor: Annotated[Actor, allowed(Permission.signed_in)]) -> HomeOut:
    """Show what needs attention, what happened lately, and the first steps."""
    return service.home(db, actor)
