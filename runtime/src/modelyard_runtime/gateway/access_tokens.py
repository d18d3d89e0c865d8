"""Access tokens of OAuth clients: verified here, without asking anybody, by what was published."""

from __future__ import annotations

import base64
import datetime as dt
import time
from collections.abc import Callable, Mapping

from modelyard_protocol.access_tokens import Claims, NotValid, claims_of, refuse_ended, unfold
from modelyard_protocol.routing import Key, OAuth, OAuthClient

from .refusals import Refusal

MAX_KNOWN = 1024  # of about 600 characters; a caller may send as many different ones as it likes
_Verify = Callable[[bytes, bytes], None]
_Trust = tuple[str, str, tuple[object, ...]]
"""Issuer, audience, keys."""


class ReadTokens:
    """Tokens whose signature was right once; outlives changes of the table."""

    def __init__(self) -> None:
        self._known: dict[str, Claims] = {}
        self._keys: dict[str, _Verify] = {}
        self._trust: _Trust | None = None

    def read(self, token: str, trust: OAuth, now: float) -> Claims:
        """Give what a token says.

        Raises:
            NotValid: it may not be believed.
        """
        believed = (trust.issuer, trust.audience, trust.keys)
        if believed != self._trust:
            self._known, self._keys, self._trust = {}, {}, believed
        known = self._known.get(token)
        if known is not None:
            if known.expires_at <= now:
                del self._known[token]
                raise NotValid("It has expired.")
            return known
        given = unfold(token)
        claims = claims_of(given.payload, trust, now)
        self._verify(given.key_id, trust)(given.signature, given.signed)
        if len(self._known) >= MAX_KNOWN:
            self._known.clear()
        self._known[token] = claims
        return claims

    def _verify(self, key_id: str, trust: OAuth) -> _Verify:
        found = self._keys.get(key_id)
        if found is None:
            x = next((key.x for key in trust.keys if key.id == key_id), None)
            if x is None:
                raise NotValid("Nobody we know has signed it.")
            found = self._keys[key_id] = _verifier(x)
        return found


class TokenDoor:
    """Lets the holders of access tokens in, by the clients of one desired state."""

    def __init__(self, trust: OAuth | None, tokens: ReadTokens) -> None:
        self._trust, self._tokens = trust, tokens
        clients = trust.clients if trust is not None else ()
        self._clients: Mapping[str, OAuthClient] = {one.client_id: one for one in clients}

    def enter(self, workspace: str, environment: str, token: str) -> Key:
        """Give a token as the key it is for an environment.

        Raises:
            Refusal: 401 for a token that is none, 403 for an environment its client may not call.
        """
        try:
            claims, client, ends = self._believed(workspace, token)
        except NotValid as reason:
            refusal = Refusal(401, "inference.invalid_token", reason.detail)
            refusal.challenge = reason.challenge
            raise refusal from None
        if client.environments is not None and environment not in client.environments:
            detail = f"This client may not call the environment {environment}."
            refusal = Refusal(403, "inference.environment_not_allowed", detail)
            refusal.challenge = 'error="insufficient_scope"'
            raise refusal
        scopes = tuple(scope for scope in client.scopes if scope in claims.scopes)
        return Key(
            id=client.id,
            public_id=client.client_id,
            secret_sha256="",
            scopes=scopes,
            expires_at=dt.datetime.fromtimestamp(ends, dt.UTC),
            requests_per_minute=client.requests_per_minute,
        )

    def _believed(self, workspace: str, token: str) -> tuple[Claims, OAuthClient, float]:
        """Give what a token says, its client, and until when it may be used."""
        if self._trust is None:
            raise NotValid("Nobody we know has signed it.")
        now = time.time()
        claims = self._tokens.read(token, self._trust, now)
        client = self._clients.get(claims.client_id)
        ends = refuse_ended(claims, client, now)
        if client is None or client.workspace != workspace:
            raise NotValid("It is for another workspace.")
        return claims, client, ends


def _verifier(x: str) -> _Verify:
    # Here, because only gateways that are shown such a token need it: 7 MB.
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    raw = base64.urlsafe_b64decode(x + "=" * (-len(x) % 4))
    key = Ed25519PublicKey.from_public_bytes(raw)

    def verify(signature: bytes, signed: bytes) -> None:
        try:
            key.verify(signature, signed)
        except InvalidSignature:
            raise NotValid("Its signature is wrong.") from None

    return verify
