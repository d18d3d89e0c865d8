"""Finds traces of experiments by MLflow's grammar."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Text, cast, select
from sqlalchemy.orm import Session

from modelyard_server.tracking import filters
from modelyard_server.tracking.errors import RunMissing
from modelyard_server.tracking.filters import Clause

from . import said, service
from .errors import TraceRefused
from .models import Span, Trace

_MOST_READ = 20_000  # newest traces that a filter looks at
_MOST_SPANS = 200_000
_WORDS = re.compile(r"'(?:[^'\\]|\\.)*'|\b(?:trace|request_metadata|metadata)\.", re.IGNORECASE)
_ATTRIBUTES = {
    "timestamp_ms": "requested_ms",
    "timestamp": "requested_ms",
    "execution_time_ms": "duration_ms",
    "execution_time": "duration_ms",
    "end_time_ms": "ended_ms",
    "end_time": "ended_ms",
    "status": "state",
    "state": "state",
    "request_id": "id",
    "trace_id": "id",
    "client_request_id": "client_request_id",
    "experiment_id": "experiment_id",
}
_TEXTUAL = frozenset({"state", "id", "client_request_id", "name", "run_id"})
_ORDERED = frozenset({"<", "<=", ">", ">="})
_LISTS = frozenset({"IN", "NOT IN"})
NAME_TAG = "mlflow.traceName"


@dataclass(frozen=True, slots=True)
class Found:
    """One page, and whether there is more."""

    traces: list[Trace]
    has_more: bool


def find(
    db: Session,
    experiment_ids: Sequence[int],
    text: str,
    order_by: Sequence[str],
    *,
    offset: int,
    limit: int,
) -> Found:
    """List traces, newest first unless another order is asked for.

    Raises:
        FilterRefused: filter or order are not of the grammar.
        TraceRefused: they name what traces have not got.
    """
    clauses = filters.read(_plain(text), more=said.KINDS)
    orders = filters.read_order([_plain(o) for o in order_by])
    for clause in clauses:
        _check(clause)
    rows = select(Trace).where(Trace.experiment_id.in_(experiment_ids))
    newest = rows.order_by(Trace.requested_ms.desc(), Trace.id)
    if not clauses and not orders:
        page = list(db.scalars(newest.offset(offset).limit(limit + 1)))
        return Found(page[:limit], len(page) > limit)
    linked = {
        clause: _of_run(db, str(clause.value))
        if clause.key == "run_id"
        else _with_span(db, experiment_ids, [clause])
        for clause in clauses
        if clause.kind == "attribute"
        and (clause.key == "text" or (clause.key == "run_id" and clause.operator == "="))
    }
    of_spans = [clause for clause in clauses if clause.kind == "span"]
    if of_spans:  # one span satisfies them all
        linked |= dict.fromkeys(of_spans, _with_span(db, experiment_ids, of_spans))
    looked_at = db.scalars(newest.limit(_MOST_READ)).all()
    sessions = {
        clause: said.sessions_of(looked_at, clause)
        for clause in clauses
        if clause.kind in said.ABOUT_SESSIONS
    }
    found = [
        row
        for row in looked_at
        if all(_holds(row, c, linked.get(c), sessions.get(c, frozenset())) for c in clauses)
    ]
    for order in reversed(orders):
        values = {row.id: _value(row, order.kind, order.key) for row in found}
        has = [row for row in found if values[row.id] is not None]
        has.sort(key=lambda row: values[row.id], reverse=not order.is_ascending)  # type: ignore[arg-type,return-value]
        found = has + [row for row in found if values[row.id] is None]
    return Found(found[offset : offset + limit], len(found) > offset + limit)


def _of_run(db: Session, run_uid: str) -> set[str]:
    try:
        return service.traces_of_run(db, run_uid)
    except RunMissing:
        return set()


def _with_span(db: Session, experiment_ids: Sequence[int], clauses: Sequence[Clause]) -> set[str]:
    """Find the traces that have a span which satisfies all clauses."""
    rows = (
        select(Span.trace_id, Span.document)
        .join(Trace, (Trace.workspace_id == Span.workspace_id) & (Trace.id == Span.trace_id))
        .where(Trace.experiment_id.in_(experiment_ids))
        .order_by(Trace.requested_ms.desc())
    )
    for clause in clauses:  # narrows down where to look
        if clause.key == "status" or clause.operator not in {"=", "LIKE", "ILIKE"}:
            continue
        written, wanted = cast(Span.document, Text), str(clause.value)
        if clause.key in {"text", "content"} and '"' in wanted:
            continue  # it may say a name with its value, which are kept apart
        inner = json.dumps(wanted)[1:-1].replace("\\", "%")
        rows = rows.where(written.ilike(f"%{inner}%") | written.ilike(f"%{wanted}%"))
    found: set[str] = set()
    for trace_id, document in db.execute(rows.limit(_MOST_SPANS)):
        if trace_id not in found and all(said.of_span(document, c) for c in clauses):
            found.add(trace_id)
    return found


def _plain(text: str) -> str:
    """Write MLflow's other names of the parts of a trace in the words of the common grammar."""

    def replaced(match: re.Match[str]) -> str:
        word = match.group().lower()
        if word.startswith("'"):
            return match.group()
        return "attributes." if word == "trace." else "params."

    return _WORDS.sub(replaced, text)


