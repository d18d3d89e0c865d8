"""HTTP of the data connection that outcomes are pulled from."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter

from modelyard_server.kernel.crypto import RootKey
from modelyard_server.kernel.db import Db
from modelyard_server.kernel.egress import Egress
from modelyard_server.kernel.late import LateAnswer
from modelyard_server.kernel.services import provided
from modelyard_server.workspaces.access import Actor, allowed
from modelyard_server.workspaces.permissions import Permission

from . import outcome_pulls, outcome_sources, unset
from .outcome_source_schemas import (
    OutcomeSourceLook,
    OutcomeSourceOut,
    OutcomeSourcePut,
    PullIn,
    SourceColumns,
)
from .ports import OutcomeReader
from .unset import OrNone

router = APIRouter(prefix="/api/v1/deployments/{deployment_id}/outcome-source", tags=["monitoring"])
Reader = Annotated[Actor, allowed(Permission.monitoring_read)]
Manager = Annotated[Actor, allowed(Permission.monitoring_manage)]
Outside = Annotated[Egress, provided(Egress)]
Key = Annotated[RootKey, provided(RootKey)]
Sources = Annotated[OutcomeReader, provided(OutcomeReader)]


@router.get("")
def get_outcome_source(
    deployment_id: uuid.UUID, db: Db, actor: Reader, or_none: OrNone = False
) -> OutcomeSourceOut | None:
    """Give the data connection of a deployment without its secrets, and its last pulls."""
    return unset.told(outcome_sources.read, db, actor, deployment_id, or_none=or_none)


@router.put("")
def put_outcome_source(
    deployment_id: uuid.UUID,
    wanted: OutcomeSourcePut,
    db: Db,
    actor: Manager,
    key: Key,
    egress: Outside,
) -> OutcomeSourceOut:
    """Pull outcomes from a database, a web address or a bucket, at once and then on schedule."""
    return outcome_sources.change(db, actor, key, egress, deployment_id, wanted)


@router.delete("", status_code=204)
def remove_outcome_source(deployment_id: uuid.UUID, db: Db, actor: Manager) -> None:
    """Stop pulling outcomes; those that were pulled stay."""
    outcome_sources.remove(db, actor, deployment_id)


@router.post("/columns", response_model=SourceColumns)
def look_at_outcome_source(
    deployment_id: uuid.UUID,
    wanted: OutcomeSourceLook,
    db: Db,
    actor: Manager,
    key: Key,
    sources: Sources,
) -> LateAnswer:
    """Open a place now and give the columns it has, before anything is kept of it."""
    place = outcome_sources.place_to_look_at(db, actor, key, deployment_id, wanted)
    return LateAnswer(lambda: SourceColumns(columns=sources.look(place)))


@router.post("/pulls", status_code=202)
def pull_outcomes(
    deployment_id: uuid.UUID, wanted: PullIn, db: Db, actor: Manager
) -> OutcomeSourceOut:
    """Pull outcomes now instead of when it is due."""
    outcome_pulls.ask(db, actor, deployment_id, from_start=wanted.from_start)
    return outcome_sources.read(db, actor, deployment_id)
