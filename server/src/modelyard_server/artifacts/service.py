"""Attach content to paths, read it, list it, let go of it."""

from __future__ import annotations

import datetime as dt
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, func, select, text
from sqlalchemy.orm import Session

from modelyard_server.kernel import jobs, tenancy
from modelyard_server.kernel.clock import utcnow

from . import paths
from .errors import ContentMissing, FileMissing, FileTooLarge, PathTaken, QuotaUsedUp
from .models import ArtifactFile, UploadPart
from .ports import BlobStore, StoredBlob

_LAST = "\U0010ffff"
_GARBAGE_BATCH = 500


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file; `path` is relative to the prefix that was asked for."""

    path: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A file or folder directly below a folder; `path` is relative to the prefix asked for."""

    path: str
    is_dir: bool
    size_bytes: int | None
    sha256: str | None


def files_below(db: Session, prefix: str) -> list[StoredFile]:
    """List every file below a prefix such as `runs/<id>/`, sorted by path."""
    rows = db.execute(
        select(ArtifactFile.path, ArtifactFile.size_bytes, ArtifactFile.sha256)
        .where(_below(prefix))
        .order_by(ArtifactFile.path)
    )
    return [StoredFile(path[len(prefix) :], size, sha256) for path, size, sha256 in rows]


def entries(db: Session, prefix: str) -> list[Entry]:
    """List what lies directly below a prefix, folders and files, sorted by path."""
    return folded(files_below(db, prefix))


def folded(files: Iterable[StoredFile]) -> list[Entry]:
    """Fold files into the files and folders of the first level."""
    found: dict[str, Entry] = {}
    for file in files:
        name, slash, _ = file.path.partition("/")
        found[name] = (
            Entry(name, True, None, None)
            if slash
            else Entry(name, False, file.size_bytes, file.sha256)
        )
    return sorted(found.values(), key=lambda entry: entry.path)


def newest_at(db: Session, prefix: str) -> dt.datetime | None:
    """Tell when the newest file below a prefix was attached."""
    return db.scalar(select(func.max(ArtifactFile.created_at)).where(_below(prefix)))


def find(db: Session, path: str) -> StoredFile:
    """Give the file at a path.

    Raises:
        FileMissing: there is none.
    """
    row = db.execute(
        select(ArtifactFile.size_bytes, ArtifactFile.sha256).where(ArtifactFile.path == path)
    ).one_or_none()
    if row is None:
        raise FileMissing(f"There is no artifact at {path}.")
    return StoredFile(path, row.size_bytes, row.sha256)


def read_bytes(db: Session, blobs: BlobStore, path: str, *, limit: int) -> bytes:
    """Give the content of a small file.

    Raises:
        FileMissing: there is none.
        FileTooLarge: it has more than `limit` bytes.
    """
    file = find(db, path)
    if file.size_bytes > limit:
        raise FileTooLarge(f"{path} has {file.size_bytes} bytes; {limit} can be read here.")
    with blobs.open(tenancy.workspace_of(db), file.sha256) as stream:
        return stream.read()


def attach(db: Session, blobs: BlobStore, path: str, blob: StoredBlob) -> None:
    """Make a path hold content that was received; earlier content of the path is let go.

    Raises:
        PathRefused: the path is not one.
        PathTaken: a folder has this name, or a file has the name of a folder above.
        ContentMissing: the content was removed meanwhile; sending it again helps.
    """
    paths.checked(path)
    hold_content(db, blobs, blob.sha256)
    _refuse_taken(db, path)
    row = db.scalars(select(ArtifactFile).where(ArtifactFile.path == path)).one_or_none()
    if row is None:
        db.add(
            ArtifactFile(
                path=path, sha256=blob.sha256, size_bytes=blob.size_bytes, created_at=utcnow()
            )
        )
    else:
        if row.sha256 != blob.sha256:
            let_go(db, [row.sha256])
        row.sha256, row.size_bytes, row.created_at = blob.sha256, blob.size_bytes, utcnow()
    db.flush()