def _check(clause: Clause) -> None:
    """Refuse a clause that traces cannot satisfy.

    Raises:
        TraceRefused: it compares what does not compare so.
    """
    if clause.kind in said.KINDS:
        said.check(clause)
        return
    if clause.kind != "attribute":
        return
    key = _ATTRIBUTES.get(clause.key, clause.key)
    if clause.key == "text" and clause.operator not in {"LIKE", "ILIKE"}:
        raise TraceRefused(f"Invalid comparator '{clause.operator}' for text. Use LIKE or ILIKE.")
    if clause.key == "prompt" and clause.operator != "=":
        raise TraceRefused(
            f"Invalid comparator '{clause.operator}' for prompts filter. Only '=' is supported "
            'with format: prompt = "name/version"'
        )
    if clause.key == "prompt" and str(clause.value).count("/") != 1:
        raise TraceRefused(
            f"Invalid prompts filter value '{str(clause.value)[:80]}'. Expected format: "
            'prompt = "name/version"'
        )
    if key in _TEXTUAL and clause.operator in (_ORDERED | _LISTS if key == "name" else _ORDERED):
        raise TraceRefused(f"Invalid comparator '{clause.operator}' for {clause.key[:80]}.")


def _holds(row: Trace, clause: Clause, linked: set[str] | None, sessions: frozenset[str]) -> bool:
    if linked is not None and clause.key == "run_id":
        return row.id in linked or row.trace_metadata.get("mlflow.sourceRun") == clause.value
    if linked is not None:
        return row.id in linked
    if clause.kind in said.KINDS:
        return said.of_trace(row, clause, sessions)
    if clause.kind == "attribute" and clause.key == "prompt":
        return said.used_prompt(row, str(clause.value))
    return clause.holds(_value(row, clause.kind, clause.key))


def _value(row: Trace, kind: str, key: str) -> str | float | None:
    if kind == "tag":
        return row.tags.get(key)
    if kind == "param":
        return row.trace_metadata.get(key)
    if kind == "attribute" and key == "run_id":
        return row.trace_metadata.get("mlflow.sourceRun")
    if kind == "attribute" and key == "name":
        return row.tags.get(NAME_TAG)
    if kind != "attribute" or key not in _ATTRIBUTES:
        raise TraceRefused(f"Invalid attribute key '{key[:80]}': traces have no such thing.")
    if _ATTRIBUTES[key] == "ended_ms":
        return None if row.duration_ms is None else row.requested_ms + row.duration_ms
    value: str | float | None = getattr(row, _ATTRIBUTES[key])
    return value
