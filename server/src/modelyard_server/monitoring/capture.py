"""Turns a prediction record into columns and the few rows a person may look at."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson

from modelyard_protocol import answers, inference
from modelyard_protocol.package import Signature
from modelyard_protocol.records import Prediction

SHOWN_ROWS = 5
SHOWN_TEXT = 500  # characters of one text value
SHOWN_BYTES = 32 * 1024  # of the logged rows of one call
WIDEST = 64  # a list up to this long becomes a column per element
PREDICTION = "prediction"
_PLAIN = frozenset({float, int, str, bool})
_PERSONAL = (
    "password",
    "passwd",
    "ssn",
    "social_security",
    "iban",
    "email",
    "phone",
    "card_number",
)


@dataclass(frozen=True, slots=True)
class Captured:
    """One call, ready to be counted and logged."""

    inputs: dict[str, list[Any]]
    predictions: dict[str, list[Any]]
    rows: int | None
    shown_inputs: str | None
    shown_outputs: str | None
    error: str | None


def capture(record: Prediction, signature: Signature) -> Captured:
    """Decode a call with the model server's own decoder; refused calls carry their reason."""
    if not 200 <= record.status < 300:
        return Captured({}, {}, None, None, None, _reason(record))
    columns = _decoded(record, signature)
    outputs = _answered(record)
    rows = len(next(iter(columns.values()))) if columns else len(outputs) or None
    return Captured(
        inputs=flat(columns),
        predictions=flat({PREDICTION: outputs}) if outputs else {},
        rows=rows,
        shown_inputs=_shown_rows(columns),
        shown_outputs=_shown([_short(value) for value in outputs[:SHOWN_ROWS]]),
        error=None,
    )


def _decoded(record: Prediction, signature: Signature) -> dict[str, list[Any]]:
    if record.request is None:
        return {}
    try:
        return inference.decode(
            record.skin, record.content_type, record.request.encode(), signature, max_rows=1_000_000
        )
    except inference.InvalidRows:
        return {}  # accepted by an older signature of the node: counted as traffic only


def _answered(record: Prediction) -> list[Any]:
    if record.response is None:
        return []
    try:
        return answers.decode_predictions(record.skin, record.response)
    except ValueError:
        return []


def flat(columns: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """Spread short lists and objects into a column per element, so that they can be compared."""
    flat: dict[str, list[Any]] = {}
    for name, values in columns.items():
        if values and type(values[0]) in _PLAIN:
            flat[name] = values
            continue
        first = next((value for value in values if value is not None), None)
        if isinstance(first, list) and 0 < len(first) <= WIDEST:
            for at in range(len(first)):
                flat[f"{name}[{at}]"] = [
                    v[at] if isinstance(v, list) and at < len(v) else None for v in values
                ]
        elif isinstance(first, dict) and len(first) <= WIDEST:
            for key in first:
                flat[f"{name}.{key}"] = [
                    v.get(key) if isinstance(v, dict) else None for v in values
                ]
        else:
            flat[name] = values
    return flat


def _shown_rows(columns: dict[str, list[Any]]) -> str | None:
    if not columns:
        return None
    count = min(SHOWN_ROWS, len(next(iter(columns.values()))))
    shown = [
        (name, ["•••"] * count if _is_personal(name) else values)
        for name, values in columns.items()
    ]
    return _shown([{name: _short(values[at]) for name, values in shown} for at in range(count)])


@lru_cache(maxsize=10_000)
def _is_personal(column: str) -> bool:
    return any(word in column.lower() for word in _PERSONAL)


def _shown(rows: list[Any]) -> str | None:
    while rows:
        written = orjson.dumps(rows, default=str, option=orjson.OPT_NON_STR_KEYS)
        if len(written) <= SHOWN_BYTES:
            return written.decode()
        rows = rows[: len(rows) // 2]
    return None


def _short(value: Any) -> Any:
    return value[:SHOWN_TEXT] + "…" if type(value) is str and len(value) > SHOWN_TEXT else value


def _reason(record: Prediction) -> str:
    try:
        problem = orjson.loads(record.response or "")
    except orjson.JSONDecodeError:
        return f"HTTP {record.status}"
    detail = problem.get("detail") if isinstance(problem, dict) else None
    return str(detail)[:2000] if detail else f"HTTP {record.status}"
