"""Showing artifacts: pages of tables, and addresses in the sandbox for what is not trusted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Annotated, BinaryIO

import anyio
import anyio.to_thread
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from sqlalchemy.orm import Session

from modelyard_server.artifacts.errors import FileTooLarge
from modelyard_server.artifacts.ports import BlobStore
from modelyard_server.artifacts.service import StoredFile
from modelyard_server.kernel.crypto import RootKey
from modelyard_server.kernel.db import Db
from modelyard_server.kernel.services import provided
from modelyard_server.settings import Settings
from modelyard_server.workspaces.access import Actor, allowed, public
from modelyard_server.workspaces.gate import Gate, gate
from modelyard_server.workspaces.permissions import Permission

from . import queries, tables, viewing
from .errors import NoPreview
from .schemas import TablePageOut, ViewOut

_CHUNK = 256 * 1024
# Reading a table takes memory and a processor: two at a time, the others wait.
_READERS = anyio.CapacityLimiter(2)
router = APIRouter(prefix="/api/v1", tags=["tracking"])
content = APIRouter(tags=["tracking"], include_in_schema=False)
Blobs = Annotated[BlobStore, provided(BlobStore)]
Key = Annotated[RootKey, provided(RootKey)]


@router.get("/runs/{run_id}/artifacts/table")
async def read_table(
    run_id: str,
    path: str,
    gate: Annotated[Gate, gate(Permission.artifacts_read)],
    blobs: Blobs,
    offset: Annotated[int, Query(ge=0, le=10**9)] = 0,
    limit: Annotated[int, Query(ge=1, le=tables.MOST_ROWS)] = 100,
) -> TablePageOut:
    """Give some rows of a Parquet, CSV or TSV file."""
    kind = tables.kind_of(path)
    if kind is None:
        raise NoPreview("Only Parquet, CSV and TSV files are shown as tables.")

    def find(db: Session, actor: Actor) -> tuple[int, StoredFile]:
        return actor.workspace_id, queries.run_file(db, run_id, path)

    workspace_id, file = await gate.run(find, write=False)

    def read() -> tables.TablePage:
        with blobs.open(workspace_id, file.sha256) as stream:
            return tables.page(stream, kind, offset=offset, limit=limit)

    found = await anyio.to_thread.run_sync(read, limiter=_READERS)
    return TablePageOut.model_validate(found)


@router.get("/runs/{run_id}/artifacts/view")
def view_artifact(
    run_id: str,
    path: str,
    request: Request,
    db: Db,
    actor: Annotated[Actor, allowed(Permission.artifacts_read)],
    key: Key,
    settings: Annotated[Settings, provided(Settings)],
) -> ViewOut:
    """Give an address, good for five minutes, that shows HTML or SVG in a sandbox."""
    media_type = viewing.media_type_of(path)
    file = queries.run_file(db, run_id, path)
    if media_type is None:
        raise NoPreview("Only HTML and SVG files are shown in the sandbox.")
    if file.size_bytes > viewing.MOST_BYTES:
        raise FileTooLarge(f"Files up to {viewing.MOST_BYTES} bytes are shown. Download it.")
    page = settings.public_url.rstrip("/") or f"{request.url.scheme}://{request.url.netloc}"
    until = viewing.expiry()
    shown = viewing.Viewed(actor.workspace_id, file.sha256, media_type, page, until)
    origin = viewing.origin_for(page, settings.content_url)
    return ViewOut(
        url=f"{origin}/content/{viewing.sealed(key.derive('views'), shown)}",
        expires_at=dt.datetime.fromtimestamp(until, dt.UTC),
    )


@content.get("/content/{token}", dependencies=[public()])
def show_content(token: str, blobs: Blobs, key: Key) -> Response:
    """Show signed content. No cookie and no token is read: the address says all."""
    viewed = viewing.opened(key.derive("views"), token)
    stream = blobs.open(viewed.workspace_id, viewed.sha256)
    return StreamingResponse(
        _chunks(stream), headers=viewing.headers(viewed), media_type=viewed.media_type
    )


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    with stream:
        while chunk := stream.read(_CHUNK):
            yield chunk
