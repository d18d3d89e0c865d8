"""Tags of runs, besides writing them in bulk."""

from __future__ import annotations

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from . import keys
from .ingest import Target
from .records import RunTag


def tag(db: Session, run: Target, key: str) -> str | None:
    """Give the value of a tag."""
    number = keys.known(db, [key]).get(key)
    if number is None:
        return None
    return db.scalar(select(RunTag.value).where(RunTag.id == run.id, RunTag.key_id == number))


def delete_tag(db: Session, run: Target, key: str) -> bool:
    """Remove a tag; tell whether it was there."""
    if tag(db, run, key) is None:
        return False
    number = keys.known(db, [key])[key]
    db.execute(delete(RunTag).where(RunTag.id == run.id, RunTag.key_id == number))
    return True
