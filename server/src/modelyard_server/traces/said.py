"""What a filter asks of a trace's spans and of what was said about it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from modelyard_server.tracking.filters import Clause

from .errors import TraceRefused
from .models import Trace

KINDS = frozenset({"span", "feedback", "expectation", "issue"})
_ATTRIBUTE = "attributes."
_ORDERED = frozenset({"<", "<=", ">", ">="})
_STATES = {"STATUS_CODE_OK": "OK", "STATUS_CODE_ERROR": "ERROR"}
_PROMPTS_TAG = "mlflow.linkedPrompts"


def check(clause: Clause) -> None:
    """Refuse a clause about what there is not.

    Raises:
        TraceRefused: spans, assessments or issues have no such thing, or do not compare so.
    """
    key, operator = clause.key, clause.operator
    if clause.kind == "issue":
        if key != "id":
            raise TraceRefused(f"Invalid issue attribute '{key[:80]}'. Supported attributes: id")
        if operator != "=":
            raise TraceRefused(f"issue.id comparator '{operator}' not one of '='")
        return
    if clause.kind != "span":
        return
    is_attribute = key.startswith(_ATTRIBUTE) and key != _ATTRIBUTE
    if not is_attribute and key not in {"name", "type", "status", "content"}:
        raise TraceRefused(
            f"Invalid span attribute '{key[:80]}'. Supported attributes: name, status, type, "
            "attributes.<attribute_name>."
        )
    if operator in _ORDERED or (key == "content" and operator not in {"LIKE", "ILIKE"}):
        some = "LIKE, ILIKE" if key == "content" else "=, !=, IN, NOT IN, LIKE, ILIKE, RLIKE"
        raise TraceRefused(f"span.{key[:80]} comparator '{operator}' not one of {some}")


def of_span(document: Mapping[str, Any], clause: Clause) -> bool:
    """Tell whether a span satisfies a clause about spans or about a trace's text."""
    if clause.kind == "attribute" or clause.key == "content":
        return clause.holds(json.dumps(_as_written(document), ensure_ascii=False))
    if clause.key == "name":
        return clause.holds(document.get("name"))
    if clause.key == "status":
        code = (document.get("status") or {}).get("code", "")
        return clause.holds(_STATES.get(code, "UNSET"))
    wanted = "mlflow.spanType" if clause.key == "type" else clause.key.removeprefix(_ATTRIBUTE)
    return any(clause.holds(value) for name, value in _attributes(document) if name == wanted)


def of_trace(row: Trace, clause: Clause) -> bool:
    """Tell whether what was said about a trace satisfies a clause about it."""
    if clause.kind == "issue":
        return any("issue" in a and a["assessment_name"] == clause.value for a in row.assessments)
    values = [
        _text(a[clause.kind])
        for a in row.assessments
        if clause.kind in a and a["assessment_name"] == clause.key and a.get("valid", True)
    ]
    if clause.operator in {"IS NULL", "IS NOT NULL"}:
        return (not values) == (clause.operator == "IS NULL")
    if clause.operator in _ORDERED:
        return any(
            clause.holds(number) for value in values if (number := _number(value)) is not None
        )
    return any(clause.holds(value) for value in values)


def used_prompt(row: Trace, named: str) -> bool:
    """Tell whether a trace used a version of a prompt, named `name/version`."""
    name, _, version = named.rpartition("/")
    try:
        kept = json.loads(row.tags.get(_PROMPTS_TAG) or "[]")
    except ValueError:
        return False
    return isinstance(kept, list) and {"name": name, "version": version} in kept


def _as_written(document: Mapping[str, Any]) -> dict[str, Any]:
    """Give a span as MLflow writes it: attributes by name, without the words of the protocol."""
    events = [{**event, "attributes": _by_name(event)} for event in document.get("events") or ()]
    return {**document, "attributes": _by_name(document), "events": events}


def _by_name(part: Mapping[str, Any]) -> dict[str, Any]:
    return {
        attribute.get("key", ""): next(iter((attribute.get("value") or {}).values()), None)
        for attribute in part.get("attributes") or ()
    }


def _attributes(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for attribute in document.get("attributes") or ():
        value = next(iter((attribute.get("value") or {}).values()), None)
        yield attribute.get("key", ""), _plain(value)


def _plain(value: Any) -> str:
    """Write a value as people do: MLflow's clients keep JSON in attributes of spans."""
    if isinstance(value, str):
        try:
            inner = json.loads(value)
        except ValueError:
            return value
        return inner if isinstance(inner, str) else value
    return json.dumps(value)


def _text(kept: Mapping[str, Any]) -> str:
    value = kept.get("value")
    if value is None and "serialized_value" in kept:
        value = kept["serialized_value"].get("value")
    return value if isinstance(value, str) else json.dumps(value)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
