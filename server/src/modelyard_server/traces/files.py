"""A trace's spans as the file that MLflow's clients know: attributes by name, times as numbers."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from typing import Any

_NAME = "mlflow.traceRequestId"


def written(trace_id: str, spans: Iterable[Mapping[str, Any]]) -> bytes:
    """Write spans, kept as OpenTelemetry's JSON, as the file `traces.json`."""
    return json.dumps({"spans": [_span(trace_id, span) for span in spans]}).encode()


def _span(trace_id: str, span: Mapping[str, Any]) -> dict[str, Any]:
    status = span.get("status") or {}
    return {
        "trace_id": span.get("trace_id", ""),
        "span_id": span.get("span_id", ""),
        "parent_span_id": span.get("parent_span_id") or None,
        "name": span.get("name", ""),
        "start_time_unix_nano": int(span.get("start_time_unix_nano", 0)),
        "end_time_unix_nano": int(span.get("end_time_unix_nano", 0)) or None,
        "events": [
            {
                "name": event.get("name", ""),
                "time_unix_nano": int(event.get("time_unix_nano", 0)),
                "attributes": _named(event.get("attributes")),
            }
            for event in span.get("events") or ()
        ],
        "status": {
            "code": status.get("code", "STATUS_CODE_UNSET"),
            "message": status.get("message", ""),
        },
        "attributes": {
            **{key: json.dumps(value) for key, value in _named(span.get("attributes")).items()},
            _NAME: json.dumps(trace_id),
        },
        "links": [
            {
                "trace_id": f"tr-{_hex(link.get('trace_id', ''))}",
                "span_id": _hex(link.get("span_id", "")),
                "attributes": _named(link.get("attributes")) or None,
            }
            for link in span.get("links") or ()
        ],
    }


def _named(attributes: Iterable[Mapping[str, Any]] | None) -> dict[str, Any]:
    return {one.get("key", ""): _value(one.get("value") or {}) for one in attributes or ()}


def _value(kept: Mapping[str, Any]) -> Any:
    """Read a value of OpenTelemetry's JSON, where whole numbers are text."""
    if "int_value" in kept:
        return int(kept["int_value"])
    if "array_value" in kept:
        return [_value(one) for one in kept["array_value"].get("values") or ()]
    if "kvlist_value" in kept:
        return _named(kept["kvlist_value"].get("values"))
    return next(iter(kept.values()), None)


def _hex(text: str) -> str:
    return base64.b64decode(text).hex()
