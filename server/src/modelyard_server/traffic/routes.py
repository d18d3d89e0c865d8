"""HTTP of traffic."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request

from modelyard_server.deployments.ports import ComputeDriver, Publisher
from modelyard_server.kernel import trail
from modelyard_server.kernel.crypto import RootKey
from modelyard_server.kernel.db import Db
from modelyard_server.kernel.late import LateAnswer, LateStream
from modelyard_server.kernel.services import provided
from modelyard_server.workspaces.access import Actor, allowed
from modelyard_server.workspaces.permissions import Permission

from . import calling, oauth_routes, service, tokens
from .answers import shown_once
from .schemas import (
    KeyCreate,
    KeyCreated,
    KeyOut,
    KeyRotate,
    StreamRequest,
    TokensOut,
    TryOut,
    TryRequest,
)

router = APIRouter(prefix="/api/v1", tags=["traffic"])
routers = [router, *oauth_routes.routers]

Manager = Annotated[Actor, allowed(Permission.keys_manage)]
Publishing = Annotated[Publisher, provided(Publisher)]
Compute = Annotated[ComputeDriver, provided(ComputeDriver)]


@router.get("/deployments/{deployment_id}/keys")
def list_keys(
    deployment_id: uuid.UUID,
    db: Db,
    actor: Annotated[Actor, allowed(Permission.keys_read)],
    compute: Compute,
) -> list[KeyOut]:
    """List a deployment's keys, without their secrets."""
    rows, observed = service.list_keys(db, actor, deployment_id), compute.observed()
    shown = [KeyOut.model_validate(row) for row in rows]
    return service.counted(shown, observed)


@router.post("/deployments/{deployment_id}/keys", status_code=201, response_model=KeyCreated)
def create_key(
    deployment_id: uuid.UUID, body: KeyCreate, db: Db, actor: Manager, publisher: Publishing
) -> LateAnswer:
    """Make a key, which works at once. This answer is the only place where it is ever shown."""
    row, whole = service.create_key(db, actor, deployment_id, body)
    made = KeyCreated(**KeyOut.model_validate(row).model_dump(), key=whole)
    return shown_once(made, publisher, actor)


@router.post(
    "/deployments/{deployment_id}/keys/{key_id}/rotate",
    status_code=201,
    response_model=KeyCreated,
)
def rotate_key(
    deployment_id: uuid.UUID,
    key_id: uuid.UUID,
    body: KeyRotate,
    db: Db,
    actor: Manager,
    publisher: Publishing,
) -> LateAnswer:
    """Make a key like an old one; the old one works on for `overlap_hours`. Shown this once."""
    overlap = dt.timedelta(hours=body.overlap_hours)
    row, whole = service.rotate_key(db, actor, deployment_id, key_id, overlap)
    made = KeyCreated(**KeyOut.model_validate(row).model_dump(), key=whole)
    return shown_once(made, publisher, actor)


@router.delete("/deployments/{deployment_id}/keys/{key_id}", status_code=204)
def revoke_key(
    deployment_id: uuid.UUID, key_id: uuid.UUID, db: Db, actor: Manager, publisher: Publishing
) -> None:
    """Take a key back; the gateway refuses it within a second."""
    service.revoke_key(db, actor, deployment_id, key_id)
    publisher.soon(db)


@router.get("/deployments/{deployment_id}/tokens")
def get_tokens(
    deployment_id: uuid.UUID,
    db: Db,
    actor: Annotated[Actor, allowed(Permission.monitoring_read)],
    window: Literal["1h", "24h", "7d", "30d"] = "24h",
) -> TokensOut:
    """Give the tokens an endpoint's language model read and wrote, by time, version and key."""
    names = service.names_of_keys(db, deployment_id)
    return tokens.read(db, actor, deployment_id, window, names)


@router.get("/deployments/{deployment_id}/api")
def get_endpoint_openapi(
    deployment_id: uuid.UUID,
    request: Request,
    db: Db,
    actor: Annotated[Actor, allowed(Permission.deployments_read)],
    compute: Compute,
) -> dict[str, Any]:
    """Give the OpenAPI 3.1 document of the deployment's endpoint, and its address over gRPC."""
    url, observed = request.app.state.settings.inference_url, compute.observed()
    grpc_port = observed.grpc_port if observed is not None else None
    return calling.describe(db, actor, deployment_id, actor.workspace_slug, url, grpc_port)


@router.post("/deployments/{deployment_id}/try", response_model=TryOut)
def try_it(
    deployment_id: uuid.UUID,
    body: TryRequest,
    request: Request,
    db: Db,
    actor: Annotated[Actor, allowed(Permission.deployments_try)],
    compute: Compute,
) -> LateAnswer:
    """Call the endpoint from the console: marked as such and left out of metrics."""
    call = _tried(request, db, actor, compute, deployment_id, body)
    return LateAnswer(lambda: calling.make(call, compute))


@router.post("/deployments/{deployment_id}/try/stream", response_class=LateStream)
def try_streaming(
    deployment_id: uuid.UUID,
    body: StreamRequest,
    request: Request,
    db: Db,
    actor: Annotated[Actor, allowed(Permission.deployments_try)],
    compute: Compute,
) -> LateStream:
    """Call a language model from the console and pass its answer on as it is written."""
    call = _tried(request, db, actor, compute, deployment_id, body)
    return LateStream(lambda: calling.follow(call, compute))


def _tried(
    request: Request,
    db: Db,
    actor: Actor,
    compute: ComputeDriver,
    deployment_id: uuid.UUID,
    body: TryRequest | StreamRequest,
) -> calling.Call:
    root: RootKey = request.app.state.root_key
    call = calling.prepare_try(db, actor, root, compute.desired(), deployment_id, body)
    trail.record(
        db,
        actor,
        "traffic.try",
        object_type="deployment",
        object_id=deployment_id,
        object_name=call.name,
        after={"path": body.path, "bytes": len(call.body)},
    )
    return call
