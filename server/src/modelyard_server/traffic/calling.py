"""What an endpoint looks like from outside, and trying it from the console."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from modelyard_protocol.grpc_example import grpc_facts
from modelyard_protocol.openapi import openapi
from modelyard_protocol.routing import DesiredState, Route
from modelyard_server.deployments import service as deployments
from modelyard_server.deployments.ports import ComputeDriver
from modelyard_server.kernel import trail
from modelyard_server.kernel.crypto import RootKey
from modelyard_server.kernel.late import Streamed

from . import console, publishing
from .errors import BodyTooLarge, NotServed
from .schemas import StreamRequest, TryOut, TryRequest

MAX_TRY_BYTES = 1024 * 1024
_SHOWN_HEADERS = (
    "content-type",
    "x-prediction-id",
    "x-model-version",
    "x-modelyard-revision",
    "retry-after",
)


def describe(
    db: Session,
    actor: trail.Who,
    deployment_id: uuid.UUID,
    workspace: str,
    base_url: str,
    grpc_port: int | None = None,
) -> dict[str, Any]:
    """Give the OpenAPI document of a deployment's endpoint, also while it is stopped.

    Where gRPC is spoken too, `x-modelyard-grpc` in it says how.

    Raises:
        DeploymentMissing: there is no such deployment.
    """
    deployment = deployments.get(db, actor, deployment_id)
    number = deployment.live_number or deployment.last_number
    target = deployments.revision_of(db, deployment, number)
    route = publishing.route(workspace, deployment, target, [])
    document = openapi(route, base_url)
    if grpc_port is not None:
        host = urlsplit(base_url).hostname or "localhost"
        address = f"[{host}]:{grpc_port}" if ":" in host else f"{host}:{grpc_port}"
        document["x-modelyard-grpc"] = grpc_facts(route, address)
    return document


@dataclass(frozen=True, slots=True)
class Call:
    """A console call that may be made."""

    name: str
    """The deployment's, with its environment."""
    path: str
    body: bytes
    headers: dict[str, str]


def prepare_try(
    db: Session,
    actor: trail.Who,
    root: RootKey,
    desired: DesiredState,
    deployment_id: uuid.UUID,
    request: TryRequest | StreamRequest,
) -> Call:
    """Check that the deployment can be called and write the call.

    Raises:
        DeploymentMissing: there is no such deployment.
        NotServed: nothing serves it now.
        BodyTooLarge: the console sends at most 1 MiB.
    """
    deployment = deployments.get(db, actor, deployment_id)
    found = _route_of(desired, deployment_id)
    if found is None:
        raise NotServed(f"{deployment.name} is {deployment.status}; there is nothing to try.")
    body = request.body if isinstance(request.body, str) else json.dumps(request.body)
    raw = body.encode()
    if len(raw) > MAX_TRY_BYTES:
        raise BodyTooLarge("The console sends at most 1 MiB; use the endpoint itself.")
    headers = {
        "Authorization": console.authorization(root, deployment_id),
        "Content-Type": "application/json",
        "X-Modelyard-Source": "console",
    }
    address = f"/{found.workspace}/{found.environment}/{found.deployment}"
    path: str = request.path
    if isinstance(request, TryRequest) and request.version is not None:
        path = f"versions/{request.version}/{path}"
    name = f"{deployment.environment}/{deployment.name}"
    return Call(name, f"{address}/{path}", raw, headers)


def follow(call: Call, compute: ComputeDriver) -> Streamed:
    """Call the endpoint; its answer is there as it comes. Not inside a session.

    Raises:
        NodeUnreachable: the inference node does not answer.
    """
    answer = compute.follow(call.path, call.body, call.headers)
    return replace(answer, headers=_shown(answer.headers))


def make(call: Call, compute: ComputeDriver) -> TryOut:
    """Call the endpoint and show its answer. Not inside a session.

    Raises:
        NodeUnreachable: the inference node does not answer.
    """
    answer = compute.call(call.path, call.body, call.headers)
    try:
        body: Any = json.loads(answer.body)
    except ValueError:
        body = answer.body.decode(errors="replace")
    return TryOut(
        status=answer.status,
        latency_ms=round(answer.latency_ms, 3),
        headers=_shown(answer.headers),
        body=body,
    )


def _shown(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name in _SHOWN_HEADERS}


def _route_of(desired: DesiredState, deployment_id: uuid.UUID) -> Route | None:
    wanted = str(deployment_id)
    return next((route for route in desired.routes if route.deployment_id == wanted), None)
