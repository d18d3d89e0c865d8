"""Files that come in parts: begin, put parts, list them, complete, abort, forget what is abandoned.

A part is a blob of its workspace, so a `kill -9` of client or server costs the part under way and
nothing else: whoever resumes lists the parts and sends those that are missing.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from modelyard_server.kernel import jobs, tenancy, trail
from modelyard_server.kernel.clock import utcnow

from . import paths, service
from .errors import DigestMismatch, PartRefused, PartsIncomplete, UploadMissing
from .models import Upload, UploadPart
from .ports import BlobStore, StoredBlob

__all__ = ["KEPT", "MOST_PARTS", "NewUpload", "Upload", "UploadPart", "begin", "get", "parts"]

MOST_PARTS = 10_000
KEPT = dt.timedelta(hours=24)
_READ_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class NewUpload:
    """What a client says about a file it is going to send; `path` is checked already."""

    path: str
    size_bytes: int | None = None
    sha256: str | None = None


def begin(db: Session, new: NewUpload) -> Upload:
    """Begin an upload, or give the one that is open for the same file.

    Raises:
        PathRefused: the path is not one.
    """
    paths.checked(new.path)
    now = utcnow()
    if new.sha256 is not None:
        found = db.scalars(
            select(Upload)
            .where(Upload.path == new.path, Upload.sha256 == new.sha256)
            .order_by(Upload.created_at.desc())
        ).first()
        if found is not None and found.size_bytes == new.size_bytes:
            found.changed_at = now
            return found
    row = Upload(
        id=uuid.uuid4(),
        path=new.path,
        size_bytes=new.size_bytes,
        sha256=new.sha256,
        created_at=now,
        changed_at=now,
    )
    db.add(row)
    db.flush()
    _look_again(db, row.id, KEPT)
    return row


def get(db: Session, upload_id: uuid.UUID) -> Upload:
    """Give an open upload.

    Raises:
        UploadMissing: there is none; it was completed, aborted or forgotten.
    """
    row = db.scalars(select(Upload).where(Upload.id == upload_id)).one_or_none()
    if row is None:
        raise UploadMissing("There is no such upload; it was completed, aborted or given up.")
    return row


def parts(db: Session, upload: Upload) -> list[UploadPart]:
    """List the parts that are there, in order."""
    rows = select(UploadPart).where(UploadPart.id == upload.id).order_by(UploadPart.number)
    return list(db.scalars(rows))


def refuse_number(number: int) -> None:
    """Refuse numbers that no part has.

    Raises:
        PartRefused: it is not between 1 and the most.
    """
    if not 1 <= number <= MOST_PARTS:
        raise PartRefused(f"Parts are numbered from 1 to {MOST_PARTS}.")


def put(db: Session, blobs: BlobStore, upload: Upload, number: int, blob: StoredBlob) -> None:
    """Keep a part that was received; sending one again replaces it.

    Raises:
        PartRefused: the parts are longer together than the file was announced to be.
        ContentMissing: the content was removed meanwhile; sending it again helps.
    """
    service.hold_content(db, blobs, blob.sha256)
    row = db.scalars(
        select(UploadPart).where(UploadPart.id == upload.id, UploadPart.number == number)
    ).one_or_none()
    others = select(func.coalesce(func.sum(UploadPart.size_bytes), 0)).where(
        UploadPart.id == upload.id, UploadPart.number != number
    )
    if upload.size_bytes is not None:
        together = int(db.scalar(others) or 0) + blob.size_bytes
        if together > upload.size_bytes:
            raise PartRefused(f"{upload.size_bytes} bytes were announced; this makes {together}.")
    if row is None:
        db.add(
            UploadPart(id=upload.id, number=number, sha256=blob.sha256, size_bytes=blob.size_bytes)
        )
    else:
        if row.sha256 != blob.sha256:
            service.let_go(db, [row.sha256])
        row.sha256, row.size_bytes = blob.sha256, blob.size_bytes
    upload.changed_at = utcnow()
    db.flush()


def whole(
    db: Session, upload: Upload, listed: Sequence[tuple[int, str]] | None
) -> list[StoredBlob]:
    """Give the parts to put together; `listed` are the numbers and digests the client counts on.

    Raises:
        PartsIncomplete: one is missing, or the client means another content.
    """
    found = parts(db, upload)
    numbers = [part.number for part in found]
    if not found or numbers != list(range(1, len(found) + 1)):
        missing = sorted(set(range(1, (numbers or [1])[-1] + 1)) - set(numbers))
        raise PartsIncomplete(f"Parts are missing: {', '.join(map(str, missing[:20]))}.")
    if listed is not None and sorted(listed) != [(p.number, p.sha256) for p in found]:
        raise PartsIncomplete("The parts listed are not the parts that arrived.")
    size = sum(part.size_bytes for part in found)
    if upload.size_bytes not in (None, size):
        raise PartsIncomplete(f"{upload.size_bytes} bytes were announced, {size} arrived.")
    return [StoredBlob(part.sha256, part.size_bytes) for part in found]


def joined(
    blobs: BlobStore, workspace_id: int, pieces: Sequence[StoredBlob], sha256: str | None
) -> StoredBlob:
    """Put parts together; outside of any transaction, for it may take a while.

    Raises:
        DigestMismatch: the whole is not what the client announced.
        ContentMissing: a part is gone from the store.
    """
    made = (
        pieces[0]
        if len(pieces) == 1
        else blobs.receive(workspace_id, _contents(blobs, workspace_id, pieces))
    )
    if sha256 not in (None, made.sha256):
        raise DigestMismatch(f"The file was announced as {sha256}, it is {made.sha256}.")
    return made


def finish(
    db: Session, actor: trail.Who, blobs: BlobStore, upload: Upload, blob: StoredBlob
) -> None:
    """Attach the whole file to its path, and let go of the parts.

    Raises:
        PathTaken: a folder has this name, or a file has the name of a folder above.
    """
    service.attach(db, blobs, upload.path, blob)
    trail.record(
        db,
        actor,
        "artifacts.upload",
        object_type="artifact",
        object_name=upload.path[:512],
        after={"size_bytes": blob.size_bytes, "sha256": blob.sha256},
    )
    forget(db, upload)


def forget(db: Session, upload: Upload) -> None:
    """Remove an upload with its parts; their content goes after the commit."""
    digests = [part.sha256 for part in parts(db, upload)]
    db.execute(delete(UploadPart).where(UploadPart.id == upload.id))
    db.execute(delete(Upload).where(Upload.id == upload.id))
    db.expunge(upload)
    service.let_go(db, digests)


def abort(db: Session, actor: trail.Who, upload: Upload) -> None:
    """Give an upload up."""
    trail.record(
        db,
        actor,
        "artifacts.abort_upload",
        object_type="artifact",
        object_name=upload.path[:512],
    )
    forget(db, upload)


def forget_abandoned(db: Session, upload_id: uuid.UUID) -> None:
    """Remove an upload that nobody sent anything to for a day, or look again later."""
    row = db.scalars(select(Upload).where(Upload.id == upload_id)).one_or_none()
    if row is None:
        return
    left = row.changed_at + KEPT - utcnow()
    if left > dt.timedelta():
        _look_again(db, upload_id, left)
    else:
        forget(db, row)


def _look_again(db: Session, upload_id: uuid.UUID, delay: dt.timedelta) -> None:
    jobs.enqueue(
        db,
        "artifacts.forget_abandoned",
        {"upload_id": str(upload_id)},
        workspace_id=tenancy.workspace_of(db),
        delay=delay,
    )


def _contents(blobs: BlobStore, workspace_id: int, pieces: Iterable[StoredBlob]) -> Iterator[bytes]:
    for piece in pieces:
        with blobs.open(workspace_id, piece.sha256) as stream:
            while chunk := stream.read(_READ_BYTES):
                yield chunk
