"""How far journals have been applied: per file, and per workspace inside its own transaction."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from modelyard_server.kernel.db import Database

from .models import JournalFile, JournalPosition


class PositionMoved(RuntimeError):
    """Another process applied the batch meanwhile."""


def of_file(database: Database, name: str) -> int:
    """Give the position that every workspace has reached."""
    with database.platform_session(write=False) as db:
        row = db.get(JournalFile, name)
        return row.offset if row else 0


def move_file(database: Database, name: str, end: int, *, damaged: int = 0) -> None:
    """Say that every workspace has reached a position."""
    with database.platform_session() as db:
        row = db.get(JournalFile, name)
        if row is None:
            row = JournalFile(name=name, offset=0, damaged=0)
            db.add(row)
        row.offset = max(row.offset, end)
        row.damaged += damaged


def of_workspace(db: Session, name: str) -> int:
    """Give the position that this workspace has reached."""
    return db.scalar(select(JournalPosition.offset).where(JournalPosition.file == name)) or 0


def advance(db: Session, name: str, seen: int, end: int) -> None:
    """Move this workspace's position, in the transaction of what was applied.

    Raises:
        PositionMoved: it is not where it was seen.
    """
    row = db.scalar(select(JournalPosition).where(JournalPosition.file == name).with_for_update())
    if (row.offset if row else 0) != seen:
        raise PositionMoved(name)
    if row is None:
        db.add(JournalPosition(file=name, offset=end))
    else:
        row.offset = end
    db.flush()
