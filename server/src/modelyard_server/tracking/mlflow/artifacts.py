"""`mlflow-artifacts/*` and `artifacts/list`: files of runs and logged models, through us."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from modelyard_server.artifacts import paths
from modelyard_server.artifacts import service as artifacts
from modelyard_server.artifacts.ports import BlobStore
from modelyard_server.kernel.db import Db
from modelyard_server.kernel.services import provided
from modelyard_server.settings import Settings
from modelyard_server.tracking import content, runs, sources
from modelyard_server.tracking.receiving import Receiver
from modelyard_server.workspaces.access import Actor, allowed
from modelyard_server.workspaces.gate import Gate, gate
from modelyard_server.workspaces.permissions import Permission

from . import wire

router = APIRouter(tags=["tracking_mlflow"], include_in_schema=False)
proxy = APIRouter(
    prefix="/api/2.0/mlflow-artifacts", tags=["tracking_mlflow"], include_in_schema=False
)
Reader = Annotated[Actor, allowed(Permission.artifacts_read)]
Writer = Annotated[Actor, allowed(Permission.artifacts_write)]
Blobs = Annotated[BlobStore, provided(BlobStore)]


class Listing(msgspec.Struct):
    run_id: str = ""
    run_uuid: str = ""
    path: str = ""


class Folder(msgspec.Struct):
    path: str = ""


@router.get("/artifacts/list")
def list_artifacts(
    body: Annotated[Listing, wire.query(Listing)],
    db: Db,
    actor: Reader,  # noqa: ARG001
) -> Response:
    """List a folder of a run."""
    run = runs.get(db, body.run_id or body.run_uuid)
    below = paths.folder(body.path)
    found = artifacts.entries(db, f"runs/{run.uid}/{below}")
    return wire.answer({"root_uri": sources.of_run(run), "files": listing(found, below)})


@proxy.get("/artifacts")
def list_folder(body: Annotated[Folder, wire.query(Folder)], db: Db, actor: Reader) -> Response:  # noqa: ARG001
    """List a folder of a run or logged model; names are relative to it."""
    path = sources.owned(db, body.path.strip("/"), write=False)
    return wire.answer({"files": listing(artifacts.entries(db, f"{path}/"), "")})


@proxy.get("/artifacts/{path:path}")
async def download_artifact(
    path: str,
    request: Request,
    gate: Annotated[Gate, gate(Permission.artifacts_read)],
    blobs: Blobs,
) -> Response:
    """Send a file."""

    def find(db: Session, actor: Actor) -> tuple[int, artifacts.StoredFile]:
        return actor.workspace_id, artifacts.find(db, sources.owned(db, path, write=False))

    workspace_id, file = await gate.run(find, write=False)
    return content.download(request, blobs, workspace_id, file, is_typed=True)


@proxy.put("/artifacts/{path:path}")
async def upload_artifact(
    path: str,
    request: Request,
    gate: Annotated[Gate, gate(Permission.artifacts_write)],
    blobs: Blobs,
    settings: Annotated[Settings, provided(Settings)],
) -> Response:
    """Receive a file. It appears whole, or not at all."""
    await Receiver(gate, blobs, settings).file(request, path)
    return wire.answer()


@proxy.delete("/artifacts/{path:path}")
def delete_artifacts(path: str, db: Db, actor: Writer) -> Response:
    """Remove a file, or a folder with all that is in it."""
    checked = sources.owned(db, path.strip("/"), write=True)
    sources.delete_artifacts(db, actor, checked)
    return wire.answer()


def listing(found: list[artifacts.Entry], prefix: str) -> list[dict[str, Any]]:
    """Give entries as MLflow shows them."""
    return [
        {"path": f"{prefix}{entry.path}", "is_dir": entry.is_dir}
        | ({} if entry.is_dir else {"file_size": entry.size_bytes})
        for entry in found
    ]
