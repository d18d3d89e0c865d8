"""Files behind an address or in a bucket, fetched whole when they changed.

A mark names the content and how many of its rows were kept: a pull that was killed goes on there.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from modelyard_server.kernel.clock import utcnow
from modelyard_server.kernel.egress import AnswerTooLarge, Download, Egress
from modelyard_server.monitoring.errors import OutcomeSourceRefused
from modelyard_server.monitoring.outcome_source_schemas import (
    BucketPlace,
    OutcomeColumns,
    SourceColumn,
    WebPlace,
)
from modelyard_server.monitoring.ports import PulledRows

from . import signing, tables

MOST_BYTES = 256 * 2**20
SECONDS = 120.0
_CODE = re.compile(rb"<Code>([A-Za-z]{1,60})</Code>")
_CODES = {
    "NoSuchBucket": "The store has no bucket {bucket}.",
    "NoSuchKey": "The bucket {bucket} has no object {object}.",
    "AccessDenied": "The store refuses access: allow s3:GetObject on {bucket}/{object} to the key.",
    "InvalidAccessKeyId": "The store does not know the access key {access_key_id}.",
    "SignatureDoesNotMatch": "The secret access key is not that of {access_key_id}.",
    "AuthorizationHeaderMalformed": "The bucket is in another region than {region}.",
    "PermanentRedirect": "The bucket is in another region than {region}.",
    "RequestTimeTooSkewed": "The clock of this server is wrong by more than the store allows.",
}
_STATUSES = {
    401: "It asks who we are (401): give a token, or another one.",
    403: "It refuses access (403): give a token, or another one.",
    404: "There is no such file (404).",
}


@dataclass(frozen=True, slots=True)
class _Fetched:
    tag: str | None
    digest: str


def look(egress: Egress, place: WebPlace | BucketPlace) -> list[SourceColumn]:
    """Give the columns of a file."""
    with tempfile.NamedTemporaryFile() as file:
        _fetch(egress, place, None, file)
        return tables.columns_of(Path(file.name))


def read(
    egress: Egress,
    place: WebPlace | BucketPlace,
    columns: OutcomeColumns,
    mark: dict[str, Any] | None,
) -> Iterator[PulledRows]:
    """Give the rows of a file that is not the one read before, from where it was left."""
    known = mark or {}
    is_whole = bool(known.get("is_whole"))
    with tempfile.NamedTemporaryFile() as file:
        fetched = _fetch(egress, place, known.get("tag") if is_whole else None, file)
        if fetched is None:
            return
        is_same = fetched.digest == known.get("digest")
        done = int(known["rows"]) if is_same else 0
        facts = {"tag": fetched.tag, "digest": fetched.digest}
        if not (is_same and is_whole):
            for part in tables.parts(Path(file.name), columns, done):
                done += len(part)
                yield PulledRows(part, {**facts, "rows": done, "is_whole": False})
        yield PulledRows([], {**facts, "rows": done, "is_whole": True})


def _fetch(
    egress: Egress, place: WebPlace | BucketPlace, tag: str | None, into: IO[bytes]
) -> _Fetched | None:
    """Write a file; `None`: it is still the one with this tag.

    Raises:
        AddressRefused, NotReached: it cannot be called.
        OutcomeSourceRefused: it answers with something else.
    """
    url, headers = _question(place)
    if tag is not None:
        headers["If-None-Match"] = tag
    try:
        answer = egress.download(url, into, headers=headers, most_bytes=MOST_BYTES, seconds=SECONDS)
    except AnswerTooLarge:
        raise OutcomeSourceRefused(
            f"The file is larger than {MOST_BYTES // 2**20} MiB: write newer rows into another one."
        ) from None
    if answer.status == 304:
        return None
    if answer.status != 200:
        raise OutcomeSourceRefused(_why(place, answer))
    if into.tell() == 0:
        raise OutcomeSourceRefused("The file is empty.")
    into.flush()
    with Path(into.name).open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    return _Fetched(answer.headers.get("etag"), digest)


def _question(place: WebPlace | BucketPlace) -> tuple[str, dict[str, str]]:
    if isinstance(place, BucketPlace):
        return signing.address(place), signing.headers(place, utcnow())
    bearer = {"Authorization": f"Bearer {place.token}"} if place.token else {}
    return place.url or "", {"Accept": "*/*", "User-Agent": "Modelyard", **bearer}


def _why(place: WebPlace | BucketPlace, answer: Download) -> str:
    """Say what an answer means, without what the other side wrote."""
    if isinstance(place, BucketPlace):
        found = _CODE.search(answer.excerpt)
        said = _CODES.get(found[1].decode()) if found else None
        if said is not None:
            return said.format(**place.model_dump(exclude={"secret_access_key"}))
    if 300 <= answer.status < 400:
        return f"It points to another address ({answer.status}): give that one."
    return _STATUSES.get(answer.status, f"It answers {answer.status} instead of a file.")
