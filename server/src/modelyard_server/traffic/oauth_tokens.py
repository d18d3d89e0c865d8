"""Access tokens of OAuth clients: got with a secret, signed with a key of the root key's."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hashlib
import hmac
import json
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, unquote_plus

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.orm import Session

from modelyard_protocol import routing
from modelyard_protocol.access_tokens import (
    ALGORITHM,
    Claims,
    NotValid,
    claims_of,
    encoded,
    refuse_ended,
    unfold,
    workspace_in,
    written,
)
from modelyard_protocol.routing import OAuth, OAuthKey, Scope
from modelyard_server.deployments import service as deployments
from modelyard_server.identity.visitor import Visitor
from modelyard_server.kernel import crypto, tenancy, trail
from modelyard_server.kernel.clock import utcnow
from modelyard_server.kernel.crypto import RootKey
from modelyard_server.settings import Settings
from modelyard_server.workspaces import service as workspaces

from . import oauth_clients
from .errors import (
    AccessTokenRefused,
    ClientRefused,
    EnvironmentNotAllowed,
    GrantUnsupported,
    ScopeMissing,
    ScopeRefused,
    TokenRequestRefused,
)
from .models import OAuthClient
from .oauth_schemas import AccessToken, AuthorizationServer, JsonWebKey, JsonWebKeys

LIFETIME_SECONDS = 3600
NOTED_AGAIN_AFTER = dt.timedelta(hours=1)
GRANT = "client_credentials"
_NOBODY = crypto.sha256_hex("nobody")


@dataclass(frozen=True, slots=True)
class Issuer:
    """Signs and believes access tokens of this installation."""

    root: RootKey
    settings: Settings

    def trust(self, clients: Iterable[routing.OAuthClient] = ()) -> OAuth:
        """Give whose tokens are believed."""
        return OAuth(
            issuer=self.settings.browser_url,
            audience=self.settings.inference_url,
            keys=(self.key(),),
            clients=tuple(clients),
        )

    def key(self) -> OAuthKey:
        """Give the public key, named by its thumbprint (RFC 7638)."""
        x = encoded(self._private().public_key().public_bytes_raw())
        members = json.dumps({"crv": "Ed25519", "kty": "OKP", "x": x}, separators=(",", ":"))
        return OAuthKey(id=encoded(hashlib.sha256(members.encode()).digest()), x=x)

    def keys(self) -> JsonWebKeys:
        """Give the public keys as others read them."""
        key = self.key()
        one = JsonWebKey(kty="OKP", crv="Ed25519", x=key.x, kid=key.id, use="sig", alg=ALGORITHM)
        return JsonWebKeys(keys=[one])

    def metadata(self) -> AuthorizationServer:
        """Describe the authorization server."""
        url = self.settings.browser_url
        return AuthorizationServer(
            issuer=url,
            token_endpoint=f"{url}/oauth/token",
            jwks_uri=f"{url}/oauth/jwks",
            scopes_supported=[scope.value for scope in Scope],
            response_types_supported=[],
            grant_types_supported=[GRANT],
            token_endpoint_auth_methods_supported=["client_secret_basic", "client_secret_post"],
        )

    def sign(self, row: OAuthClient, workspace: str, number: int, scope: str) -> str:
        """Write a token of a client."""
        now = int(time.time())
        claims = {
            "iss": self.settings.browser_url,
            "aud": self.settings.inference_url,
            "sub": row.client_id,
            "client_id": row.client_id,
            "workspace": workspace,
            "scope": scope,
            "secret_number": number,
            "jti": uuid.uuid4().hex,
            "iat": now,
            "exp": now + LIFETIME_SECONDS,
        }
        return written(self.key().id, claims, self._private().sign)

    def read(self, token: str) -> Claims:
        """Give what a token of ours says.

        Raises:
            NotValid: it is none, or may not be believed.
        """
        given = unfold(token)
        claims = claims_of(given.payload, self.trust(), time.time())
        if given.key_id != self.key().id:
            raise NotValid("Nobody we know has signed it.")
        try:
            self._private().public_key().verify(given.signature, given.signed)
        except InvalidSignature:
            raise NotValid("Its signature is wrong.") from None
        return claims

    def _private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.root.derive("oauth access tokens"))


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """Who asks for a token, with what secret, for which scopes."""

    client_id: str
    client_secret: str
    scope: str | None


@dataclass(frozen=True, slots=True)
class Holder:
    """The client behind an access token, and what it may with it."""

    id: uuid.UUID
    name: str
    scopes: frozenset[str]
    environments: list[str] | None


def asked(body: bytes, content_type: str, authorization: str | None) -> TokenRequest:
    """Read a request for a token.

    Source: RFC 6749, sections 2.3.1, 3.2 and 4.4.2.

    Raises:
        TokenRequestRefused: it is malformed, or names its client twice.
        GrantUnsupported: it asks for another grant.
        ClientRefused: it names no client, or in a way that is not read.
    """
    form = _form(body, content_type)
    grant = form.get("grant_type")
    if not grant:
        raise TokenRequestRefused("grant_type is missing; send grant_type=client_credentials.")
    if grant != GRANT:
        raise GrantUnsupported("The only grant here is client_credentials.")
    own = (form.get("client_id", ""), form.get("client_secret", ""))
    if authorization is None:
        return TokenRequest(*own, form.get("scope"))
    if own[1]:
        raise TokenRequestRefused("Name the client in the header or in the body, not in both.")
    client_id, secret = _basic(authorization)
    if own[0] not in ("", client_id):
        raise TokenRequestRefused("The header and the body name two clients.")
    return TokenRequest(client_id, secret, form.get("scope"))


def issue(db: Session, issuer: Issuer, visitor: Visitor, request: TokenRequest) -> AccessToken:
    """Give a client a token; the trail notes it once an hour.

    Raises:
        ClientRefused: there is no such client, it was revoked, or its secret is another one.
        ScopeRefused: it asks for more than it may.
    """
    workspace, row, number = _authenticated(db, request)
    wanted = request.scope.split() if request.scope else row.scopes
    if not set(wanted) <= set(row.scopes):
        raise ScopeRefused(f"This client may ask for: {' '.join(row.scopes)}.")
    scope = " ".join(sorted(set(wanted)))
    now = utcnow()
    if row.token_noted_at is None or now - row.token_noted_at >= NOTED_AGAIN_AFTER:
        row.token_noted_at = now
        who = replace(visitor, name=f"client {row.name}", workspace_id=row.workspace_id)
        trail.record(
            db,
            who,
            "traffic.issue_access_token",
            object_type="oauth_client",
            object_id=row.id,
            object_name=row.name,
            after={"scope": scope},
        )
    return AccessToken(
        access_token=issuer.sign(row, workspace, number, scope),
        token_type="Bearer",  # noqa: S106 - the name of a kind
        expires_in=LIFETIME_SECONDS,
        scope=scope,
    )


def holder(db: Session, issuer: Issuer, token: str, named: str | None) -> tuple[str, Holder]:
    """Give the workspace and holder of an access token, and bind the transaction to it.

    `named`: the workspace that the request names, if any.

    Raises:
        AccessTokenRefused: it may not be believed, or is for another workspace.
    """
    try:
        claims = issuer.read(token)
        workspace, row = _held(db, claims, named)
    except NotValid as reason:
        raise AccessTokenRefused(reason.detail, extra={"_challenge": reason.challenge}) from None
    row.last_used_at = utcnow()
    scopes = frozenset(row.scopes) & {scope.value for scope in claims.scopes}
    return workspace, Holder(row.id, row.name, scopes, row.environments)


def refuse_feedback(db: Session, who: trail.Who, client: Holder, deployment_id: uuid.UUID) -> None:
    """Refuse a client that may not send outcomes of a deployment.

    Raises:
        DeploymentMissing: there is no such deployment.
        ScopeMissing: neither may the client, or this token of it.
        EnvironmentNotAllowed: not in this environment.
    """
    if Scope.feedback.value not in client.scopes:
        raise ScopeMissing(f"The client {client.name} may not send outcomes with this token.")
    environment = deployments.get(db, who, deployment_id).environment
    if client.environments is not None and environment not in client.environments:
        raise EnvironmentNotAllowed(f"The client {client.name} may not call {environment}.")


def _held(db: Session, claims: Claims, named: str | None) -> tuple[str, OAuthClient]:
    workspace = _enter(db, claims.client_id)
    row = oauth_clients.live(db, claims.client_id) if workspace is not None else None
    known = oauth_clients.as_published(row, workspace) if row and workspace else None
    refuse_ended(claims, known, time.time())
    if row is None or workspace is None or named not in (None, workspace):
        raise NotValid("It is for another workspace.")
    return workspace, row


def _authenticated(db: Session, request: TokenRequest) -> tuple[str, OAuthClient, int]:
    """Give workspace, client and the number of the secret that was given."""
    workspace = _enter(db, request.client_id)
    row = oauth_clients.live(db, request.client_id) if workspace is not None else None
    given = crypto.sha256_hex(request.client_secret)
    old = (row.old_secret_sha256 if row else None) or _NOBODY
    is_current = hmac.compare_digest(given, row.secret_sha256 if row else _NOBODY)
    is_old = hmac.compare_digest(given, old)
    if workspace is not None and row is not None:
        if is_current:
            return workspace, row, row.secret_number
        if is_old and row.old_secret_until is not None and row.old_secret_until > utcnow():
            return workspace, row, row.secret_number - 1
    raise ClientRefused("There is no such client, or its secret is another one.")


def _enter(db: Session, client_id: str) -> str | None:
    """Bind the transaction to the workspace that a client id names; give its slug."""
    number = workspace_in(client_id)
    found = workspaces.every_workspace(db, only=number) if number is not None else []
    if not found:
        return None
    tenancy.bind(db, found[0][0])
    return found[0][1]


def _form(body: bytes, content_type: str) -> dict[str, str]:
    if content_type.partition(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        raise TokenRequestRefused("Send the request as application/x-www-form-urlencoded.")
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=20, errors="strict")
    except ValueError:
        raise TokenRequestRefused("The form cannot be read.") from None
    form = dict(pairs)
    if len(form) != len(pairs):
        raise TokenRequestRefused("A parameter is given twice.")
    return form


def _basic(authorization: str) -> tuple[str, str]:
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() == "basic":
        try:
            text = base64.b64decode(value.strip(), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            text = ""
        client_id, colon, secret = text.partition(":")
        if colon:
            return unquote_plus(client_id), unquote_plus(secret)
    raise ClientRefused("Send client id and secret as HTTP Basic, or in the body.")
