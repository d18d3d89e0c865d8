"""A batch, and the route of the deployment that scores it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelyard_protocol.package import Signature
from modelyard_protocol.routing import Route, Target
from modelyard_server.artifacts.ports import BlobStore
from modelyard_server.artifacts.service import StoredFile
from modelyard_server.batches import service as batches
from modelyard_server.batches.models import Format
from modelyard_server.workspaces.access import System

if TYPE_CHECKING:
    from .seeds import World


def a_route(world: World) -> Route:
    """Give what the node would be told of the deployment while it is live."""
    return Route(
        workspace=world.space.slug,
        environment="staging",
        deployment="live",
        workspace_id=world.space.id,
        deployment_id=world["deployment_id"],
        targets=(Target(server_id="0" * 32, revision=1, version=1, weight=100),),
        keys=(),
        signature=Signature(),
    )


def a_batch(world: World) -> str:
    """A batch that was cancelled before it began."""
    route, services = a_route(world), world.platform.services
    blobs, actor = services.get(BlobStore), System(world.space.id)
    with world.platform.database.session(world.space.id) as db:
        blob = blobs.receive(world.space.id, [f"x\n{world.canary}\n".encode()])
        file = StoredFile(f"{world.canary}.csv", blob.size_bytes, blob.sha256)
        row = batches.create(db, actor, blobs, route, file, Format.csv, None)
        batches.cancel(db, actor, row.id)
        return str(row.id)
