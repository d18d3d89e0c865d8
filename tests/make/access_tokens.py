"""Access tokens of OAuth clients as the control plane would sign them, and as attackers would."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from modelyard_protocol.access_tokens import encoded
from modelyard_protocol.routing import OAuth, OAuthClient, OAuthKey

ISSUER, AUDIENCE = "https://yard.test", "https://gateway.test"
KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
CLIENT_ID = "myc_7_shop"


def public(key: Ed25519PrivateKey, key_id: str = "k1") -> OAuthKey:
    return OAuthKey(id=key_id, x=encoded(key.public_key().public_bytes_raw()))


def a_client(**changes: Any) -> OAuthClient:
    facts = {"id": "client-1", "client_id": CLIENT_ID, "workspace": "team"}
    return OAuthClient(**facts | changes)


def trust(*clients: OAuthClient) -> OAuth:
    return OAuth(issuer=ISSUER, audience=AUDIENCE, keys=(public(KEY),), clients=clients)


def claims(**changes: Any) -> dict[str, Any]:
    """Give good claims; a change to `None` leaves one out."""
    now = int(time.time())
    facts = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": CLIENT_ID,
        "client_id": CLIENT_ID,
        "workspace": "team",
        "scope": "predict",
        "secret_number": 1,
        "jti": "j",
        "iat": now,
        "exp": now + 600,
    }
    return {name: value for name, value in (facts | changes).items() if value is not None}


def a_token(
    said: Mapping[str, Any] | None = None,
    key: Ed25519PrivateKey = KEY,
    head: Mapping[str, Any] | None = None,
    **changes: Any,
) -> str:
    """Sign a token; `changes` are those of its claims."""
    first = {"alg": "EdDSA", "typ": "at+jwt", "kid": "k1"} | dict(head or {})
    body = claims(**changes) if said is None else said
    signed = ".".join(encoded(json.dumps(part).encode()) for part in (first, body))
    return f"{signed}.{encoded(key.sign(signed.encode()))}"
