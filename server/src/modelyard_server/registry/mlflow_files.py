"""`/model-versions/get-artifact`: one file of a version, as MLflow's pages and some clients ask."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.orm import Session

from modelyard_server.artifacts import paths
from modelyard_server.artifacts import service as artifacts
from modelyard_server.artifacts.ports import BlobStore
from modelyard_server.artifacts.service import StoredFile
from modelyard_server.kernel.services import provided
from modelyard_server.tracking import content
from modelyard_server.workspaces.access import Actor
from modelyard_server.workspaces.gate import Gate, gate
from modelyard_server.workspaces.permissions import Permission

from . import service, versions

router = APIRouter(tags=["mlflow"], include_in_schema=False)


@router.get("/model-versions/get-artifact")
async def get_version_artifact(
    name: str,
    version: Annotated[int, Query(ge=0, le=2**31 - 1)],
    path: str,
    request: Request,
    gate: Annotated[Gate, gate(Permission.models_read)],
    blobs: Annotated[BlobStore, provided(BlobStore)],
) -> Response:
    """Send a file of a version as an attachment."""
    paths.checked(path)

    def find(db: Session, actor: Actor) -> tuple[int, StoredFile]:
        model = service.model_named(db, actor, name)
        row = versions.find(db, model, version)
        return actor.workspace_id, artifacts.find(db, row.prefix + path)

    workspace_id, file = await gate.run(find, write=False)
    return content.download(request, blobs, workspace_id, file, is_typed=True)
