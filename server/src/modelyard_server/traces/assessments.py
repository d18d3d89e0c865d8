"""What people and judges say about a trace: feedback and expectations."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from modelyard_server.kernel import trail
from modelyard_server.kernel.clock import utcnow

from . import issues, service
from .errors import AssessmentMissing, TraceRefused
from .models import Trace

_KINDS = ("feedback", "expectation", "issue")
_SCALARS = (str, int, float, bool)
_CHANGEABLE = frozenset({"assessment_name", "rationale", "metadata", *_KINDS})
_TAKEN = _CHANGEABLE | {"source", "span_id", "overrides", "error"}
_MOST = 500
_LONGEST_NAME, _LONGEST = 250, 64 * 1024


def create(db: Session, actor: trail.Who, trace_id: str, said: Mapping[str, Any]) -> dict[str, Any]:
    """Add an assessment; one that overrides another makes that one invalid.

    Raises:
        TraceMissing: there is no such trace.
        AssessmentMissing: what it overrides is not there.
        IssueMissing: it names an issue that is not there.
        TraceRefused: it says nothing, or the trace has very many.
    """
    row = service.get(db, trace_id, lock=True)
    name = said.get("assessment_name")
    if not isinstance(name, str) or not 1 <= len(name) <= _LONGEST_NAME:
        raise TraceRefused(f"An assessment's name has 1 to {_LONGEST_NAME} characters.")
    if sum(kind in said for kind in _KINDS) != 1:
        raise TraceRefused("An assessment has either feedback, an expectation or an issue.")
    if "issue" in said:
        issues.get(db, name)
    if len(row.assessments) >= _MOST:
        raise TraceRefused(f"A trace has at most {_MOST} assessments.")
    now = _now()
    made = _written({key: value for key, value in said.items() if key in _TAKEN})
    made |= {
        "assessment_id": f"a-{uuid.uuid4().hex}",
        "trace_id": trace_id,
        "create_time": now,
        "last_update_time": now,
        "valid": True,
    }
    _check_size(made)
    before = list(row.assessments)
    if made.get("overrides"):
        place, older = _found(row, str(made["overrides"]))
        before[place] = {**older, "valid": False, "last_update_time": now}
    row.assessments = [*before, made]
    _record(db, actor, "assess", row, name)
    return made


def get(db: Session, trace_id: str, assessment_id: str) -> dict[str, Any]:
    """Give an assessment.

    Raises:
        TraceMissing: there is no such trace.
        AssessmentMissing: it has no such assessment.
    """
    return _found(service.get(db, trace_id), assessment_id)[1]


def change(
    db: Session,
    actor: trail.Who,
    trace_id: str,
    assessment_id: str,
    said: Mapping[str, Any],
    fields: list[str],
) -> dict[str, Any]:
    """Change the named fields of an assessment.

    Raises:
        TraceMissing: there is no such trace.
        AssessmentMissing: it has no such assessment.
        TraceRefused: a field cannot be changed.
    """
    row = service.get(db, trace_id, lock=True)
    place, found = _found(row, assessment_id)
    for name in fields:
        if name in _KINDS and name not in found:
            is_of = next(kind for kind in _KINDS if kind in found).title()
            article = "a" if is_of == "Feedback" else "an"
            raise TraceRefused(f"Cannot update {name} value on {article} {is_of} assessment.")
        if name not in _CHANGEABLE:
            raise TraceRefused(f"{name[:40]!r} of this assessment cannot be changed.")
    given = {name: said[name] for name in fields if name in said}
    if isinstance(given.get("metadata"), dict):
        given["metadata"] = {**(found.get("metadata") or {}), **given["metadata"]}
    changed = _written({**found, **given})
    changed["last_update_time"] = _now()
    _check_size(changed)
    row.assessments = [*row.assessments[:place], changed, *row.assessments[place + 1 :]]
    _record(db, actor, "reassess", row, str(found["assessment_name"]))
    return changed


def remove(db: Session, actor: trail.Who, trace_id: str, assessment_id: str) -> None:
    """Delete an assessment; what it overrode is valid again. One that is gone is no fault.

    Raises:
        TraceMissing: there is no such trace.
    """
    row = service.get(db, trace_id, lock=True)
    gone = next((a for a in row.assessments if a["assessment_id"] == assessment_id), None)
    if gone is None:
        return
    row.assessments = [
        {**a, "valid": True} if a["assessment_id"] == gone.get("overrides") else a
        for a in row.assessments
        if a["assessment_id"] != assessment_id
    ]
    _record(db, actor, "unassess", row, str(gone["assessment_name"]))


def _found(row: Trace, assessment_id: str) -> tuple[int, dict[str, Any]]:
    for place, assessment in enumerate(row.assessments):
        if assessment["assessment_id"] == assessment_id:
            return place, assessment
    raise AssessmentMissing(
        f"Assessment with ID '{assessment_id[:80]}' not found for trace '{row.id}'"
    )


def _check_size(made: dict[str, Any]) -> None:
    if len(json.dumps(made)) > _LONGEST:
        raise TraceRefused(f"An assessment has at most {_LONGEST} characters.")


def _written(said: dict[str, Any]) -> dict[str, Any]:
    """Write an expectation of several values as JSON text, as MLflow's clients do and expect."""
    expected = said.get("expectation")
    if not isinstance(expected, dict) or "value" not in expected:
        return said
    value = expected["value"]
    if value is None or isinstance(value, _SCALARS):
        return said
    text = {"serialization_format": "JSON_FORMAT", "value": json.dumps(value)}
    return {**said, "expectation": {"serialized_value": text}}


def _now() -> str:
    return utcnow().isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _record(db: Session, actor: trail.Who, verb: str, row: Trace, name: str) -> None:
    trail.record(
        db,
        actor,
        f"traces.{verb}",
        object_type="trace",
        object_id=row.id,
        after={"assessment": name[:200]},
    )
