"""What statistics of traces are made of: one value with its time and names, from each row."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session

from modelyard_server.tracking import filters
from modelyard_server.tracking.errors import RunMissing
from modelyard_server.tracking.filters import Clause

from . import said, service
from .errors import TraceRefused
from .models import Span, Trace

COSTS = ("input_cost", "output_cost", "total_cost")
SESSION, NAME_TAG = "mlflow.trace.session", "mlflow.traceName"
_USAGE, _RUN = "mlflow.trace.tokenUsage", "mlflow.sourceRun"
_COST = "mlflow.llm.cost"
_OF_SPAN = {
    "span_type": "mlflow.spanType",
    "span_model_name": "mlflow.llm.model",
    "span_model_provider": "mlflow.llm.provider",
}
_ENTITIES = {
    "trace": {"status": False, "tag": True, "metadata": True},
    "span": {"name": False, "status": False, "type": False},
    "assessment": {"name": False, "type": False},
}
"""What a filter can name, and whether a key comes after it."""
_MOST_ROWS = 500_000
_AT_ONCE = 1000
_WORDS = {"yes": 1.0, "no": 0.0}


@dataclass(frozen=True, slots=True)
class Sample:
    """One value; a count takes each as one."""

    at_ms: int
    value: float
    dimensions: dict[str, str | None] = field(default_factory=dict)


def conditions(view: str, texts: Sequence[str]) -> list[Clause]:
    """Read filters, each of one comparison.

    Raises:
        FilterRefused: one is not of the grammar.
        TraceRefused: it names what there is not, or not in this view.
    """
    found: list[Clause] = []
    for text in texts:
        clauses = filters.read(text, more=frozenset(_ENTITIES))
        if len(clauses) != 1:
            raise TraceRefused(f"Invalid filter: '{text[:80]}'. Expected one filter clause.")
        _check(view, clauses[0])
        found += clauses
    return found


def read(
    db: Session,
    view: str,
    metric: str,
    experiment_ids: Sequence[int],
    clauses: Sequence[Clause],
    between_ms: tuple[int | None, int | None],
) -> Iterator[Sample]:
    """Give the samples of a metric.

    Raises:
        TraceRefused: there are more rows than can be read at once.
    """
    of_spans, by_span = view == "SPANS", metric in COSTS
    linked = {c: _linked(db, str(c.value)) for c in clauses if c.key == f"metadata.{_RUN}"}
    entities = (Trace, Span) if of_spans else (Trace,)
    rows: Select[Any] = select(*entities).where(Trace.experiment_id.in_(experiment_ids))
    if of_spans:
        rows = rows.join(
            Span, (Span.workspace_id == Trace.workspace_id) & (Span.trace_id == Trace.id)
        )
    rows = rows.where(*_within(between_ms, by_span=by_span))
    rows = rows.limit(_MOST_ROWS + 1).execution_options(yield_per=_AT_ONCE)
    give = {"TRACES": _of_trace, "SPANS": _of_span, "ASSESSMENTS": _of_assessments}[view]
    for number, row in enumerate(db.execute(rows)):
        if number == _MOST_ROWS:
            raise TraceRefused(
                f"There are more than {_MOST_ROWS} traces or spans: ask for a shorter time."
            )
        if all(_holds(row[0], clause, linked) for clause in clauses if clause.kind == "trace"):
            yield from give(row, metric, clauses)


def _check(view: str, clause: Clause) -> None:
    entity, _, key = clause.key.partition(".")
    known = _ENTITIES.get(clause.kind)
    if known is None:
        raise TraceRefused(f"Invalid view type '{clause.kind}'. Valid values are {list(_ENTITIES)}")
    if entity not in known:
        raise TraceRefused(
            f"Invalid entity '{entity[:80]}' specified for view type '{clause.kind}'. "
            f"Valid entities are {list(known)}"
        )
    if known[entity] != bool(key):
        does = "requires" if known[entity] else "does not require"
        raise TraceRefused(f"Filtering by {entity} {does} a key")
    if clause.operator != "=":
        raise TraceRefused(f"Invalid comparator '{clause.operator}': only '=' is supported.")
    if clause.kind != "trace" and not view.startswith(clause.kind.upper()):
        raise TraceRefused(f"Filtering by {clause.kind} is not supported for {view} view type")


def _linked(db: Session, run_uid: str) -> set[str]:
    try:
        return service.traces_of_run(db, run_uid)
    except RunMissing:
        return set()


def _within(
    between_ms: tuple[int | None, int | None], *, by_span: bool
) -> Iterator[ColumnElement[bool]]:
    """Bound the time: of the trace, and of the span itself where costs are told."""
    start, end = between_ms
    column, scale = (Span.started_ns, 1_000_000) if by_span else (Trace.requested_ms, 1)
    if start is not None:
        yield column >= _fitting(start * scale)
    if end is not None:
        yield column < _fitting((end + 1) * scale)


def _fitting(number: int) -> int:
    return max(-(2**63), min(2**63 - 1, number))


def _holds(row: Trace, clause: Clause, linked: Mapping[Clause, set[str]]) -> bool:
    entity, _, key = clause.key.partition(".")
    if entity == "status":
        return row.state == clause.value
    kept = row.tags if entity == "tag" else row.trace_metadata
    return kept.get(key) == clause.value or row.id in linked.get(clause, ())


def _of_trace(row: Any, metric: str, _clauses: Sequence[Clause]) -> Iterator[Sample]:
    trace: Trace = row[0]
    session = trace.trace_metadata.get(SESSION)
    value: float | None
    if metric == "trace_count":
        value = 1
    elif metric == "session_count":
        value = None if session is None else 1
    elif metric == "latency":
        value = trace.duration_ms
    else:
        value = _number(_document(trace.trace_metadata.get(_USAGE)).get(metric))
    if value is not None:
        named = {"trace_name": trace.tags.get(NAME_TAG), "trace_status": trace.state}
        yield Sample(trace.requested_ms, value, {**named, "session": session})


def _of_span(row: Any, metric: str, clauses: Sequence[Clause]) -> Iterator[Sample]:
    span: Span = row[1]
    if not all(said.of_span(span.document, c) for c in clauses if c.kind == "span"):
        return
    attributes = dict(said.attributes(span.document))
    value: float | None = 1
    if metric == "latency":
        ended_ns = int(span.document.get("end_time_unix_nano") or 0)
        value = (ended_ns - span.started_ns) // 1_000_000 if ended_ns else None
    elif metric in COSTS:
        value = _number(_document(attributes.get(_COST)).get(metric))
    if value is not None:
        named = {name: attributes.get(key) for name, key in _OF_SPAN.items()}
        named |= {
            "span_name": span.document.get("name"),
            "span_status": said.status(span.document),
        }
        yield Sample(span.started_ns // 1_000_000, value, named)


def _of_assessments(row: Any, metric: str, clauses: Sequence[Clause]) -> Iterator[Sample]:
    trace: Trace = row[0]
    for assessment in trace.assessments:
        kind = next(k for k in ("feedback", "expectation", "issue") if k in assessment)
        has = {"name": assessment["assessment_name"], "type": kind}
        if not assessment.get("valid", True) or any(
            has[c.key] != c.value for c in clauses if c.kind == "assessment"
        ):
            continue
        text = said.text(assessment[kind])
        value = 1 if metric == "assessment_count" else _graded(text)
        if value is not None:
            named = {"assessment_name": has["name"], "assessment_value": text}
            yield Sample(trace.requested_ms, value, named)


def _graded(text: str) -> float | None:
    """Read a judgement as a number: yes and true are one, no and false are zero."""
    word = text.strip().lower()
    if word in _WORDS:
        return _WORDS[word]
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return float(value) if isinstance(value, bool) else _number(value)


def _document(text: str | None) -> Mapping[str, Any]:
    try:
        found = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _number(value: Any) -> float | None:
    is_one = isinstance(value, int | float) and not isinstance(value, bool)
    try:
        return float(value) if is_one and math.isfinite(value) else None
    except OverflowError:
        return None
