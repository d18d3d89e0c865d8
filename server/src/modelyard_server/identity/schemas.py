"""Wire shapes of identity."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

RoleName = Literal["owner", "admin", "developer", "viewer"]
GrantedRole = Literal["admin", "developer", "viewer"]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Email = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=320)]
Password = Annotated[str, StringConstraints(max_length=4096)]
Secret = Annotated[str, StringConstraints(max_length=200)]


class SetupState(BaseModel):
    needs_owner: bool


class SetupCreate(BaseModel):
    token: Secret = Field(description="From the one-time link the server printed.")
    email: Email
    display_name: Name
    password: Password
    organisation_name: Name
    workspace_name: Name


class SignIn(BaseModel):
    email: Email
    password: Password


class SessionOut(BaseModel):
    id: uuid.UUID
    created_at: dt.datetime
    last_seen_at: dt.datetime
    expires_at: dt.datetime
    ip_address: str | None
    user_agent: str | None
    is_current: bool


class PasswordChange(BaseModel):
    current_password: Password
    new_password: Password


class PasswordResetRequest(BaseModel):
    email: Email


class PasswordResetConfirm(BaseModel):
    password: Password


class TokenCreate(BaseModel):
    name: Name
    role: GrantedRole = Field(description="The most it may do; at most your own role.")
    expires_at: AwareDatetime | None = None


class TokenOut(BaseModel):
    id: uuid.UUID
    name: str
    public_id: str
    role: RoleName
    created_at: dt.datetime
    created_by: uuid.UUID
    expires_at: dt.datetime | None
    last_used_at: dt.datetime | None


class TokenCreated(TokenOut):
    token: str = Field(description="Shown this once: mlp_<public id>_<secret>_<checksum>.")
