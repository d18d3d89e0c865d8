"""Wire shapes of workspaces, and of who is signed in to them."""

from __future__ import annotations

import datetime as dt
import uuid

from pydantic import BaseModel, Field

from modelyard_server.identity.schemas import Email, GrantedRole, Name, Password, RoleName


class WorkspaceOut(BaseModel):
    id: int
    slug: str
    name: str
    role: RoleName
    created_at: dt.datetime


class MeOut(BaseModel):
    user_id: uuid.UUID
    email: str
    display_name: str
    organisation_name: str
    workspaces: list[WorkspaceOut]
    permissions: list[str] = Field(description="In the workspace the request names.")
    csrf_token: str = Field(description="Send back as X-CSRF-Token; empty for API tokens.")


class WorkspaceCreate(BaseModel):
    name: Name
    slug: str | None = Field(None, max_length=63, description="Made from the name when absent.")


class WorkspacePatch(BaseModel):
    name: Name


class ContentOut(BaseModel):
    held: dict[str, int] = Field(description="How many of each kind; empty kinds are left out.")


class MemberOut(BaseModel):
    user_id: uuid.UUID
    email: str
    display_name: str
    role: RoleName
    joined_at: dt.datetime
    last_seen_at: dt.datetime | None


class MemberPatch(BaseModel):
    role: GrantedRole


class InvitationCreate(BaseModel):
    email: Email
    role: GrantedRole


class InvitationOut(BaseModel):
    id: uuid.UUID
    email: str
    role: RoleName
    created_at: dt.datetime
    expires_at: dt.datetime
    invited_by: uuid.UUID


class InvitationCreated(InvitationOut):
    link: str = Field(description="Shown this once; mailed too when SMTP is set.")


class InvitationPreview(BaseModel):
    email: str
    role: RoleName
    workspace_name: str
    has_account: bool


class InvitationAccept(BaseModel):
    display_name: Name | None = None
    password: Password
