"""Bundles: a model version as one file, verified without a server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from modelyard_protocol import bundle
from modelyard_protocol.bundle import BundleRefused

from ._errors import Invalid
from ._transport import Transport

_CHUNK = 4 * 1024 * 1024
Progress = Callable[[int], None]
"""Called with the bytes that have passed."""


@dataclass(frozen=True, slots=True)
class VerifiedBundle:
    """A bundle whose every byte is what its manifest says."""

    model: str
    version: int
    digest: str
    """Of the model's content, as the installations show it."""
    files: int
    size_bytes: int
    signed_by: str | None
    """The public key whose signature is right; `None` when the bundle is not signed."""
    manifest_sha256: str


@dataclass(frozen=True, slots=True)
class ImportedVersion:
    """A version that came in a bundle."""

    model_id: str
    model: str
    version: int
    digest: str


def verify(file: str | Path, *, key: str | None = None) -> VerifiedBundle:
    """Compare a bundle with its manifest and check its signature; needs no server.

    Args:
        file: The bundle.
        key: Public key that must have signed it, `ed25519:…`, or a file that holds it.

    Raises:
        Invalid: it is no bundle, damaged, or not signed by the key; `code` says which.
    """
    try:
        with Path(file).open("rb") as stream:
            opened = bundle.opened(stream)
            bundle.refuse_unless_signed(opened, key_of(key), _verifies)
            opened.verify_content()
    except BundleRefused as refused:
        raise Invalid(refused.says, code=f"bundle.{refused.code}") from refused
    found = opened.manifest
    return VerifiedBundle(
        model=found.model,
        version=found.number,
        digest=found.digest,
        files=len(opened.files),
        size_bytes=sum(member.size_bytes for member in opened.files),
        signed_by=opened.seal.key if opened.seal is not None else None,
        manifest_sha256=opened.manifest_sha256,
    )


def key_of(key: str | None) -> str | None:
    """Read a key that may be given as a file."""
    if key and not key.startswith(bundle.KEY_PREFIX) and Path(key).is_file():
        return Path(key).read_text().strip()
    return key


class Bundles:
    """Exports versions to files and brings files in."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def key(self) -> str:
        """Give the public key of the workspace, for those who verify what it signs."""
        return str(self._transport.get("/api/v1/bundle-key")["key"])

    def export(
        self,
        model_id: str,
        version: int,
        target: str | Path,
        *,
        sign: bool = True,
        progress: Progress | None = None,
    ) -> VerifiedBundle:
        """Write a version to a file, and verify what was written.

        What is incomplete lies at `<target>.part` and is removed.

        Raises:
            Invalid: what arrived is not whole.
        """
        whole = Path(target)
        part = whole.with_name(f"{whole.name}.part")
        address = f"/api/v1/models/{model_id}/versions/{version}/bundle"
        try:
            with (
                self._transport.stream(f"{address}?sign={str(sign).lower()}", {}) as answer,
                part.open("wb") as sink,
            ):
                for chunk in answer.iter_bytes(_CHUNK):
                    sink.write(chunk)
                    if progress is not None:
                        progress(sink.tell())
            verified = verify(part)
            part.replace(whole)
        finally:
            part.unlink(missing_ok=True)
        return verified

    def bring(
        self,
        file: str | Path,
        *,
        name: str | None = None,
        key: str | None = None,
        progress: Progress | None = None,
    ) -> ImportedVersion:
        """Import a bundle as the next version of its model.

        Args:
            file: The bundle; it is verified here before it is sent.
            name: Of the model here; default: as where it was exported.
            key: Public key that must have signed it, or a file that holds it.
            progress: Hears how much was sent.

        Raises:
            Invalid: the bundle is damaged, or not signed by the key.
            Conflict: the model has a version of this very bundle.
        """
        verify(file, key=key)
        asked = {"name": name, "key": key_of(key)}
        with Path(file).open("rb") as stream:
            answer: dict[str, Any] = self._transport.request(
                "POST",
                "/api/v1/bundles",
                params={word: value for word, value in asked.items() if value},
                content=_chunks(stream, progress),
                headers={
                    "Content-Type": "application/zip",
                    "Content-Length": str(Path(file).stat().st_size),
                },
                timeout=3600,
            ).json()
        return ImportedVersion(
            model_id=answer["model_id"],
            model=answer["model_name"],
            version=answer["version"],
            digest=answer["digest"],
        )


def _chunks(stream: BinaryIO, progress: Progress | None) -> Iterator[bytes]:
    while chunk := stream.read(_CHUNK):
        yield chunk
        if progress is not None:
            progress(stream.tell())


def _verifies(key: bytes, signature: bytes, message: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
