"""Which runs changed since when: whoever keeps runs in memory asks here what to read again.

SQLite has one writer, so a counter is in the order of commits. On PostgreSQL transactions commit in
any order; there the number is the transaction's, and what is older than the oldest one that was
still open at the last look cannot have been missed.
"""

from __future__ import annotations

from sqlalchemy import Connection, event, func, select, text
from sqlalchemy.orm import Session

from modelyard_server.kernel import tenancy

from .models import Run
from .records import RunChange

_NOTE = (
    "INSERT INTO run_changes (workspace_id, run_id, experiment_id, seq) VALUES ({values}) "
    "ON CONFLICT (workspace_id, run_id) DO UPDATE SET seq = excluded.seq"
)
_NOTE_SQLITE = _NOTE.format(
    values="?, ?, ?, (SELECT coalesce(max(seq), 0) + 1 FROM run_changes "
    "WHERE workspace_id = ? AND experiment_id = ?)"
)
_NOTE_POSTGRES = _NOTE.format(
    values="%(ws)s, %(run)s, %(experiment)s, CAST(CAST(pg_current_xact_id() AS text) AS bigint)"
)
_NOTE_ACTIVE_POSTGRES = (
    "INSERT INTO run_changes (workspace_id, run_id, experiment_id, seq) "
    "SELECT CAST(%(ws)s AS bigint), id, experiment_id, "
    "CAST(CAST(pg_current_xact_id() AS text) AS bigint) FROM runs "
    "WHERE workspace_id = %(ws)s AND uid = %(uid)s AND lifecycle_stage = 'active' "
    "ON CONFLICT (workspace_id, run_id) DO UPDATE SET seq = excluded.seq "
    "RETURNING run_id, experiment_id"
)
_OLDEST_OPEN = text("SELECT CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint)")


def note(db: Session, run_id: int, experiment_id: int) -> None:
    """Note that a run is changed by this transaction."""
    workspace_id = tenancy.workspace_of(db)
    connection = db.connection()
    if connection.dialect.name == "postgresql":
        values = {"ws": workspace_id, "run": run_id, "experiment": experiment_id}
        connection.exec_driver_sql(_NOTE_POSTGRES, values)
        return
    connection.exec_driver_sql(
        _NOTE_SQLITE, (workspace_id, run_id, experiment_id, workspace_id, experiment_id)
    )


def note_active(connection: Connection, workspace_id: int, uid: str) -> tuple[int, int] | None:
    """Find a run that is not deleted and note its change in one trip (PostgreSQL).

    Gives the numbers of run and experiment.
    """
    values = {"ws": workspace_id, "uid": uid}
    row = connection.exec_driver_sql(_NOTE_ACTIVE_POSTGRES, values).one_or_none()
    return None if row is None else (row.run_id, row.experiment_id)


def now(db: Session, experiment_id: int) -> int:
    """Give the mark to ask `since` with later; taken before anything is read."""
    if db.connection().dialect.name == "postgresql":
        return int(db.scalar(_OLDEST_OPEN) or 0)
    last = select(func.max(RunChange.seq)).where(RunChange.experiment_id == experiment_id)
    return int(db.scalar(last) or 0) + 1


def since(db: Session, experiment_id: int, mark: int, *, most: int) -> list[int] | None:
    """List the runs that may have changed since a mark; `None` when there are more than `most`."""
    found = db.scalars(
        select(RunChange.id)
        .where(RunChange.experiment_id == experiment_id, RunChange.seq >= mark)
        .limit(most + 1)
    ).all()
    return list(found) if len(found) <= most else None


@event.listens_for(Session, "after_flush")
def _note_flushed(session: Session, _context: object) -> None:
    """Note runs that are written as objects."""
    for row in (*session.new, *session.dirty, *session.deleted):
        if isinstance(row, Run):
            note(session, row.id, row.experiment_id)
