"""Wire shapes of OAuth clients and their access tokens."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class OAuthClientCreate(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=120)
    scopes: list[Literal["predict", "feedback"]] = Field(["predict"], min_length=1, max_length=2)
    environments: list[str] | None = Field(None, min_length=1, max_length=100)
    """Those it may call; `null`: all of them, also later ones."""
    requests_per_minute: int | None = Field(None, ge=1, le=1_000_000)


class OAuthClientOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: uuid.UUID
    client_id: str
    name: str
    scopes: list[str]
    environments: list[str] | None
    requests_per_minute: int | None
    created_at: dt.datetime
    created_by_name: str
    last_used_at: dt.datetime | None
    old_secret_until: dt.datetime | None
    """Until then the secret before the last rotation is valid too."""


class OAuthClientCreated(OAuthClientOut):
    client_secret: str


class OAuthClientRotate(BaseModel):
    model_config = ConfigDict(extra="forbid")

    overlap_hours: float = Field(24, ge=0, le=24 * 90)
    """How long the old secret, and tokens got by it, work beside the new one."""


class AccessToken(BaseModel):
    """Successful response (RFC 6749, section 5.1)."""

    access_token: str
    token_type: Literal["Bearer"]
    expires_in: int
    scope: str


class TokenRefusal(BaseModel):
    """Error response (RFC 6749, section 5.2), with the members of a problem document."""

    error: str
    error_description: str
    type: str
    title: str
    status: int
    code: str
    detail: str
    request_id: str


class JsonWebKey(BaseModel):
    """A public key (RFC 8037)."""

    kty: Literal["OKP"]
    crv: Literal["Ed25519"]
    x: str
    kid: str
    use: Literal["sig"]
    alg: Literal["EdDSA"]


class JsonWebKeys(BaseModel):
    keys: list[JsonWebKey]


class AuthorizationServer(BaseModel):
    """Metadata of the authorization server (RFC 8414)."""

    issuer: str
    token_endpoint: str
    jwks_uri: str
    scopes_supported: list[str]
    response_types_supported: list[str]
    grant_types_supported: list[str]
    token_endpoint_auth_methods_supported: list[str]
