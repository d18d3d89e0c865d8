"""Numbers for the names of metrics, parameters and tags."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterable
from functools import lru_cache
from weakref import WeakKeyDictionary

from sqlalchemy import func, insert, select, text
from sqlalchemy.orm import Session

from modelyard_server.kernel import tenancy
from modelyard_server.kernel.db import Database

from .errors import ValueRefused
from .records import Key

_LONGEST = 250
_NAME = re.compile(r"[/\w.\- :]+")
_MOST_REMEMBERED = 200_000
_remembered: WeakKeyDictionary[Database, dict[tuple[int, str], int]] = WeakKeyDictionary()


def known(db: Session, names: Collection[str]) -> dict[str, int]:
    """Give the numbers of those names that have one."""
    workspace_id, memory = tenancy.workspace_of(db), _memory(db)
    found = {name: memory[workspace_id, name] for name in names if (workspace_id, name) in memory}
    missing = [name for name in names if name not in found]
    if missing:
        # Only what the database already holds is remembered: a number given in this transaction
        # would be wrong after a rollback.
        stored = _stored(db, missing)
        fresh = db.info.get("fresh_keys", ())
        memory.update({(workspace_id, n): number for n, number in stored.items() if n not in fresh})
        found.update(stored)
    return found


def numbers(db: Session, names: Collection[str]) -> dict[str, int]:
    """Give every name a number.

    Raises:
        ValueRefused: a name is empty or too long.
    """
    found = known(db, names)
    missing = sorted({name for name in names if name not in found})
    if not missing:
        return found
    for name in missing:
        if not name or len(name) > _LONGEST or "\0" in name:
            raise ValueRefused(f"A key has 1 to {_LONGEST} characters: {name[:60]!r}")
    workspace_id = tenancy.workspace_of(db)
    if db.get_bind().dialect.name == "postgresql":
        lock = text("SELECT pg_advisory_xact_lock(CAST(:space AS int), CAST(:ws AS int))")
        db.execute(lock, {"space": 11, "ws": workspace_id % 2**31})
        found.update(_stored(db, missing))
        missing = [name for name in missing if name not in found]
    last = int(db.scalar(select(func.coalesce(func.max(Key.id), 0))) or 0)
    given = {name: last + offset for offset, name in enumerate(missing, start=1)}
    if given:
        rows = [{"workspace_id": workspace_id, "id": n, "name": name} for name, n in given.items()]
        db.execute(insert(Key), rows)
        db.info.setdefault("fresh_keys", set()).update(given)
    return {**found, **given}


def refuse_unnamed(names: Iterable[str]) -> None:
    """Refuse what MLflow takes for no name of a metric, parameter or tag.

    Imports keep such names: other trackers have them.

    Raises:
        ValueRefused: there is one.
    """
    for name in names:
        wrong = _wrong(name)
        if wrong:
            raise ValueRefused(wrong)


@lru_cache(maxsize=4096)
def _wrong(name: str) -> str:
    if not name or len(name) > _LONGEST:
        return f"A key has 1 to {_LONGEST} characters: {name[:60]!r}"
    if _NAME.fullmatch(name) is None:
        return (
            f"Invalid name {name[:60]!r}: names have letters, digits, underscores, dashes, "
            "periods, spaces, colons and slashes."
        )
    if posixpath.normpath(name) != name or name.startswith(("/", "..")) or name == ".":
        return f"Invalid name {name[:60]!r}: as the path of a file it would be another one."
    return ""


def _stored(db: Session, names: Collection[str]) -> dict[str, int]:
    rows = db.execute(select(Key.name, Key.id).where(Key.name.in_(names)))
    return {str(name): int(number) for name, number in rows}


def _memory(db: Session) -> dict[tuple[int, str], int]:
    memory = _remembered.setdefault(db.info["database"], {})
    if len(memory) > _MOST_REMEMBERED:
        memory.clear()
    return memory
