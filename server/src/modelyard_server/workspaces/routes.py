"""Addresses of workspaces, members and invitations."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from modelyard_server.identity.credentials import Principal
from modelyard_server.identity.mail import Mailer
from modelyard_server.kernel.db import Db
from modelyard_server.kernel.http import Page
from modelyard_server.kernel.services import every, provided

from . import (
    deletion,
    identity_routes,
    invitations,
    members,
    mlflow_routes,
    onboarding,
    schemas,
    service,
)
from .access import Actor, allowed, public, signed_in
from .models import Invitation
from .permissions import Permission, Role
from .ports import WorkspaceContent, WorkspaceObserver

router = APIRouter(prefix="/api/v1", tags=["workspaces"])
routers = [identity_routes.router, router, mlflow_routes.router]
Manager = Annotated[Actor, allowed(Permission.members_manage)]


@router.get("/workspaces")
def list_workspaces(db: Db, who: Annotated[Principal, signed_in()]) -> list[schemas.WorkspaceOut]:
    """List the workspaces you are a member of; with a token, the token's only."""
    only = who.token.token_workspace_id if who.token is not None else None
    return [onboarding.as_out(j) for j in service.joined_by(db, who.user.id, only=only)]


@router.post("/workspaces", status_code=201)
def create_workspace(
    body: schemas.WorkspaceCreate,
    db: Db,
    observers: Annotated[list[WorkspaceObserver], every(WorkspaceObserver)],
    actor: Annotated[Actor, allowed(Permission.workspaces_create, bound=False)],
) -> schemas.WorkspaceOut:
    """Make another workspace of the organisation."""
    made = service.create_workspace(db, actor, observers, name=body.name, slug=body.slug)
    return onboarding.as_out(made)


@router.patch("/workspace")
def rename_workspace(
    body: schemas.WorkspacePatch,
    db: Db,
    actor: Annotated[Actor, allowed(Permission.workspace_manage)],
) -> schemas.WorkspaceOut:
    """Rename the current workspace."""
    return onboarding.as_out(service.rename(db, actor, body.name))


@router.get("/workspace/content")
def count_content(
    db: Db,
    holders: Annotated[list[WorkspaceContent], every(WorkspaceContent)],
    actor: Annotated[Actor, allowed(Permission.workspaces_delete)],  # noqa: ARG001
) -> schemas.ContentOut:
    """Say what would go with the current workspace."""
    return schemas.ContentOut(held=deletion.counted(db, holders))


@router.delete("/workspace", status_code=204)
def delete_workspace(
    db: Db,
    holders: Annotated[list[WorkspaceContent], every(WorkspaceContent)],
    actor: Annotated[Actor, allowed(Permission.workspaces_delete)],
    confirm: Annotated[str, Query(max_length=63, description="The workspace's slug, again.")],
    content: deletion.Content = deletion.Content.restrict,
) -> None:
    """Delete the current workspace; with `cascade`, together with what it holds."""
    deletion.remove(db, actor, holders, content, confirmed=confirm)


@router.get("/members")
def list_members(
    db: Db, actor: Annotated[Actor, allowed(Permission.members_read)]
) -> Page[schemas.MemberOut]:
    """List everybody in the workspace."""
    found = members.members(db, actor)
    return Page(items=found, next_cursor=None, total=len(found))


@router.patch("/members/{user_id}")
def change_role(
    user_id: uuid.UUID, body: schemas.MemberPatch, db: Db, actor: Manager
) -> schemas.MemberOut:
    """Give a member another role."""
    return members.change_role(db, actor, user_id, Role(body.role))


@router.delete("/members/{user_id}", status_code=204)
def remove_member(user_id: uuid.UUID, db: Db, actor: Manager) -> None:
    """Take a person out of the workspace and end their tokens in it."""
    members.remove(db, actor, user_id)


@router.get("/invitations")
def list_invitations(db: Db, actor: Manager) -> Page[schemas.InvitationOut]:
    """List invitations that can still be accepted."""
    rows = invitations.pending(db, actor)
    return Page(items=[_invitation_out(row) for row in rows], next_cursor=None, total=len(rows))


@router.post("/invitations", status_code=201)
def invite(
    request: Request,
    body: schemas.InvitationCreate,
    db: Db,
    mailer: Annotated[Mailer, provided(Mailer)],
    actor: Manager,
) -> schemas.InvitationCreated:
    """Invite somebody; the answer has the link, which is also mailed when SMTP is set up."""
    address = request.app.state.settings.browser_url
    row, link = invitations.invite(
        db, actor, mailer, email=body.email, role=Role(body.role), address=address
    )
    return schemas.InvitationCreated(**_invitation_out(row).model_dump(), link=link)


@router.delete("/invitations/{invitation_id}", status_code=204)
def withdraw_invitation(invitation_id: uuid.UUID, db: Db, actor: Manager) -> None:
    """End an invitation before it is accepted."""
    invitations.withdraw(db, actor, invitation_id)


@router.get("/invitation-links/{token}")
def preview_invitation(
    token: str,
    db: Db,
    limits: identity_routes.Limits,
    visitor: identity_routes.From,
    _: Annotated[None, public()],
) -> schemas.InvitationPreview:
    """Tell what an invitation link offers."""
    limits.hit("link", visitor.ip_address)
    offer = invitations.offer(db, token)
    return schemas.InvitationPreview(
        email=offer.invitation.email,
        role=Role(offer.invitation.role).value,
        workspace_name=offer.workspace_name,
        has_account=offer.user_id is not None,
    )


@router.post("/invitation-links/{token}", status_code=201)
def accept_invitation(
    token: str,
    request: Request,
    response: Response,
    body: schemas.InvitationAccept,
    door: identity_routes.Door,
    _: Annotated[None, public()],
) -> schemas.MeOut:
    """Join the workspace and sign in: with your password, or by choosing one."""
    entered = onboarding.accept_invitation(
        door, token=token, display_name=body.display_name, password=body.password
    )
    return identity_routes.welcome(request, response, entered)


def _invitation_out(row: Invitation) -> schemas.InvitationOut:
    return schemas.InvitationOut(
        id=row.id,
        email=row.email,
        role=Role(row.role).value,
        created_at=row.created_at,
        expires_at=row.expires_at,
        invited_by=row.invited_by,
    )
