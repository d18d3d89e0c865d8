"""OpenTelemetry's export of spans, as it arrives at `/v1/traces`."""

from __future__ import annotations

import json
from typing import Any

from .errors import SpansRefused
from .service import NewSpan

PROTOBUF, JSON_TYPE = "application/x-protobuf", "application/json"
MOST_BYTES = 16 * 1024 * 1024
MOST_SPANS = 5000
_REQUEST_ID = "mlflow.traceRequestId"
_STATUS_ERROR = 2
_LATEST_NS = 2**63 - 1


def read(body: bytes, media_type: str) -> list[NewSpan]:
    """Read an export.

    Raises:
        SpansRefused: it is none, or one with too many spans.
    """
    from google.protobuf.json_format import MessageToDict
    from google.protobuf.message import DecodeError
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    if media_type != PROTOBUF:
        raise SpansRefused(f"Invalid Content-Type: {media_type[:80]}. Expected: {PROTOBUF}")
    export = ExportTraceServiceRequest()
    try:
        export.ParseFromString(body)
    except (DecodeError, ValueError):
        raise SpansRefused("Invalid OpenTelemetry format") from None
    found: list[NewSpan] = []
    for resource in export.resource_spans:
        for scope in resource.scope_spans:
            for span in scope.spans:
                document = MessageToDict(span, preserving_proto_field_name=True)
                found.append(_span(span, document))
                if len(found) > MOST_SPANS:
                    raise SpansRefused(f"An export has at most {MOST_SPANS} spans.")
    if not found:
        raise SpansRefused("Invalid OpenTelemetry format - no spans found")
    return found


def accepted() -> bytes:
    """Give the answer to an export whose spans are all kept."""
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

    made: bytes = ExportTraceServiceResponse().SerializeToString()
    return made


def _span(span: Any, document: dict[str, Any]) -> NewSpan:
    if len(span.trace_id) != 16 or len(span.span_id) != 8:
        raise SpansRefused("Invalid OpenTelemetry format - ids of the wrong length")
    refuse_late(max(span.start_time_unix_nano, span.end_time_unix_nano))
    return NewSpan(
        trace_id=_named(span) or f"tr-{span.trace_id.hex()}",
        id=span.span_id.hex(),
        is_root=not span.parent_span_id,
        started_ns=span.start_time_unix_nano,
        ended_ns=span.end_time_unix_nano,
        is_error=span.status.code == _STATUS_ERROR,
        document=without_nul(document),
    )


def refuse_late(at_ns: int) -> int:
    """Give a time back that a column can hold.

    Raises:
        SpansRefused: it is out of range.
    """
    if not 0 <= at_ns <= _LATEST_NS:
        raise SpansRefused("Invalid OpenTelemetry format - a time out of range")
    return at_ns


def _named(span: Any) -> str | None:
    """Give the trace id that MLflow's client wrote into an attribute, as JSON."""
    for attribute in span.attributes:
        if attribute.key == _REQUEST_ID:
            try:
                value = json.loads(attribute.value.string_value)
            except ValueError:
                return None
            return value if isinstance(value, str) and value else None
    return None


def without_nul(document: Any) -> Any:
    """Take out what PostgreSQL cannot keep in text."""
    if isinstance(document, dict):
        return {key.replace("\0", ""): without_nul(value) for key, value in document.items()}
    if isinstance(document, list):
        return [without_nul(item) for item in document]
    if isinstance(document, str):  # nor halves of characters, which files may have
        return document.replace("\0", "").encode(errors="replace").decode()
    return document
