"""HTTP of OAuth clients, and of the tokens they get."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from modelyard_server.deployments.ports import Publisher
from modelyard_server.identity.attempts import AttemptLimits
from modelyard_server.identity.visitor import Visitor
from modelyard_server.kernel.crypto import RootKey
from modelyard_server.kernel.db import Db
from modelyard_server.kernel.http import Cursors, Page, cursors
from modelyard_server.kernel.late import LateAnswer
from modelyard_server.kernel.services import provided
from modelyard_server.settings import Settings
from modelyard_server.workspaces.access import Actor, allowed, public, visitor
from modelyard_server.workspaces.permissions import Permission

from . import oauth_clients, oauth_tokens
from .answers import shown_once
from .errors import TokenRequestRefused
from .models import OAuthClient
from .oauth_schemas import (
    AccessToken,
    AuthorizationServer,
    JsonWebKeys,
    OAuthClientCreate,
    OAuthClientCreated,
    OAuthClientOut,
    OAuthClientRotate,
    TokenRefusal,
)
from .oauth_tokens import Issuer, TokenRequest

MAX_FORM_BYTES = 16 * 1024
_TEXT = {"type": "string"}
_FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "application/x-www-form-urlencoded": {
                "schema": {
                    "type": "object",
                    "required": ["grant_type"],
                    "properties": {
                        "grant_type": {"type": "string", "enum": [oauth_tokens.GRANT]},
                        "client_id": _TEXT,
                        "client_secret": _TEXT,
                        "scope": _TEXT,
                    },
                }
            }
        },
    }
}

clients = APIRouter(prefix="/api/v1/oauth-clients", tags=["oauth"])
tokens = APIRouter(tags=["oauth"])
routers = [clients, tokens]

Manager = Annotated[Actor, allowed(Permission.keys_manage)]
Publishing = Annotated[Publisher, provided(Publisher)]
Limits = Annotated[AttemptLimits, provided(AttemptLimits)]
From = Annotated[Visitor, Depends(visitor)]


@clients.get("")
def list_oauth_clients(
    db: Db,
    _: Annotated[Actor, allowed(Permission.keys_read)],
    codec: Annotated[Cursors, Depends(cursors)],
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=oauth_clients.MAX_PAGE)] = 50,
) -> Page[OAuthClientOut]:
    """List the OAuth clients of the workspace, without their secrets."""
    return oauth_clients.listed(db, codec, cursor=cursor, limit=limit)


@clients.post("", status_code=201, response_model=OAuthClientCreated)
def create_oauth_client(
    body: OAuthClientCreate, db: Db, actor: Manager, publisher: Publishing
) -> LateAnswer:
    """Make an OAuth client, which works at once. Its secret is shown in this answer only."""
    row, secret = oauth_clients.create(db, actor, body)
    return shown_once(_with_secret(row, secret), publisher, actor)


@clients.post("/{oauth_client_id}/rotate", status_code=201, response_model=OAuthClientCreated)
def rotate_oauth_client(
    oauth_client_id: uuid.UUID,
    body: OAuthClientRotate,
    db: Db,
    actor: Manager,
    publisher: Publishing,
) -> LateAnswer:
    """Give a client another secret, shown this once; the old one works on for `overlap_hours`.

    With 0 the old secret and every access token got by it are refused at once.
    """
    overlap = dt.timedelta(hours=body.overlap_hours)
    row, secret = oauth_clients.rotate(db, actor, oauth_client_id, overlap)
    return shown_once(_with_secret(row, secret), publisher, actor)


@clients.delete("/{oauth_client_id}", status_code=204)
def revoke_oauth_client(
    oauth_client_id: uuid.UUID, db: Db, actor: Manager, publisher: Publishing
) -> None:
    """End a client; the gateway refuses its access tokens within a second."""
    oauth_clients.revoke(db, actor, oauth_client_id)
    publisher.soon(db)


async def _form(request: Request) -> bytes:
    """Read a small body, before any transaction is open."""
    held = b""
    async for piece in request.stream():
        held += piece
        if len(held) > MAX_FORM_BYTES:
            raise TokenRequestRefused("The request is too large.")
    return held


def _asked(
    request: Request, body: Annotated[bytes, Depends(_form)], limits: Limits, visitor: From
) -> TokenRequest:
    limits.hit("token", visitor.ip_address)
    headers = request.headers
    return oauth_tokens.asked(body, headers.get("content-type", ""), headers.get("authorization"))


def _issuer(request: Request) -> Issuer:
    root: RootKey = request.app.state.root_key
    settings: Settings = request.app.state.settings
    return Issuer(root, settings)


Ours = Annotated[Issuer, Depends(_issuer)]


@tokens.post(
    "/oauth/token",
    responses={
        status: {"model": TokenRefusal, "description": "Refused as RFC 6749 says."}
        for status in (400, 401, 429)
    },
    openapi_extra=_FORM,
)
def issue_access_token(
    asked: Annotated[TokenRequest, Depends(_asked)],
    response: Response,
    db: Db,
    issuer: Ours,
    visitor: From,
    _: Annotated[None, public()],
) -> AccessToken:
    """Give an OAuth client an access token for the workspace's endpoints (client credentials)."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["Pragma"] = "no-cache"
    return oauth_tokens.issue(db, issuer, visitor, asked)


@tokens.get("/oauth/jwks")
def list_signing_keys(issuer: Ours, _: Annotated[None, public()]) -> JsonWebKeys:
    """Give the public keys that verify access tokens."""
    return issuer.keys()


@tokens.get("/.well-known/oauth-authorization-server")
def describe_authorization_server(
    issuer: Ours, _: Annotated[None, public()]
) -> AuthorizationServer:
    """Describe where and how access tokens are got (RFC 8414)."""
    return issuer.metadata()


def _with_secret(row: OAuthClient, secret: str) -> OAuthClientCreated:
    shown = OAuthClientOut.model_validate(row).model_dump()
    return OAuthClientCreated(**shown, client_secret=secret)
