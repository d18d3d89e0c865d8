"""Access tokens of OAuth clients: JSON Web Tokens that open the endpoints of a workspace.

The control plane signs them; gateway and control plane read them by the rules that stand here, so
that neither is more lenient than the other. Signing and verifying is left to the caller: this
package has no cryptography.

Source: RFC 9068 (claims and `at+jwt`), RFC 7515 (compact form), RFC 8037 (EdDSA with Ed25519).
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from .routing import OAuth, OAuthClient, Scope

ALGORITHM: Literal["EdDSA"] = "EdDSA"
TYPE = "at+jwt"
MAX_CHARS = 2048  # ours have about 600
SKEW_SECONDS = 60  # how far the clock of the control plane may be ahead
CLIENT_PREFIX = "myc"
"""A client id is `myc_<workspace id>_<random>`: it says in which workspace to look for it."""
_PART = re.compile(r"[A-Za-z0-9_-]+")


class NotValid(ValueError):
    """This is no access token that may be believed; the text says why."""

    @property
    def detail(self) -> str:
        """Say so to whoever sent it."""
        return f"The access token is not valid. {self}"

    @property
    def challenge(self) -> str:
        """Say so in `WWW-Authenticate` (RFC 6750, section 3); clients get another token then."""
        return f'error="invalid_token", error_description="{self}"'


@dataclass(frozen=True, slots=True)
class Unverified:
    """A token whose signature nobody has looked at yet."""

    key_id: str
    signed: bytes
    signature: bytes
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says that has the right signature."""

    client_id: str
    workspace: str
    scopes: frozenset[Scope]
    secret_number: int
    expires_at: int


def looks_like_one(given: str) -> bool:
    """Tell a JSON Web Token from our keys and API tokens, which have no dots."""
    return given.count(".") == 2


def unfold(token: str) -> Unverified:
    """Take a token apart.

    Raises:
        NotValid: it is none of the kind that is issued here, whatever its signature.
    """
    if len(token) > MAX_CHARS:
        raise NotValid("It is too long.")
    parts = token.split(".")
    if len(parts) != 3 or not all(_PART.fullmatch(part) for part in parts):
        raise NotValid("It is malformed.")
    head, payload = _object(parts[0]), _object(parts[1])
    # The algorithm is ours to choose, never the token's: no `none`, no HMAC with a public key.
    if head.get("alg") != ALGORITHM or head.get("typ") != TYPE or "crit" in head:
        raise NotValid("It is of another kind.")
    key_id = head.get("kid")
    if not isinstance(key_id, str):
        raise NotValid("It names no key.")
    return Unverified(key_id, f"{parts[0]}.{parts[1]}".encode(), _bytes(parts[2]), payload)


def claims_of(payload: Mapping[str, Any], trust: OAuth, now: float) -> Claims:
    """Give what a token says, if it is for us and for now.

    Raises:
        NotValid: it has expired, is not valid yet, is somebody else's or says too little.
    """
    audience = payload.get("aud")
    meant = audience if isinstance(audience, list) else [audience]
    if payload.get("iss") != trust.issuer or trust.audience not in meant:
        raise NotValid("It was issued by somebody else, or for something else.")
    begins = max(_instant(payload, "iat"), _instant(payload, "nbf", needed=False))
    expires_at = _instant(payload, "exp")
    if expires_at <= now:
        raise NotValid("It has expired.")
    if begins > now + SKEW_SECONDS:
        raise NotValid("It is not valid yet.")
    client_id, scope = _text(payload, "client_id"), _text(payload, "scope")
    if _text(payload, "sub") != client_id:
        raise NotValid("It names two subjects.")
    number = payload.get("secret_number")
    if not isinstance(number, int) or isinstance(number, bool):
        raise NotValid("It lacks a claim: secret_number.")
    scopes = frozenset(one for one in Scope if one.value in scope.split(" "))
    return Claims(client_id, _text(payload, "workspace"), scopes, number, expires_at)


def refuse_ended(claims: Claims, client: OAuthClient | None, now: float) -> float:
    """Give until when a token may be used, as its client is now.

    Raises:
        NotValid: the client was revoked, or the secret by which the token was got has ended.
    """
    if client is None or client.client_id != claims.client_id:
        raise NotValid("Its client was revoked.")
    if client.workspace != claims.workspace:
        raise NotValid("It is for another workspace.")
    if claims.secret_number == client.secret_number:
        return claims.expires_at
    until = client.old_secret_until.timestamp() if client.old_secret_until else 0.0
    if claims.secret_number != client.secret_number - 1 or until <= now:
        raise NotValid("The secret by which it was got has ended.")
    return min(until, claims.expires_at)


def workspace_in(client_id: str) -> int | None:
    """Give the id of the workspace that a client id names."""
    found = re.fullmatch(rf"{CLIENT_PREFIX}_(\d{{1,18}})_\w+", client_id, re.ASCII)
    return int(found[1]) if found else None


def written(key_id: str, claims: Mapping[str, Any], sign: Callable[[bytes], bytes]) -> str:
    """Write a token."""
    head = {"alg": ALGORITHM, "typ": TYPE, "kid": key_id}
    signed = f"{encoded(orjson.dumps(head))}.{encoded(orjson.dumps(claims))}"
    return f"{signed}.{encoded(sign(signed.encode()))}"


def encoded(value: bytes) -> str:
    """Write bytes as base64url without padding."""
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def _bytes(part: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except (binascii.Error, ValueError):
        raise NotValid("It is malformed.") from None


def _object(part: str) -> dict[str, Any]:
    try:
        found = orjson.loads(_bytes(part))
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise NotValid("It is malformed.")
    return found


def _instant(payload: Mapping[str, Any], name: str, *, needed: bool = True) -> int:
    value = payload.get(name, None if needed else 0)
    if not isinstance(value, int) or isinstance(value, bool):
        raise NotValid(f"It lacks a claim: {name}.")
    return value


def _text(payload: Mapping[str, Any], name: str) -> str:
    value = payload.get(name)
    if not isinstance(value, str) or not value:
        raise NotValid(f"It lacks a claim: {name}.")
    return value
