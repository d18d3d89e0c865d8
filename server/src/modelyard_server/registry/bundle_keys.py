"""The key with which a workspace signs what it exports."""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from modelyard_protocol.bundle import Manifest, Seal
from modelyard_server.kernel.crypto import RootKey


def sealed(key: RootKey, workspace_id: int, manifest: Manifest) -> Seal:
    """Sign a manifest."""
    private = _private(key, workspace_id)
    return Seal(private.public_key().public_bytes_raw(), private.sign(manifest.as_bytes()))


def public_key(key: RootKey, workspace_id: int) -> bytes:
    """Give the key with which others verify what this workspace signs."""
    return _private(key, workspace_id).public_key().public_bytes_raw()


def verifies(key: bytes, signature: bytes, message: bytes) -> bool:
    """Tell whether an Ed25519 signature is right."""
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _private(key: RootKey, workspace_id: int) -> Ed25519PrivateKey:
    """Derive it from the installation's root key: no workspace can sign as another."""
    return Ed25519PrivateKey.from_private_bytes(key.derive(f"bundle-signing/{workspace_id}"))
