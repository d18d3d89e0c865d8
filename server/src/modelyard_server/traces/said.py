"""What a filter asks of a trace's spans and of what was said about it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from modelyard_server.tracking.filters import Clause

from .errors import TraceRefused
from .models import Trace

KINDS = frozenset({"span", "feedback", "expectation", "issue"})
ABOUT_SESSIONS = frozenset({"feedback", "expectation"})
_ATTRIBUTE = "attributes."
_ORDERED = frozenset({"<", "<=", ">", ">="})
_STATES = {"STATUS_CODE_OK": "OK", "STATUS_CODE_ERROR": "ERROR"}
_PROMPTS_TAG = "mlflow.linkedPrompts"
_SESSION = "mlflow.trace.session"


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
        return clause.holds(status(document))
    wanted = "mlflow.spanType" if clause.key == "type" else clause.key.removeprefix(_ATTRIBUTE)
    return any(clause.holds(value) for name, value in attributes(document) if name == wanted)


def of_trace(row: Trace, clause: Clause, sessions: frozenset[str]) -> bool:
    """Tell whether what was said about a trace, or its whole session, satisfies a clause."""
    if clause.kind == "issue":
        return any("issue" in a and a["assessment_name"] == clause.value for a in row.assessments)
    is_said = any(_fits(a, clause) for a in row.assessments)
    is_said = is_said or row.trace_metadata.get(_SESSION) in sessions
    return is_said != (clause.operator == "IS NULL")


def sessions_of(rows: Iterable[Trace], clause: Clause) -> frozenset[str]:
    """Name the sessions of which something was said, at one of their traces, that fits a clause."""
    return frozenset(
        session
        for row in rows
        for a in row.assessments
        if isinstance(session := (a.get("metadata") or {}).get(_SESSION), str)
        and session == row.trace_metadata.get(_SESSION)
        and _fits(a, clause)
    )


def _fits(assessment: Mapping[str, Any], clause: Clause) -> bool:
    """Tell whether one assessment is what a clause asks for, or asks to be missing."""
    if clause.kind not in assessment or assessment["assessment_name"] != clause.key:
        return False
    if not assessment.get("valid", True):
        return False
    value = text(assessment[clause.kind])
    if clause.operator in {"IS NULL", "IS NOT NULL"}:
        return True
    if clause.operator in _ORDERED:
        number = _number(value)
        return number is not None and clause.holds(number)
    return clause.holds(value)


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


def status(document: Mapping[str, Any]) -> str:
    """Say how a span ended."""
    return _STATES.get((document.get("status") or {}).get("code", ""), "UNSET")


def attributes(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Give the attributes of a span by name, their values as people write them."""
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


def text(kept: Mapping[str, Any]) -> str:
    """Write what was said as text."""
    value = kept.get("value")
    if value is None and "serialized_value" in kept:
        value = kept["serialized_value"].get("value")
    return value if isinstance(value, str) else json.dumps(value)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
