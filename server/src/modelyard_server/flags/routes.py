"""HTTP of flags."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter

from modelyard_server.kernel.db import Db
from modelyard_server.workspaces.access import Actor, allowed
from modelyard_server.workspaces.permissions import Permission

from . import service
from .known import FLAGS
from .schemas import FlagDecision, FlagOut, FlagRuleSet, FlagsOut

router = APIRouter(prefix="/api/v1/flags", tags=["flags"])
routers = [router]

Manager = Annotated[Actor, allowed(Permission.flags_manage)]


@router.get("")
def get_flags(db: Db, actor: Annotated[Actor, allowed(Permission.signed_in)]) -> FlagsOut:
    """Tell which flags are on for whoever asks; the web application follows it."""
    return FlagsOut(flags={flag.key: service.is_on(db, actor, flag.key) for flag in FLAGS})


@router.get("/report")
def list_flags(db: Db, actor: Manager) -> list[FlagOut]:
    """List every flag with its rules, its rollout plan, and whether it is stale."""
    return service.report(db, actor)


@router.put("/{flag_key}")
def set_flag_rule(flag_key: str, body: FlagRuleSet, db: Db, actor: Manager) -> FlagOut:
    """Change a flag for the whole installation: default, share, schedule, kill switch."""
    service.set_rule(db, actor, flag_key, body)
    return service.one(db, actor, flag_key)


@router.put("/{flag_key}/organisation")
def decide_for_organisation(flag_key: str, body: FlagDecision, db: Db, actor: Manager) -> FlagOut:
    """Switch a flag on or off for this organisation."""
    service.decide_for_organisation(db, actor, flag_key, body.is_on)
    return service.one(db, actor, flag_key)


@router.put("/{flag_key}/people/{user_id}")
def decide_for_person(
    flag_key: str, user_id: uuid.UUID, body: FlagDecision, db: Db, actor: Manager
) -> FlagOut:
    """Switch a flag on or off for one member."""
    service.decide_for_person(db, actor, flag_key, user_id, body.is_on)
    return service.one(db, actor, flag_key)