def store(db: Session, blobs: BlobStore, path: str, content: bytes) -> StoredFile:
    """Store a small content at a path; see `attach` for what it raises."""
    blob = blobs.receive(tenancy.workspace_of(db), [content])
    attach(db, blobs, path, blob)
    return StoredFile(path, blob.size_bytes, blob.sha256)


def delete_below(db: Session, prefix: str) -> int:
    """Remove every file below a prefix; give how many. Their content goes after the commit."""
    return _delete(db, _below(prefix))


def delete_file(db: Session, path: str) -> int:
    """Remove the file at a path; give 1, or 0 when there is none."""
    return _delete(db, ArtifactFile.path == path)


def used_bytes(db: Session) -> int:
    """Give how many bytes the workspace's files and open uploads have, each counted by itself."""
    return sum(
        int(db.scalar(select(func.coalesce(func.sum(column), 0))) or 0)
        for column in (ArtifactFile.size_bytes, UploadPart.size_bytes)
    )


def refuse_over_quota(db: Session, quota_bytes: int, more: int) -> int:
    """Give how many bytes are left.

    Raises:
        QuotaUsedUp: `more` bytes do not fit.
    """
    left = quota_bytes - used_bytes(db)
    if more > left:
        raise QuotaUsedUp(
            f"The workspace may keep {quota_bytes} bytes of artifacts; {max(left, 0)} are left."
        )
    return left


def remove_if_unused(db: Session, blobs: BlobStore, sha256: str) -> bool:
    """Remove content that no path or upload holds; tell whether it was removed."""
    if not lock_unused(db, sha256):
        return False
    blobs.delete(tenancy.workspace_of(db), sha256)
    return True


def lock_unused(db: Session, sha256: str) -> bool:
    """Tell whether nothing holds content; nothing can begin to until the transaction ends."""
    _lock_content(db, sha256)
    return all(
        db.scalar(select(row.id).where(row.sha256 == sha256).limit(1)) is None
        for row in (ArtifactFile, UploadPart)
    )


def _delete(db: Session, condition: ColumnElement[bool]) -> int:
    digests = list(db.scalars(select(ArtifactFile.sha256).where(condition)))
    if digests:
        db.execute(delete(ArtifactFile).where(condition))
        let_go(db, digests)
    return len(digests)


def hold_content(db: Session, blobs: BlobStore, sha256: str) -> None:
    """Keep content from being removed until the end of the transaction, which adds a row for it.

    Raises:
        ContentMissing: it was removed meanwhile; sending it again helps.
    """
    _lock_content(db, sha256)
    if not blobs.exists(tenancy.workspace_of(db), sha256):
        raise ContentMissing("The content was removed while it arrived. Send it again.")


def let_go(db: Session, digests: list[str]) -> None:
    """Have content removed after the commit, unless a path or an upload holds it."""
    unique = sorted(set(digests))
    for start in range(0, len(unique), _GARBAGE_BATCH):
        jobs.enqueue(
            db,
            "artifacts.collect",
            {"sha256": unique[start : start + _GARBAGE_BATCH]},
            workspace_id=tenancy.workspace_of(db),
        )


def _refuse_taken(db: Session, path: str) -> None:
    above = paths.ancestors(path)
    blocking = db.scalar(select(ArtifactFile.path).where(ArtifactFile.path.in_(above)).limit(1))
    if blocking is not None:
        raise PathTaken(f"{blocking} is a file, so nothing can lie below it.")
    if db.scalar(select(ArtifactFile.path).where(_below(f"{path}/")).limit(1)) is not None:
        raise PathTaken(f"{path} is a folder.")


def _below(prefix: str) -> ColumnElement[bool]:
    return ArtifactFile.path.between(prefix, prefix + _LAST)


def _lock_content(db: Session, sha256: str) -> None:
    """Keep attaching and removing the same content apart. SQLite has one writer anyway."""
    if db.get_bind().dialect.name == "postgresql":
        key = (tenancy.workspace_of(db) << 32) ^ zlib.crc32(sha256.encode())
        db.execute(text("SELECT pg_advisory_xact_lock(CAST(:key AS bigint))"), {"key": key})
