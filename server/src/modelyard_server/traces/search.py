"""Finds traces of experiments by MLflow's grammar."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Text, cast, select
from sqlalchemy.orm import Session

from modelyard_server.tracking import filters
from modelyard_server.tracking.filters import Clause

from . import service
from .errors import TraceRefused
from .models import Span, Trace

_MOST_READ = 20_000  # newest traces that a filter looks at
_WORDS = re.compile(r"'(?:[^'\\]|\\.)*'|\b(?:trace|request_metadata|metadata)\.", re.IGNORECASE)
_ATTRIBUTES = {
    "timestamp_ms": "requested_ms",
    "timestamp": "requested_ms",
    "execution_time_ms": "duration_ms",
    "execution_time": "duration_ms",
    "status": "state",
    "state": "state",
    "request_id": "id",
    "trace_id": "id",
    "client_request_id": "client_request_id",
    "experiment_id": "experiment_id",
}
TEXT = "text"
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
    clauses, orders = filters.read(_plain(text)), filters.read_order([_plain(o) for o in order_by])
    rows = select(Trace).where(Trace.experiment_id.in_(experiment_ids))
    newest = rows.order_by(Trace.requested_ms.desc(), Trace.id)
    if not clauses and not orders:
        page = list(db.scalars(newest.offset(offset).limit(limit + 1)))
        return Found(page[:limit], len(page) > limit)
    linked = {
        clause: service.traces_of_run(db, str(clause.value))
        for clause in clauses
        if clause.key == "run_id" and clause.kind == "attribute" and clause.operator == "="
    }
    linked |= {
        clause: _with_text(db, experiment_ids, clause)
        for clause in clauses
        if clause.key == TEXT and clause.kind == "attribute"
    }
    found = [
        row
        for row in db.scalars(newest.limit(_MOST_READ))
        if all(_holds(row, clause, linked.get(clause)) for clause in clauses)
    ]
    for order in reversed(orders):
        values = {row.id: _value(row, order.kind, order.key) for row in found}
        has = [row for row in found if values[row.id] is not None]
        has.sort(key=lambda row: values[row.id], reverse=not order.is_ascending)  # type: ignore[arg-type,return-value]
        found = has + [row for row in found if values[row.id] is None]
    return Found(found[offset : offset + limit], len(found) > offset + limit)


def _with_text(db: Session, experiment_ids: Sequence[int], clause: Clause) -> set[str]:
    """Find traces of which a span has a text; the database only narrows down where to look."""
    if clause.operator not in {"LIKE", "ILIKE"}:
        raise TraceRefused(f"Invalid comparator '{clause.operator}' for text. Use LIKE or ILIKE.")
    written = cast(Span.document, Text)
    escaped = json.dumps(clause.value)[1:-1].replace("\\", "\\\\")
    rows = (
        select(Span.trace_id, Span.document)
        .join(Trace, (Trace.workspace_id == Span.workspace_id) & (Trace.id == Span.trace_id))
        .where(
            Trace.experiment_id.in_(experiment_ids),
            written.ilike(f"%{clause.value}%") | written.ilike(f"%{escaped}%"),
        )
    )
    found: set[str] = set()
    for trace_id, document in db.execute(rows):
        if trace_id not in found and clause.holds(json.dumps(document, ensure_ascii=False)):
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


def _holds(row: Trace, clause: Clause, linked: set[str] | None) -> bool:
    if linked is not None and clause.key == TEXT:
        return row.id in linked
    if linked is not None:
        return row.id in linked or row.trace_metadata.get("mlflow.sourceRun") == clause.value
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
    value: str | float | None = getattr(row, _ATTRIBUTES[key])
    return value
