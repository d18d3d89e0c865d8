"""Receive files and parts: admit, stream, keep; no transaction is open while bytes arrive."""

from __future__ import annotations

import base64
import binascii
import re
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import anyio
import anyio.to_thread
from fastapi import Request
from sqlalchemy.orm import Session

from modelyard_server.artifacts import service as artifacts
from modelyard_server.artifacts import uploads
from modelyard_server.artifacts.errors import DigestMismatch
from modelyard_server.artifacts.ports import BlobStore, StoredBlob
from modelyard_server.artifacts.service import StoredFile
from modelyard_server.settings import Settings
from modelyard_server.workspaces.access import Actor
from modelyard_server.workspaces.gate import Gate

from . import content, sources

_SHA256 = re.compile(r"sha-256=:([A-Za-z0-9+/=]+):")
_JOINERS = anyio.CapacityLimiter(2)  # each reads and writes as fast as the disk


@dataclass(frozen=True, slots=True)
class Receiver:
    """Receives for one request."""

    gate: Gate
    blobs: BlobStore
    settings: Settings

    async def file(self, request: Request, path: str) -> StoredBlob:
        """Receive a whole file.

        Raises:
            QuotaUsedUp: it does not fit; said before the first byte when its size is announced.
            DigestMismatch: the client announced another digest.
        """

        def admit(db: Session) -> None:
            sources.owned(db, path, write=True)

        def keep(db: Session, blob: StoredBlob) -> None:
            sources.owned(db, path, write=True)
            artifacts.attach(db, self.blobs, path, blob)
            sources.received(db, self.blobs, path)

        return await self._received(request, admit, keep)

    async def part(self, request: Request, upload_id: uuid.UUID, number: int) -> StoredBlob:
        """Receive a part of an upload; raises as `file`, and what `uploads.put` raises."""

        def admit(db: Session) -> None:
            sources.owned(db, uploads.get(db, upload_id).path, write=True)
            uploads.refuse_number(number)

        def keep(db: Session, blob: StoredBlob) -> None:
            upload = uploads.get(db, upload_id)
            sources.owned(db, upload.path, write=True)
            uploads.put(db, self.blobs, upload, number, blob)

        return await self._received(request, admit, keep)

    async def complete(
        self, upload_id: uuid.UUID, listed: Sequence[tuple[int, str]] | None
    ) -> StoredFile:
        """Put an upload together and attach it.

        Raises:
            PartsIncomplete: one is missing, or the client means another content.
            DigestMismatch: the whole is not what the client announced.
        """

        def gather(db: Session, actor: Actor) -> tuple[int, list[StoredBlob], str | None]:
            upload = uploads.get(db, upload_id)
            sources.owned(db, upload.path, write=True)
            return actor.workspace_id, uploads.whole(db, upload, listed), upload.sha256

        workspace_id, pieces, sha256 = await self.gate.run(gather, write=False)
        join = partial(uploads.joined, self.blobs, workspace_id, pieces, sha256)
        blob = await anyio.to_thread.run_sync(join, limiter=_JOINERS)

        def finish(db: Session, actor: Actor) -> StoredFile:
            upload = uploads.get(db, upload_id)
            path = sources.owned(db, upload.path, write=True)
            uploads.finish(db, actor, self.blobs, upload, blob)
            return StoredFile(path, blob.size_bytes, blob.sha256)

        try:
            return await self.gate.run(finish, write=True)
        except Exception:
            await self._drop(blob)
            raise

    async def _received(
        self,
        request: Request,
        admit: Callable[[Session], None],
        keep: Callable[[Session, StoredBlob], None],
    ) -> StoredBlob:
        announced = content.announced_bytes(request)
        quota = int(self.settings.artifact_quota_gb * 2**30)

        def admitted(db: Session, actor: Actor) -> int:
            admit(db)
            if quota:
                artifacts.refuse_over_quota(db, quota, announced or 0)
            return actor.workspace_id

        workspace_id = await self.gate.run(admitted, write=False)
        blob = await self.blobs.receive_stream(workspace_id, content.whole_body(request))

        def kept(db: Session, _actor: Actor) -> None:
            if quota:
                artifacts.refuse_over_quota(db, quota, blob.size_bytes)
            keep(db, blob)

        try:
            _refuse_other_digest(request, blob)
            await self.gate.run(kept, write=True)
        except Exception:
            await self._drop(blob)
            raise
        return blob

    async def _drop(self, blob: StoredBlob) -> None:
        await self.gate.run(
            lambda db, _actor: artifacts.remove_if_unused(db, self.blobs, blob.sha256), write=True
        )


def _refuse_other_digest(request: Request, blob: StoredBlob) -> None:
    """Compare with the header `Content-Digest` of RFC 9530, when a client sends one."""
    match = _SHA256.search(request.headers.get("content-digest", ""))
    if match is None:
        return
    try:
        announced = base64.b64decode(match.group(1), validate=True).hex()
    except binascii.Error:
        announced = "no digest"
    if announced != blob.sha256:
        raise DigestMismatch(f"The content was announced as {announced}, it is {blob.sha256}.")
