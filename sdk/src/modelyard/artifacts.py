"""Large files of runs and models: up in parts, down in ranges, resumed after interruptions."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ._errors import Invalid, ModelyardError, Unavailable, Unreachable
from ._transport import Transport

_READ_BYTES = 4 * 1024 * 1024
_TRIES = 6
_PROXY = "/api/2.0/mlflow-artifacts/artifacts"

Progress = Callable[[int, int], None]
"""Called with the bytes that are there and the bytes there will be."""


@dataclass(frozen=True)
class StoredArtifact:
    """A file that the server keeps whole."""

    path: str
    size_bytes: int
    sha256: str


class Artifacts:
    """Files below `runs/<run id>/` and `models/<model id>/`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def upload(
        self, file: str | Path, path: str, *, progress: Progress | None = None
    ) -> StoredArtifact:
        """Send a file; called again after an interruption, it sends only what is missing.

        Args:
            file: What to send.
            path: Where it goes, such as `runs/<run id>/model.bin`.
            progress: Hears of every part.
        """
        source = Path(file)
        size = source.stat().st_size
        body = {"path": path, "size_bytes": size, "sha256": _digest(source)}
        upload = self._transport.post("/api/v1/uploads", body)
        there = {part["number"]: part["sha256"] for part in upload["parts"]}
        part_bytes, done = upload["part_bytes"], 0
        with source.open("rb") as opened:
            for number in range(1, max(1, -(-size // part_bytes)) + 1):
                content = opened.read(part_bytes)
                digest = hashlib.sha256(content)
                if there.get(number) != digest.hexdigest():
                    self._send(f"/api/v1/uploads/{upload['id']}/parts/{number}", content, digest)
                done += len(content)
                if progress is not None:
                    progress(done, size)
        stored = _tried(
            lambda: self._transport.post(f"/api/v1/uploads/{upload['id']}/complete", timeout=3600)
        )
        return StoredArtifact(stored["path"], stored["size_bytes"], stored["sha256"])

    def download(
        self, path: str, target: str | Path, *, progress: Progress | None = None
    ) -> StoredArtifact:
        """Fetch a file; called again after an interruption, it fetches only the rest.

        What is incomplete lies at `<target>.part`. The content is compared with its digest.

        Raises:
            Invalid: what arrived is not what the server keeps; it was removed.
        """
        whole = Path(target)
        part = whole.with_name(f"{whole.name}.part")
        digest, size = _tried(lambda: self._fetch(path, part, progress))
        if _digest(part) != digest:
            part.unlink()
            raise Invalid(f"{path} arrived damaged; fetch it again.", code="artifacts.damaged")
        part.replace(whole)
        return StoredArtifact(path, size, digest)

    def _send(self, address: str, content: bytes, digest: Any) -> None:
        stated = f"sha-256=:{base64.b64encode(digest.digest()).decode()}:"
        headers = {"Content-Digest": stated, "Content-Type": "application/octet-stream"}
        _tried(
            lambda: self._transport.request(
                "PUT", address, content=content, headers=headers, timeout=600
            )
        )

    def _fetch(self, path: str, part: Path, progress: Progress | None) -> tuple[str, int]:
        """Append what is missing; give the digest and the size of the whole."""
        start = part.stat().st_size if part.exists() else 0
        headers = {"Range": f"bytes={start}-"} if start else {}
        try:
            with self._transport.stream(f"{_PROXY}/{quote(path)}", headers) as answer:
                if answer.status_code == 200:
                    start = 0
                size = start + int(answer.headers["content-length"])
                with part.open("r+b" if start else "wb") as sink:
                    sink.seek(start)
                    for chunk in answer.iter_bytes(_READ_BYTES):
                        sink.write(chunk)
                        if progress is not None:
                            progress(sink.tell(), size)
                return answer.headers["etag"].strip('"'), size
        except ModelyardError as refusal:
            if refusal.status == 422 and start:  # more is here than there: another file
                part.unlink()
                return self._fetch(path, part, progress)
            raise


def _tried(work: Callable[[], Any]) -> Any:
    """Try again when the server does not answer, a little later each time."""
    for again in range(_TRIES - 1):
        try:
            return work()
        except (Unreachable, Unavailable):
            time.sleep(min(2**again / 4, 8))
    return work()


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
