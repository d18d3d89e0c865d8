"""What artifacts need from a store of bytes."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class StoredBlob:
    """Content that is stored whole and survives a crash."""

    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class ListedBlob:
    """Content as the store lists it."""

    sha256: str
    size_bytes: int
    arrived_at: dt.datetime
    """When it was last received."""


class BlobStore(Protocol):
    """Keeps bytes by their digest, separately for each workspace.

    Content is shared inside a workspace only: otherwise one tenant could tell what another has.
    """

    def receive(self, workspace_id: int, chunks: Iterable[bytes]) -> StoredBlob:
        """Store a stream with constant memory; when it raises, nothing is left behind.

        Raises:
            NoSpaceLeft: the disk is full.
        """

    async def receive_stream(self, workspace_id: int, chunks: AsyncIterable[bytes]) -> StoredBlob:
        """Store an asynchronous stream; as `receive`."""

    def exists(self, workspace_id: int, sha256: str) -> bool:
        """Tell whether the content is there."""

    def open(self, workspace_id: int, sha256: str) -> BinaryIO:
        """Open content for reading; it can seek.

        Raises:
            ContentMissing: it is not there.
        """

    def copy_to(self, workspace_id: int, sha256: str, target: Path) -> None:
        """Write content into a file."""

    def delete(self, workspace_id: int, sha256: str) -> None:
        """Remove content; nothing happens when it is not there."""

    def delete_workspace(self, workspace_id: int) -> None:
        """Remove all content of a workspace; nothing happens when there is none."""

    def every(self, workspace_id: int) -> Iterator[ListedBlob]:
        """List the content of a workspace in any order; what arrives meanwhile may be absent."""

    def delete_unless_newer(self, workspace_id: int, sha256: str, since: dt.datetime) -> bool:
        """Remove content unless it was received again after `since`; tell whether it is gone."""


@dataclass(frozen=True, slots=True)
class Expired:
    """Something deleted that has lain in its bin for its time."""

    kind: str
    name: str
    size_bytes: int


class Expiry(Protocol):
    """Removes for ever what was deleted long enough ago; several capabilities implement it."""

    def due(self, db: Session, now: dt.datetime) -> list[Expired]:
        """List what would be removed."""
        ...

    def remove(self, db: Session, now: dt.datetime) -> int:
        """Remove some of it with its files; give how many things, 0 when nothing is left."""
        ...
