"""Workspaces as MLflow's client asks for them: its workspace is ours, named by the slug."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from modelyard_server.identity.credentials import Principal
from modelyard_server.kernel.db import Db
from modelyard_server.kernel.services import every

from . import deletion, service
from .access import Actor, allowed, signed_in
from .errors import DeletionModeRefused, NothingToChange, StorageChosenHere
from .models import Workspace
from .permissions import Permission
from .ports import WorkspaceContent, WorkspaceObserver

router = APIRouter(
    prefix="/api/3.0/mlflow/workspaces", tags=["workspaces_mlflow"], include_in_schema=False
)
Answer = dict[str, Any]
_MODES = {"RESTRICT": deletion.Content.restrict, "CASCADE": deletion.Content.cascade}


class UpdateBody(BaseModel):
    model_config = ConfigDict(extra="ignore")

    description: str | None = None
    default_artifact_root: str | None = None
    trace_archival_config: dict[str, Any] | None = None

    def refuse_storage(self) -> None:
        """Refuse what would choose where files lie.

        Raises:
            StorageChosenHere: it is asked for.
        """
        if self.default_artifact_root or self.trace_archival_config:
            raise StorageChosenHere(
                "This server chooses where files are kept: omit default_artifact_root and "
                "trace_archival_config."
            )


class CreateBody(UpdateBody):
    name: str


@router.get("")
def list_mlflow_workspaces(db: Db, who: Annotated[Principal, signed_in()]) -> Answer:
    """List the workspaces you are a member of; with a token, the token's only."""
    only = who.token.token_workspace_id if who.token is not None else None
    found = [_shown(joined.workspace) for joined in service.joined_by(db, who.user.id, only=only)]
    return {"workspaces": found} if found else {}


@router.post("", status_code=201)
def create_mlflow_workspace(
    body: CreateBody,
    db: Db,
    observers: Annotated[list[WorkspaceObserver], every(WorkspaceObserver)],
    actor: Annotated[Actor, allowed(Permission.workspaces_create, bound=False)],
) -> Answer:
    """Make another workspace of the organisation."""
    body.refuse_storage()
    made = service.create_workspace(
        db,
        actor,
        observers,
        name=body.name,
        slug=body.name,
        description=body.description or "",
    )
    return {"workspace": _shown(made.workspace)}


@router.get("/{workspace_name}")
def get_mlflow_workspace(
    workspace_name: str, db: Db, actor: Annotated[Actor, allowed(Permission.signed_in)]
) -> Answer:
    """Give the workspace the request acts in; `default` names it too."""
    return {"workspace": _shown(service.named(db, actor, workspace_name))}


@router.patch("/{workspace_name}")
def update_mlflow_workspace(
    workspace_name: str,
    body: UpdateBody,
    db: Db,
    actor: Annotated[Actor, allowed(Permission.workspace_manage)],
) -> Answer:
    """Say what the workspace is for that the request acts in."""
    service.named(db, actor, workspace_name)
    body.refuse_storage()
    if body.description is None:
        raise NothingToChange("Workspace update must have at least one key")
    return {"workspace": _shown(service.describe(db, actor, body.description).workspace)}


@router.delete("/{workspace_name}", status_code=204)
def delete_mlflow_workspace(
    workspace_name: str,
    db: Db,
    holders: Annotated[list[WorkspaceContent], every(WorkspaceContent)],
    actor: Annotated[Actor, allowed(Permission.workspaces_delete)],
    mode: str = "RESTRICT",
) -> None:
    """Delete the workspace the request acts in, whose token this is; the token ends with it."""
    service.named(db, actor, workspace_name)
    if mode == "SET_DEFAULT":
        raise DeletionModeRefused(
            "Workspaces number their experiments and runs themselves, so nothing can be moved into "
            "another one. Use RESTRICT or CASCADE."
        )
    if mode not in _MODES:
        raise DeletionModeRefused(
            f"Invalid deletion mode '{mode[:40]}'. Must be one of: SET_DEFAULT, CASCADE, RESTRICT"
        )
    deletion.remove(db, actor, holders, _MODES[mode])


def _shown(row: Workspace) -> Answer:
    return {"name": row.slug} | ({"description": row.description} if row.description else {})
