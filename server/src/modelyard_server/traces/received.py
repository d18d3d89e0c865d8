"""Files of a trace: what clients send as `traces.json`, and what they attach.

Clients that speak no OpenTelemetry write a trace's steps as one file. It is kept as it came, and
its steps are kept with the trace, so that they are found, counted and read like any others.
"""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from modelyard_server.artifacts import service as artifacts
from modelyard_server.artifacts.errors import FileTooLarge
from modelyard_server.artifacts.ports import BlobStore
from modelyard_server.tracking.sources import Folder

from . import service, spans
from .errors import SpansRefused, TraceMissing
from .models import Trace
from .service import NewSpan

_PATTERN = re.compile(r"(experiments/(\d{1,18})/traces/([A-Za-z0-9._-]{1,64})/artifacts)(?:/(.*))?")
_SPANS = "traces.json"
_NOT_FINITE = {math.inf: "Infinity", -math.inf: "-Infinity"}
_CODES = {"OK": "STATUS_CODE_OK", "ERROR": "STATUS_CODE_ERROR"}


def read(trace_id: str, content: bytes) -> list[NewSpan]:
    """Read the steps of a trace from a file; none when it is not one that we know."""
    try:
        told = json.loads(content)["spans"]
        found = [_span(trace_id, span) for span in told[: spans.MOST_SPANS]]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, SpansRefused):
        return []
    return list({span.id: span for span in found}.values())


def _check(db: Session, found: re.Match[str]) -> None:
    _owner(db, found)


def _received(db: Session, blobs: BlobStore, found: re.Match[str]) -> None:
    if found.group(4) != _SPANS:
        return
    row = _owner(db, found)
    try:
        content = artifacts.read_bytes(db, blobs, found.group(0), limit=spans.MOST_BYTES)
    except FileTooLarge:
        return
    service.log_spans(db, str(row.experiment_id), read(row.id, content))


FOLDER = Folder(_PATTERN, _check, _received)


def _owner(db: Session, found: re.Match[str]) -> Trace:
    wanted = select(Trace).where(
        Trace.id == found.group(3), Trace.experiment_id == int(found.group(2))
    )
    row = db.scalar(wanted)
    if row is None:
        raise TraceMissing(f"Trace with ID '{found.group(3)}' not found.")
    return row


def _span(trace_id: str, span: Mapping[str, Any]) -> NewSpan:
    """Read a step as clients have written it since MLflow 3.0, or before."""
    if "context" in span:
        span = _modern(span)
    started, ended = int(span["start_time_unix_nano"]), int(span.get("end_time_unix_nano") or 0)
    said = span.get("status") or {}
    code = str(said.get("code") or "")
    status = {"code": _CODES.get(code, code or "STATUS_CODE_UNSET")}
    if said.get("message"):
        status["message"] = str(said["message"])
    document: dict[str, Any] = {
        "trace_id": _base64(span["trace_id"], 16),
        "span_id": _base64(span["span_id"], 8),
        "name": str(span.get("name") or ""),
        "start_time_unix_nano": str(started),
        "end_time_unix_nano": str(ended),
        "attributes": _attributes(span.get("attributes")),
        "status": status,
        "events": [
            {
                "name": str(event.get("name") or ""),
                "time_unix_nano": str(int(event.get("time_unix_nano") or 0)),
                "attributes": [_attribute(*pair) for pair in _items(event.get("attributes"))],
            }
            for event in span.get("events") or ()
        ],
    }
    if span.get("parent_span_id"):
        document["parent_span_id"] = _base64(span["parent_span_id"], 8)
    return NewSpan(
        trace_id=trace_id,
        id=_id(span["span_id"], 8).hex(),
        is_root=not span.get("parent_span_id"),
        started_ns=spans.refuse_late(started),
        ended_ns=spans.refuse_late(ended),
        is_error=status["code"] == "STATUS_CODE_ERROR",
        document=spans.without_nul(document),
    )


def _modern(span: Mapping[str, Any]) -> dict[str, Any]:
    """Give a step of MLflow 2 as MLflow 3 writes it."""
    return {
        "trace_id": span["context"]["trace_id"],
        "span_id": span["context"]["span_id"],
        "parent_span_id": span.get("parent_id"),
        "name": span.get("name"),
        "start_time_unix_nano": span["start_time"],
        "end_time_unix_nano": span.get("end_time"),
        "attributes": span.get("attributes"),
        "status": {"code": span.get("status_code"), "message": span.get("status_message")},
        "events": [
            {**event, "time_unix_nano": event.get("timestamp")}
            for event in span.get("events") or ()
        ],
    }


def _id(text: str, size: int) -> bytes:
    """Read an id: clients write base64, older ones `0x…`."""
    if text.startswith("0x"):
        found = bytes.fromhex(text[2:])
    else:
        found = base64.b64decode(text, validate=True)
    if len(found) != size:
        raise ValueError(text)
    return found


def _base64(text: str, size: int) -> str:
    return base64.b64encode(_id(text, size)).decode()


def _attributes(told: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    return [_attribute(key, _decoded(value)) for key, value in _items(told)]


def _items(told: Mapping[str, Any] | None) -> list[tuple[str, Any]]:
    return [(str(key), value) for key, value in (told or {}).items()]


def _decoded(value: Any) -> Any:
    """Read an attribute: MLflow writes each as JSON in a text."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _attribute(key: str, value: Any) -> dict[str, Any]:
    return {"key": key, "value": _value(value)}


def _value(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"bool_value": value}
    if isinstance(value, int):
        return {"int_value": str(value)}
    if isinstance(value, float):  # JSON has no NaN; protobuf's writes it as text
        finite = math.isfinite(value)
        return {"double_value": value if finite else _NOT_FINITE.get(value, "NaN")}
    if isinstance(value, list):
        return {"array_value": {"values": [_value(one) for one in value]}}
    if isinstance(value, dict):
        return {"kvlist_value": {"values": [_attribute(*pair) for pair in _items(value)]}}
    return {} if value is None else {"string_value": str(value)}
