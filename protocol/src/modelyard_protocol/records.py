"""Prediction records: written by the gateway, read by monitoring.

A journal is a file of frames: `u32 length | u32 crc32 | payload`, little endian, payload is JSON of
one `Record`, which may hold many calls (`read_records`). A reader stops at the first frame that is
short or whose checksum is wrong: it is the torn end of a killed writer, or not yet written.
"""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, TypeAdapter, model_validator

FRAME = struct.Struct("<II")
MAX_FRAME_BYTES = 8 * 1024 * 1024
MAX_BODY_BYTES = 1024 * 1024  # longer bodies are captured as `None` with their size


class Skin(StrEnum):
    """Which protocol a call spoke."""

    predict = "predict"
    invocations = "invocations"
    v2 = "v2"
    chat = "chat"  # this and the following: language models
    completions = "completions"
    embeddings = "embeddings"


class Source(StrEnum):
    """Where a call came from. Only `live` calls count in traffic, those of a batch in drift too."""

    live = "live"
    console = "console"
    batch = "batch"


class Prediction(BaseModel):
    """One answered call, successful or not."""

    kind: Literal["prediction"] = "prediction"
    id: str
    """The `prediction_id` the caller was given."""
    at_us: int
    """When the request was complete, microseconds since the epoch."""
    workspace_id: int
    deployment_id: str
    revision: int
    version: int
    key_id: str | None
    skin: Skin
    source: Source
    status: int
    total_us: int
    """From the complete request to the last byte of the answer handed to the kernel."""
    model_us: int | None
    """Time inside predict, as the model server reported it."""
    content_type: str
    encoding: Literal["text", "base64"] = "text"
    """Of `request`: binary bodies are base64."""
    request: str | None
    """Request body as text; `None` when sampled out or too long."""
    response: str | None
    request_bytes: int
    response_bytes: int
    weight: float
    """1 / sampling rate, for estimates from sampled bodies."""

    def request_body(self) -> bytes | None:
        """Give the body as it came, where it was captured."""
        if self.request is None:
            return None
        is_binary = self.encoding == "base64"
        return base64.b64decode(self.request) if is_binary else self.request.encode()


class Predictions(BaseModel):
    """Many answered calls that differ only in what the lists say, in the order they came.

    The gateway writes these under load: a frame per batch costs a third of a frame per call.
    """

    kind: Literal["predictions"] = "predictions"
    workspace_id: int
    deployment_id: str
    revision: int
    version: int
    key_id: str | None
    skin: Skin
    source: Source
    status: int
    content_type: str
    encoding: Literal["text", "base64"] = "text"
    weight: float
    ids: list[str]
    at_us: list[int]
    total_us: list[int]
    model_us: list[int | None]
    requests: list[str | None]
    responses: list[str | None]
    request_bytes: list[int]
    response_bytes: list[int]

    @model_validator(mode="after")
    def _is_even(self) -> Predictions:
        lists = (self.at_us, self.total_us, self.model_us, self.requests, self.responses)
        sizes = {len(part) for part in (*lists, self.request_bytes, self.response_bytes)}
        if sizes != {len(self.ids)}:
            raise ValueError("The lists of a frame must have one entry per call.")
        return self

    def each(self) -> Iterator[Prediction]:
        """Give the calls one by one."""
        shared = self.model_dump(include=_SHARED)
        shared |= {"kind": "prediction", "skin": self.skin, "source": self.source}
        parts = (self.ids, self.at_us, self.total_us, self.model_us, self.requests, self.responses)
        for row in zip(*parts, self.request_bytes, self.response_bytes, strict=True):
            own = dict(zip(_OWN, row, strict=True))
            yield _made(shared | own)


def _made(facts: dict[str, Any]) -> Prediction:
    """Give a call whose facts were checked with its frame: checking them again takes five times."""
    call = Prediction.__new__(Prediction)
    object.__setattr__(call, "__dict__", facts)
    object.__setattr__(call, "__pydantic_fields_set__", _FIELDS)
    object.__setattr__(call, "__pydantic_extra__", None)
    object.__setattr__(call, "__pydantic_private__", None)
    return call


_OWN = (
    "id",
    "at_us",
    "total_us",
    "model_us",
    "request",
    "response",
    "request_bytes",
    "response_bytes",
)
_FIELDS = set(Prediction.model_fields)
_SHARED = set(Prediction.model_fields) - {*_OWN, "kind", "skin", "source"}


