"""Traces as MLflow's third protocol writes them."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from .errors import TraceRefused
from .models import Trace
from .service import NewTrace

_DURATION = re.compile(r"\d{1,9}(?:\.\d{1,9})?s")


def trace_info(row: Trace) -> dict[str, Any]:
    """Give what is known of a trace besides its spans."""
    at = dt.datetime.fromtimestamp(row.requested_ms / 1000, dt.UTC)
    shown: dict[str, Any] = {
        "trace_id": row.id,
        "trace_location": {
            "type": "MLFLOW_EXPERIMENT",
            "mlflow_experiment": {"experiment_id": str(row.experiment_id)},
        },
        "request_time": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "state": row.state,
        "trace_metadata": row.trace_metadata,
        "tags": row.tags,
        "assessments": row.assessments,
        "client_request_id": row.client_request_id,
        "request_preview": row.request_preview,
        "response_preview": row.response_preview,
    }
    if row.duration_ms is not None:
        shown["execution_duration"] = f"{row.duration_ms / 1000:.3f}s"
    return {key: value for key, value in shown.items() if value not in (None, [], {})}


def read_info(info: dict[str, Any]) -> NewTrace:
    """Read what a client says of a trace.

    Raises:
        TraceRefused: a field is missing or of the wrong kind.
    """
    location = info.get("trace_location")
    inner = location.get("mlflow_experiment") if isinstance(location, dict) else None
    experiment_id = inner.get("experiment_id") if isinstance(inner, dict) else None
    if not experiment_id:
        raise TraceRefused("Missing value for required parameter 'trace_location'.")
    return NewTrace(
        id=_text(info, "trace_id") or "",
        experiment_id=str(experiment_id),
        requested_ms=_milliseconds(_text(info, "request_time")),
        duration_ms=_duration(_text(info, "execution_duration")),
        state=_text(info, "state") or "STATE_UNSPECIFIED",
        client_request_id=_text(info, "client_request_id"),
        request_preview=_text(info, "request_preview"),
        response_preview=_text(info, "response_preview"),
        trace_metadata=_pairs(info, "trace_metadata"),
        tags=_pairs(info, "tags"),
    )


def read_assessments(info: dict[str, Any]) -> list[dict[str, Any]]:
    """Read what is said of a trace already when it is logged.

    Raises:
        TraceRefused: it is no list of assessments.
    """
    found = info.get("assessments") or []
    if not isinstance(found, list) or not all(isinstance(said, dict) for said in found):
        raise TraceRefused("Invalid value for parameter 'assessments' supplied: it is a list.")
    return found


def _text(info: dict[str, Any], name: str) -> str | None:
    value = info.get(name)
    if value is not None and not isinstance(value, str):
        raise TraceRefused(f"Invalid value for parameter '{name}' supplied: it is a text.")
    return value


def _pairs(info: dict[str, Any], name: str) -> dict[str, str]:
    value = info.get(name) or {}
    if not isinstance(value, dict) or not all(isinstance(v, str) for v in value.values()):
        raise TraceRefused(f"Invalid value for parameter '{name}' supplied: it maps text to text.")
    return value


def _milliseconds(text: str | None) -> int:
    if text is None:
        return int(dt.datetime.now(dt.UTC).timestamp() * 1000)
    try:
        at = dt.datetime.fromisoformat(text)
    except ValueError:
        raise TraceRefused("Invalid value for parameter 'request_time' supplied.") from None
    return round((at if at.tzinfo else at.replace(tzinfo=dt.UTC)).timestamp() * 1000)


def _duration(text: str | None) -> int | None:
    if text is None:
        return None
    if _DURATION.fullmatch(text) is None:
        raise TraceRefused("Invalid value for parameter 'execution_duration' supplied.")
    seconds = float(text.removesuffix("s"))
    return round(seconds * 1000)
