"""The key with which the web application's console calls an endpoint.

It is derived from the installation's root key, so it needs no storage and differs for each
deployment; the node knows its digest and marks its calls as console calls.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import uuid

from modelyard_protocol.routing import Key, Scope
from modelyard_server.kernel import crypto
from modelyard_server.kernel.crypto import RootKey

KEY_ID = "console"


def secret(root: RootKey, deployment_id: uuid.UUID) -> str:
    """Give the secret part of a deployment's console key."""
    digest = hmac.new(root.derive("console keys"), deployment_id.bytes, hashlib.sha256).digest()
    return base64.b32encode(digest).decode().rstrip("=").lower()


def authorization(root: RootKey, deployment_id: uuid.UUID) -> str:
    """Give the `Authorization` header of a console call."""
    return f"Bearer myk_{KEY_ID}_{secret(root, deployment_id)}"


def key(root: RootKey, deployment_id: uuid.UUID) -> Key:
    """Give the key as the node knows it."""
    return Key(
        id=KEY_ID,
        public_id=KEY_ID,
        secret_sha256=crypto.sha256_hex(secret(root, deployment_id)),
        scopes=(Scope.predict,),
    )
