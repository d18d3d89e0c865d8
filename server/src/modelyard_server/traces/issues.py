"""Problems found in traces: noted, searched, resolved."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, case, select
from sqlalchemy.orm import Session

from modelyard_server.kernel import trail
from modelyard_server.kernel.clock import utcnow
from modelyard_server.tracking import experiments, filters, runs

from .errors import IssueMissing, IssueRefused
from .models import Trace, TraceIssue

STATUSES = ("pending", "rejected", "resolved")
SEVERITIES = ("not_an_issue", "low", "medium", "high")
_COLUMNS = {"status": TraceIssue.status, "source_run_id": TraceIssue.source_run_id}
_LONGEST_NAME, _LONGEST_TEXT, _MOST_ITEMS = 250, 20_000, 100
_MOST_TRACES = 20_000  # newest traces whose issues are counted


@dataclass(frozen=True, slots=True)
class NewIssue:
    """What is said of a problem."""

    experiment_id: str
    name: str
    description: str
    status: str = "pending"
    severity: str | None = None
    root_causes: Sequence[str] = ()
    categories: Sequence[str] = ()
    source_run_id: str | None = None
    created_by: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """One page of issues, with how many traces each has where that was asked."""

    issues: list[TraceIssue]
    traces: dict[str, int] | None
    has_more: bool


def create(db: Session, actor: trail.Who, new: NewIssue) -> TraceIssue:
    """Note a problem.

    Raises:
        ExperimentMissing: there is no such experiment.
        NotActive: the experiment is deleted.
        RunMissing: there is no such run.
        IssueRefused: a field is not acceptable.
    """
    _check(new.name, new.description, new.status, new.severity)
    if max(len(new.root_causes), len(new.categories)) > _MOST_ITEMS:
        raise IssueRefused(f"An issue has at most {_MOST_ITEMS} root causes and categories.")
    if any(len(text) > _LONGEST_TEXT for text in (*new.root_causes, *new.categories)):
        raise IssueRefused(f"A root cause has at most {_LONGEST_TEXT} characters.")
    experiment = experiments.get_active(db, new.experiment_id)
    source = runs.get(db, new.source_run_id).uid if new.source_run_id else None
    now = round(utcnow().timestamp() * 1000)
    row = TraceIssue(
        id=f"iss-{uuid.uuid4().hex}",
        experiment_id=experiment.id,
        name=new.name,
        description=new.description,
        status=new.status,
        severity=new.severity,
        root_causes=list(new.root_causes),
        categories=list(new.categories),
        source_run_id=source,
        created_by=(new.created_by or "")[:320] or None,
        created_ms=now,
        updated_ms=now,
    )
    db.add(row)
    db.flush()
    _record(db, actor, "create_issue", row)
    return row


def get(db: Session, issue_id: str) -> TraceIssue:
    """Give an issue.

    Raises:
        IssueMissing: there is none.
    """
    row = db.scalar(select(TraceIssue).where(TraceIssue.id == issue_id))
    if row is None:
        raise IssueMissing(f"Issue with ID '{issue_id[:80]}' not found")
    return row


def change(
    db: Session,
    actor: trail.Who,
    issue_id: str,
    *,
    name: str | None = None,
    description: str | None = None,
    status: str | None = None,
    severity: str | None = None,
) -> TraceIssue:
    """Change what is said of a problem; what is `None` stays.

    Raises:
        IssueMissing: there is none.
        IssueRefused: a field is not acceptable.
    """
    row = get(db, issue_id)
    _check(name or row.name, description or row.description, status or row.status, severity)
    row.name, row.description = name or row.name, description or row.description
    row.status, row.severity = status or row.status, severity or row.severity
    row.updated_ms = round(utcnow().timestamp() * 1000)
    _record(db, actor, "change_issue", row)
    return row


def find(
    db: Session,
    experiment_id: str | None,
    text: str,
    *,
    offset: int,
    limit: int,
    with_traces: bool = False,
) -> Found:
    """List issues, the most severe first, then the newest.

    Raises:
        FilterRefused: the filter is not of the grammar.
        IssueRefused: it names what issues have not got.
    """
    wanted = select(TraceIssue).where(*[_condition(clause) for clause in filters.read(text)])
    if experiment_id is not None:
        wanted = wanted.where(TraceIssue.experiment_id == _number(experiment_id))
    ranks = {severity: rank for rank, severity in enumerate(SEVERITIES)}
    severe = case(ranks, value=TraceIssue.severity, else_=-1)
    wanted = wanted.order_by(severe.desc(), TraceIssue.created_ms.desc(), TraceIssue.id.desc())
    if not with_traces:
        page = list(db.scalars(wanted.offset(offset).limit(limit + 1)))
        return Found(page[:limit], None, len(page) > limit)
    found = list(db.scalars(wanted))
    counts = _traces_of(db, {row.experiment_id for row in found})
    found.sort(key=lambda row: (-ranks.get(row.severity or "", -1), -counts[row.id]))
    page = found[offset : offset + limit]
    return Found(page, {row.id: counts[row.id] for row in page}, len(found) > offset + limit)


def _traces_of(db: Session, experiment_ids: set[int]) -> Counter[str]:
    """Count, for each issue, the traces that refer to it."""
    rows = (
        select(Trace.assessments)
        .where(Trace.experiment_id.in_(experiment_ids))
        .order_by(Trace.requested_ms.desc())
        .limit(_MOST_TRACES)
    )
    counts: Counter[str] = Counter()
    for said in db.scalars(rows):
        counts.update({a["assessment_name"] for a in said if "issue" in a})
    return counts


def _condition(clause: filters.Clause) -> ColumnElement[bool]:
    column = _COLUMNS.get(clause.key) if clause.kind == "attribute" else None
    if column is None:
        raise IssueRefused(
            f"Invalid filter field '{clause.key[:80]}'. Issues are found by status and "
            "source_run_id."
        )
    if clause.operator not in {"=", "!="}:
        raise IssueRefused(f"Invalid comparator '{clause.operator}'. Use = or !=.")
    value = str(clause.value)
    return column == value if clause.operator == "=" else column != value


def _number(experiment_id: str) -> int:
    is_one = experiment_id.isascii() and experiment_id.isdigit() and len(experiment_id) < 18
    return int(experiment_id) if is_one else -1


def _check(name: str, description: str, status: str, severity: str | None) -> None:
    if not 1 <= len(name) <= _LONGEST_NAME or not 1 <= len(description) <= _LONGEST_TEXT:
        raise IssueRefused(
            f"An issue's name has 1 to {_LONGEST_NAME} characters, its description at most "
            f"{_LONGEST_TEXT}."
        )
    if "\0" in name + description:
        raise IssueRefused("Name and description cannot hold a NUL.")
    if status not in STATUSES:
        raise IssueRefused(f"{status[:40]!r} is no status. Use one of {', '.join(STATUSES)}.")
    if severity is not None and severity not in SEVERITIES:
        raise IssueRefused(f"{severity[:40]!r} is no severity. Use one of {', '.join(SEVERITIES)}.")


def _record(db: Session, actor: trail.Who, verb: str, row: TraceIssue) -> None:
    trail.record(
        db,
        actor,
        f"traces.{verb}",
        object_type="trace_issue",
        object_id=row.id,
        object_name=row.name,
        after={"status": row.status, "severity": row.severity},
    )
