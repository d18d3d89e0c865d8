"""Tokens, their digests, and sealing of small secrets with the installation's root key."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import zlib
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def random_text(length: int) -> str:
    """Give `length` random base-62 characters (5.95 bits each)."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def sha256_hex(value: str) -> str:
    """Give the digest under which a high-entropy secret is stored."""
    return hashlib.sha256(value.encode()).hexdigest()


def same(left: str, right: str) -> bool:
    """Compare two digests in constant time."""
    return hmac.compare_digest(left.encode(), right.encode())


def checksum(value: str) -> str:
    """Give six base-62 characters of CRC-32, so that scanners can tell a real token from noise."""
    number, text = zlib.crc32(value.encode()), ""
    for _ in range(6):
        number, digit = divmod(number, 62)
        text = _ALPHABET[digit] + text
    return text


class RootKey:
    """The installation's root key: a 0600 file, made on first start, never in a backup."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    @classmethod
    def load(cls, path: Path) -> RootKey:
        """Read the key file, or make it."""
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return cls(path.read_bytes())
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(32))
            file.flush()
            os.fsync(file.fileno())
        return cls(path.read_bytes())

    def derive(self, purpose: str) -> bytes:
        """Give a 32-byte key for one purpose (HKDF-SHA256, RFC 5869)."""
        return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose.encode()).derive(
            self._secret
        )

    def seal(self, purpose: str, value: str) -> bytes:
        """Encrypt a small secret (AES-256-GCM, random 96-bit nonce in front)."""
        nonce = secrets.token_bytes(12)
        return nonce + AESGCM(self.derive(purpose)).encrypt(nonce, value.encode(), None)

    def open(self, purpose: str, sealed: bytes) -> str:
        """Decrypt what `seal` gave."""
        return AESGCM(self.derive(purpose)).decrypt(sealed[:12], sealed[12:], None).decode()
