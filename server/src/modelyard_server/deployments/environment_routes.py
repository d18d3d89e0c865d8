"""HTTP of environments and promotion."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Depends, Request

from modelyard_server.kernel.crypto import RootKey
from modelyard_server.kernel.db import Db
from modelyard_server.kernel.services import provided
from modelyard_server.settings import Settings
from modelyard_server.workspaces.access import Actor, allowed
from modelyard_server.workspaces.permissions import Permission

from . import environments, promotion, stages, views
from .environment_schemas import EnvironmentCreate, EnvironmentOut, EnvironmentPatch, SecretSet
from .ports import Capacity, Drivers
from .schemas import DeploymentOut, Difference, DriverOut, MissingWall, PromoteRequest, TrackOut

router = APIRouter(prefix="/api/v1", tags=["deployments"])

Reader = Annotated[Actor, allowed(Permission.deployments_read)]
Deployer = Annotated[Actor, allowed(Permission.deployments_create)]
Manager = Annotated[Actor, allowed(Permission.environments_manage)]


def root_of(request: Request) -> RootKey:
    root: RootKey = request.app.state.root_key
    return root


Root = Annotated[RootKey, Depends(root_of)]


Here = Annotated[Capacity, provided(Capacity)]


@router.get("/serving/drivers")
def list_drivers(
    actor: Reader,  # noqa: ARG001
    drivers: Annotated[Drivers, provided(Drivers)],
) -> list[DriverOut]:
    """List the ways to run model servers, and what stands in the way of each."""
    return [
        DriverOut(
            name=one.name,
            obstacle=one.obstacle,
            is_standard=one.name == drivers.standard,
            walls=one.walls,
            missing_walls=[MissingWall(name=name, risk=risk) for name, risk in one.missing.items()],
        )
        for one in drivers.facts()
    ]


@router.get("/environments")
def list_environments(db: Db, actor: Reader) -> list[EnvironmentOut]:  # noqa: ARG001
    """List the workspace's environments by rank; secrets by name only."""
    return [stages.shown(db, row) for row in environments.listed(db)]


@router.post("/environments", status_code=201)
def create_environment(body: EnvironmentCreate, db: Db, actor: Manager) -> EnvironmentOut:
    """Add an environment after the others."""
    return stages.shown(db, stages.create(db, actor, body))


@router.get("/environments/{environment}/differences")
def compare_environments(
    environment: str,
    db: Db,
    actor: Reader,  # noqa: ARG001
    other: str,
) -> list[Difference]:
    """Tell in what two environments differ: variables, secret names, limits, policy, models."""
    return promotion.differences(db, stages.own(db, environment), stages.own(db, other))


@router.patch("/environments/{environment}")
def change_environment(
    environment: str, body: EnvironmentPatch, here: Here, db: Db, actor: Manager
) -> EnvironmentOut:
    """Change name, variables, limits or policy; running servers keep what they started with."""
    return stages.shown(db, stages.change(db, actor, environment, body, here.machine()))


@router.delete("/environments/{environment}", status_code=204)
def delete_environment(environment: str, db: Db, actor: Manager) -> None:
    """Remove an environment that nothing is deployed to; three stay."""
    stages.remove(db, actor, environment)


@router.put("/environments/{environment}/secrets/{secret_name}", status_code=204)
def set_secret(
    environment: str, secret_name: str, body: SecretSet, db: Db, actor: Manager, root: Root
) -> None:
    """Seal a secret for the environment's model servers. It is never given back."""
    stages.set_secret(db, actor, root, environment, secret_name, body.value)


@router.delete("/environments/{environment}/secrets/{secret_name}", status_code=204)
def delete_secret(environment: str, secret_name: str, db: Db, actor: Manager) -> None:
    """Forget a secret; servers that run keep it until they are replaced."""
    stages.remove_secret(db, actor, environment, secret_name)


@router.get("/deployments/{deployment_id}/track")
def get_track(deployment_id: uuid.UUID, db: Db, actor: Reader) -> TrackOut:
    """Show the model through the environments, and what stands in the way of promoting it."""
    return promotion.track(db, actor, deployment_id)


@router.post("/deployments/{deployment_id}/promote", status_code=202)
def promote(
    deployment_id: uuid.UUID,
    body: PromoteRequest,
    request: Request,
    here: Here,
    db: Db,
    actor: Deployer,
) -> DeploymentOut:
    """Serve the live revision's identical files and environment in another environment."""
    settings: Settings = request.app.state.settings
    row = promotion.promote(db, actor, deployment_id, body, here.machine())
    return views.deployments_out(db, [row], settings.inference_url, actor.workspace_slug)[0]
