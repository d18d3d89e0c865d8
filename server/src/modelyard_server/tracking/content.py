"""Bytes of artifacts over HTTP: streamed both ways, with constant memory.

Artifacts are written by users and never trusted: a browser gets them as attachments, in a sandbox,
and of a type that runs nothing, so that no page of ours ever runs what a run logged.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from typing import BinaryIO
from urllib.parse import quote

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from modelyard_server.artifacts.errors import RangeRefused, UploadIncomplete
from modelyard_server.artifacts.ports import BlobStore
from modelyard_server.artifacts.service import StoredFile

_CHUNK = 4 * 1024 * 1024  # fewer, larger trips to the reading thread
_TOKEN = re.compile(r"[A-Za-z0-9._+-]+")
_OPAQUE, _TEXT = "application/octet-stream", "text/plain"
_TEXTS = re.compile(
    "cfg|cnf|conf|csv|err|hocon|ini|ipynb|js|json|log|md|mlmodel|mlproject|prop|properties|py|rst|"
    "toml|tsv|txt|xml|yaml|yml"
)
_TYPES = {
    "bmp": "image/bmp",
    "gif": "image/gif",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "pdf": "application/pdf",
    "png": "image/png",
    "webp": "image/webp",
}
"""What MLflow's server says of files by the end of their names; pages and drawings stay opaque."""
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


async def whole_body(request: Request) -> AsyncIterator[bytes]:
    """Give the request's body as it arrives.

    Raises:
        UploadIncomplete: it is shorter or longer than announced.
    """
    announced = announced_bytes(request)
    got = 0
    async for chunk in request.stream():
        got += len(chunk)
        yield chunk
    if announced is not None and got != announced:
        raise UploadIncomplete(
            f"{announced} bytes were announced, {got} arrived. Nothing was kept."
        )


def announced_bytes(request: Request) -> int | None:
    """Give the Content-Length, if there is one."""
    announced = request.headers.get("content-length", "")
    return int(announced) if announced.isascii() and announced.isdigit() else None


def download(
    request: Request,
    blobs: BlobStore,
    workspace_id: int,
    file: StoredFile,
    *,
    is_typed: bool = False,
) -> Response:
    """Answer with a file, or the single range of it that was asked for; `is_typed`: as MLflow."""
    etag = f'"{file.sha256}"'
    name = file.path.rpartition("/")[2]
    headers = {
        "ETag": etag,
        "Content-Type": media_type(name) if is_typed else _OPAQUE,
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-cache",
        "Content-Disposition": disposition(name),
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    if etag in {tag.strip() for tag in request.headers.get("if-none-match", "").split(",")}:
        return Response(status_code=304, headers=headers)
    span = None
    if request.headers.get("if-range", etag) == etag:
        span = _wanted(request.headers.get("range", ""), file.size_bytes)
    first, last = span or (0, file.size_bytes - 1)
    headers["Content-Length"] = str(last - first + 1)
    if span is not None:
        headers["Content-Range"] = f"bytes {first}-{last}/{file.size_bytes}"
    stream = blobs.open(workspace_id, file.sha256)
    return StreamingResponse(
        _chunks(stream, first, last - first + 1),
        206 if span is not None else 200,
        headers,
    )


def _wanted(header: str, size: int) -> tuple[int, int] | None:
    """Read a range header: first and last byte, or `None` for the whole file.

    Raises:
        RangeRefused: the file ends before the range begins.
    """
    match = _RANGE.fullmatch(header.strip().lower())
    if match is None or match.groups() == ("", ""):
        return None  # none, several, or another unit: the whole file is a valid answer
    start, end = match.groups()
    if not start:
        first, last = max(size - int(end), 0), size - 1
    else:
        first, last = int(start), min(int(end) if end else size - 1, size - 1)
    if first > last or first >= size:
        raise RangeRefused(f"The file has {size} bytes.", extra={"size_bytes": size})
    return first, last


def _chunks(stream: BinaryIO, first: int, left: int) -> Iterator[bytes]:
    with stream:
        stream.seek(first)
        while left > 0:
            chunk = stream.read(min(_CHUNK, left))
            if not chunk:
                raise OSError("The content is shorter than its record says.")
            left -= len(chunk)
            yield chunk


def media_type(name: str) -> str:
    """Give the type of a file by its name; what a browser could run is opaque."""
    end = name.lower().rpartition(".")[2]
    return _TEXT if _TEXTS.fullmatch(end) else _TYPES.get(end, _OPAQUE)


def disposition(name: str) -> str:
    """Let a browser keep a file under its name."""
    if _TOKEN.fullmatch(name):
        return f"attachment; filename={name}"
    plain = re.sub(r"[^A-Za-z0-9._ -]", "_", name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