class Traffic(BaseModel):
    """Complete counts of one deployment revision in one second; never sampled."""

    kind: Literal["traffic"] = "traffic"
    workspace_id: int
    deployment_id: str
    revision: int
    version: int
    at: int
    """Start of the second, seconds since the epoch."""
    requests: int
    by_status: dict[str, int]
    """Count per HTTP status, e.g. {"200": 41, "422": 1}."""
    latency_us: dict[int, int]
    """Count per latency bucket index, see `latency_bucket`."""


class Mirrored(BaseModel):
    """Complete counts of what one shadow revision was sent in one second."""

    kind: Literal["mirrored"] = "mirrored"
    workspace_id: int
    deployment_id: str
    revision: int
    version: int
    at: int
    """Start of the second, seconds since the epoch."""
    calls: int
    """Answered by the shadow, with whatever status."""
    failed: int
    """Of them, those that did not succeed although the live call did."""
    dropped: int
    """Copies thrown away because the shadow did not keep up."""
    rows: int
    """Predictions compared."""
    differing: int
    """Of them, those that differ from the live prediction."""
    model_us: dict[int, int]
    """Time inside predict: calls per latency bucket."""
    live_model_us: dict[int, int]
    """The same of the live answers to these calls."""


class Shadowed(BaseModel):
    """One call that was answered live and by a shadow; a sample, its first rows."""

    kind: Literal["shadowed"] = "shadowed"
    id: str
    """The `prediction_id` of the live answer."""
    at_us: int
    workspace_id: int
    deployment_id: str
    revision: int
    version: int
    skin: Skin
    content_type: str
    request: str | None
    response: str | None
    """What the caller was told."""
    predictions: list[Any] | None
    """What the shadow said; `None` when it failed."""
    differs: list[bool]
    """One entry per prediction; empty when the shadow failed."""
    error: str | None


class Guarded(BaseModel):
    """Complete counts of what one safeguard held against in about one second."""

    kind: Literal["guarded"] = "guarded"
    workspace_id: int
    deployment_id: str
    revision: int
    version: int
    at: int
    """Seconds since the epoch."""
    safeguard: str
    action: Literal["flag", "default", "refuse"]
    calls: int
    rows: int
    examples: list[tuple[str, int]]
    """Prediction id and row of the first calls."""


class Tokens(BaseModel):
    """Complete counts of the tokens that one key had one revision read and write in a second."""

    kind: Literal["tokens"] = "tokens"
    workspace_id: int
    deployment_id: str
    revision: int
    version: int
    at: int
    """Start of the second, seconds since the epoch."""
    key_id: str
    calls: int
    prompt: int
    completion: int


Single = Prediction | Traffic | Mirrored | Shadowed | Guarded | Tokens
"""A record of one thing; `Predictions` is read as many of them."""
Record = Annotated[
    Prediction | Predictions | Traffic | Mirrored | Shadowed | Guarded | Tokens,
    Field(discriminator="kind"),
]
RECORD: TypeAdapter[Single | Predictions] = TypeAdapter(Record)


def read_records(payload: bytes) -> list[Single]:
    """Give the records of one frame.

    Raises:
        ValidationError: it holds none.
    """
    found = RECORD.validate_json(payload)
    return list(found.each()) if isinstance(found, Predictions) else [found]


_GROWTH = 1.02  # bucket i covers [1.02^i, 1.02^(i+1)) µs: 2 % relative error
_BUCKETS = 900  # up to 55 s


def latency_bucket(latency_us: float) -> int:
    """Index of the log-scale bucket that holds a latency."""
    import math

    return min(_BUCKETS, max(0, int(math.log(max(latency_us, 1.0)) / math.log(_GROWTH))))


def bucket_latency_us(index: int) -> float:
    """Geometric middle of a bucket, in microseconds."""
    return float(_GROWTH ** (index + 0.5))


def frame(payload: bytes) -> bytes:
    """Wrap one record for the journal."""
    return FRAME.pack(len(payload), zlib.crc32(payload)) + payload


def read_frames(block: bytes, offset: int = 0) -> Iterator[tuple[bytes, int]]:
    """Give each whole frame's payload with the offset behind it."""
    while offset + FRAME.size <= len(block):
        length, checksum = FRAME.unpack_from(block, offset)
        end = offset + FRAME.size + length
        if length > MAX_FRAME_BYTES or end > len(block):
            return
        payload = block[offset + FRAME.size : end]
        if zlib.crc32(payload) != checksum:
            return
        yield payload, end
        offset = end
