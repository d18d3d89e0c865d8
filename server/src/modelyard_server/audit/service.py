"""Listing, filtering and exporting what the trail recorded."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import Session

from modelyard_server.kernel import trail
from modelyard_server.kernel.db import Database
from modelyard_server.kernel.trail import AuditEvent
from modelyard_server.workspaces.access import Actor

from .schemas import AuditEventOut

_BATCH = 1000
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_PERSONAL = ("identity", "audit")
"""What people do for themselves, or look at: no news for the others."""
_COLUMNS = tuple(AuditEventOut.model_fields)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which events; empty members do not restrict."""

    action: str | None = None
    """A whole action, or a capability: `deployments` finds `deployments.create` too."""
    actor_id: uuid.UUID | None = None
    object_type: str | None = None
    object_id: str | None = None
    q: str | None = None
    since: dt.datetime | None = None
    until: dt.datetime | None = None

    def key(self) -> str:
        """Name the filter in a cursor's scope."""
        return json.dumps(asdict(self), default=str, sort_keys=True)


Position = tuple[dt.datetime, uuid.UUID]
"""Where a page ended: events are listed newest first, by time and id."""


def events(
    db: Session, workspace_id: int, wanted: Filter, *, after: Position | None, limit: int
) -> list[AuditEvent]:
    """List events of a workspace, newest first."""
    return _page(db, _matching(select(AuditEvent), workspace_id, wanted), after, limit)


def _page(db: Session, rows: Select[Any], after: Position | None, limit: int) -> list[AuditEvent]:
    if after is not None:
        at, event_id = after
        rows = rows.where(
            or_(AuditEvent.at < at, and_(AuditEvent.at == at, AuditEvent.id < event_id))
        )
    return list(db.scalars(rows.order_by(AuditEvent.at.desc(), AuditEvent.id.desc()).limit(limit)))


def recent(db: Session, actor: Actor, limit: int) -> list[AuditEvent]:
    """List the newest changes of the actor's workspace, without denials."""
    rows = select(AuditEvent).where(
        AuditEvent.workspace_id == actor.workspace_id, AuditEvent.result == "ok"
    )
    return list(db.scalars(rows.order_by(AuditEvent.at.desc(), AuditEvent.id.desc()).limit(limit)))


@dataclass(frozen=True, slots=True)
class Subject:
    """What a feed is about; empty members do not restrict."""

    object_types: tuple[str, ...] = ()
    object_id: str | None = None
    """Also what has an id below it: `<model>/3` belongs to `<model>`."""
    area: str | None = None
    """A capability: the first word of actions."""
    actor_id: uuid.UUID | None = None


def feed(
    db: Session, actor: Actor, subject: Subject, *, after: Position | None, limit: int
) -> list[AuditEvent]:
    """List changes for everybody in the workspace, newest first: no denials, no sign-ins."""
    own = [AuditEvent.action.startswith(f"{area}.") for area in _PERSONAL]
    rows = select(AuditEvent).where(
        AuditEvent.workspace_id == actor.workspace_id, AuditEvent.result == "ok", ~or_(*own)
    )
    if subject.object_types:
        rows = rows.where(AuditEvent.object_type.in_(subject.object_types))
    if subject.object_id is not None:
        below = AuditEvent.object_id.startswith(f"{subject.object_id}/", autoescape=True)
        rows = rows.where(or_(AuditEvent.object_id == subject.object_id, below))
    if subject.area is not None:
        rows = rows.where(AuditEvent.action.startswith(f"{subject.area}.", autoescape=True))
    if subject.actor_id is not None:
        rows = rows.where(AuditEvent.actor_id == subject.actor_id)
    return _page(db, rows, after, limit)


def export(database: Database, actor: Actor, wanted: Filter, *, as_csv: bool) -> Iterator[str]:
    """Stream every matching event as CSV or JSON lines. The export itself is recorded first.

    Each batch is its own short read, so that a slow download holds no transaction open.
    """
    with database.platform_session() as db:
        trail.record(
            db,
            actor,
            "audit.export",
            object_type="audit",
            after={"format": "csv" if as_csv else "jsonl", "filter": wanted.key()},
        )
    if as_csv:
        yield _csv_line(list(_COLUMNS))
    after: Position | None = None
    while True:
        with database.platform_session(write=False) as db:
            batch = events(db, actor.workspace_id, wanted, after=after, limit=_BATCH)
        for row in batch:
            facts = as_out(row).model_dump(mode="json")
            yield _csv_line([_cell(v) for v in facts.values()]) if as_csv else _json_line(facts)
        if len(batch) < _BATCH:
            return
        after = (batch[-1].at, batch[-1].id)


def as_out(row: AuditEvent) -> AuditEventOut:
    """Put an event into the wire shape."""
    return AuditEventOut.model_validate({name: getattr(row, name) for name in _COLUMNS})


def _matching(
    rows: Select[tuple[AuditEvent]], workspace_id: int, wanted: Filter
) -> Select[tuple[AuditEvent]]:
    rows = rows.where(AuditEvent.workspace_id == workspace_id)
    if wanted.action:
        rows = rows.where(
            or_(
                AuditEvent.action == wanted.action,
                AuditEvent.action.startswith(wanted.action.rstrip(".") + ".", autoescape=True),
            )
        )
    if wanted.actor_id:
        rows = rows.where(AuditEvent.actor_id == wanted.actor_id)
    if wanted.object_type:
        rows = rows.where(AuditEvent.object_type == wanted.object_type)
    if wanted.object_id:
        rows = rows.where(AuditEvent.object_id == wanted.object_id)
    if wanted.since:
        rows = rows.where(AuditEvent.at >= wanted.since)
    if wanted.until:
        rows = rows.where(AuditEvent.at < wanted.until)
    if wanted.q:
        text = wanted.q.lower()
        named = (AuditEvent.actor_name, AuditEvent.object_name, AuditEvent.action)
        rows = rows.where(or_(*(func.lower(c).contains(text, autoescape=True) for c in named)))
    return rows


def _cell(value: Any) -> str:
    """Give a CSV cell that no spreadsheet takes for a formula."""
    text = "" if value is None else value if isinstance(value, str) else json.dumps(value)
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def _csv_line(cells: list[str]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()


def _json_line(facts: dict[str, Any]) -> str:
    return json.dumps(facts, ensure_ascii=False) + "\n"
