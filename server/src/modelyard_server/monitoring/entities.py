"""Whom predicted rows are about, and the latest row of somebody at an instant.

Only a number made of the keyed hash is kept of a value, so that it does not matter whether capture
keeps the column as it is or as hashes.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Integer, Table, column, delete, func, select, values
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from modelyard_protocol.package import Signature
from modelyard_protocol.records import Prediction
from modelyard_server.kernel import tenancy

from . import capture
from .capture import Captured
from .entity_records import EntityOutcome, EntityRow
from .errors import EntityUndeclared
from .grid import is_missing
from .policies import policy_of
from .policy import Keep, Policy, hashed

_WORD = re.compile(r"[0-9a-f]{24}")
_ASKED = 2_000  # per query: databases limit a statement's variables


@dataclass(frozen=True, slots=True)
class Named:
    """Whom an outcome is about. `word`: the same value read as a hash, where hashes are kept."""

    entity: int
    word: int | None = None

    @property
    def numbers(self) -> list[int]:
        """Give what its rows may be kept under."""
        return [self.entity] if self.word is None else [self.entity, self.word]


@dataclass(frozen=True, slots=True)
class Latest:
    """The latest instant of an entity up to the one asked for, and its rows (call, row)."""

    at_us: int
    rows: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads values of a deployment's entity column."""

    column: str
    keeps_words: bool
    key: bytes

    def of(self, value: Any) -> Named:
        """Give whom a value names."""
        word = number(value) if self.keeps_words and is_word(value) else None
        return Named(of(value, self.key), word)


def reader(db: Session, deployment_id: uuid.UUID, key: bytes) -> Reader:
    """Give how values of a deployment's entity column are read.

    Raises:
        EntityUndeclared: no column is named, or capture keeps nothing of it.
    """
    policy = policy_of(db, deployment_id)
    if policy.entity is None:
        raise EntityUndeclared(
            "No column says whom a row is about: name the entity column under capture first."
        )
    if kept_column(policy) is None:
        raise EntityUndeclared(
            f"Nothing is kept of the entity column {policy.entity}: let capture store or hash it."
        )
    return Reader(policy.entity, policy.of(policy.entity) is Keep.hash, key)


def kept_column(policy: Policy) -> str | None:
    """Give the column that says whom a row is about, if capture keeps it."""
    if policy.entity is None or policy.of(policy.entity) not in {Keep.store, Keep.hash}:
        return None
    return policy.entity


def of(value: Any, key: bytes) -> int:
    """Give the number that stands for a value."""
    return number(str(hashed(value, key)))


def is_word(value: Any) -> bool:
    """Tell whether a value may be a hash as capture keeps it."""
    return isinstance(value, str) and _WORD.fullmatch(value) is not None


def number(word: str) -> int:
    """Give the number of a hash: 64 bits of it, as databases count them."""
    return int.from_bytes(bytes.fromhex(word[:16]), signed=True)


def rows_of(
    called: Sequence[Prediction],
    found: Captured,
    signature: Signature,
    policy: Policy,
    key: bytes,
) -> Iterator[dict[str, Any]]:
    """Give whom the rows of calls are about, as rows of the table without workspace and deployment.

    Must be asked before columns are dropped from what was captured.
    """
    column = kept_column(policy)
    if column is None or column not in found.columns:
        return
    told = found.columns[column]
    if len(told) == len(found.sent):
        places = zip(found.sent, told, strict=True)
    else:  # calls differ in their columns
        places = (  # type: ignore[assignment]
            (at, value)
            for at, record in enumerate(called)
            for value in capture.whole(record, signature)[0].get(column, [])
        )
    last, row = -1, 0
    for at, value in places:
        row, last = (row + 1 if at == last else 0), at
        if not is_missing(value):
            call = called[at]
            yield made(of(value, key), call.at_us, call.id[:128], row)


def made(entity: int, at_us: int, prediction_id: str, row: int) -> dict[str, Any]:
    """Make a row of the table without workspace and deployment."""
    return {"entity": entity, "at_us": at_us, "prediction_id": prediction_id, "row": row}


def add(db: Session, deployment_id: uuid.UUID, rows: Iterable[Mapping[str, Any]]) -> None:
    """Keep whom rows are about; those that are known stay as they are."""
    own = {"workspace_id": tenancy.workspace_of(db), "deployment_id": deployment_id}
    wanted = [{**own, "id": _id(deployment_id, row), **row} for row in rows]
    if not wanted:
        return
    is_postgres = db.get_bind().dialect.name == "postgresql"
    insert = postgres_insert if is_postgres else sqlite_insert
    db.execute(insert(_table()).on_conflict_do_nothing(), wanted)


def latest(
    db: Session, deployment_id: uuid.UUID, asked: Sequence[tuple[Named, int]]
) -> list[Latest | None]:
    """Give the latest rows up to an instant (epoch microseconds) of each that is asked for."""
    best: dict[int, tuple[int, int]] = {}
    pairs = [(n, one, upto) for n, (named, upto) in enumerate(asked) for one in named.numbers]
    for start in range(0, len(pairs), _ASKED):
        for n, entity, at_us in db.execute(_asking(db, deployment_id, pairs[start:][:_ASKED])):
            if at_us is not None and (n not in best or at_us > best[n][0]):
                best[n] = (at_us, entity)
    rows = _rows(db, deployment_id, set(best.values()))
    return [
        Latest(best[n][0], tuple(rows.get(best[n], ()))) if n in best else None
        for n in range(len(asked))
    ]


def known(db: Session, deployment_id: uuid.UUID, entities: Collection[int]) -> set[int]:
    """Give those of whom any row is known."""
    found: set[int] = set()
    ordered = sorted(entities)
    for start in range(0, len(ordered), _ASKED):
        part = ordered[start : start + _ASKED]
        query = select(EntityRow.entity).where(
            EntityRow.deployment_id == deployment_id, EntityRow.entity.in_(part)
        )
        found |= set(db.scalars(query.distinct()))
    return found


def forget_calls(db: Session, deployment_id: uuid.UUID, ids: Sequence[str]) -> None:
    """Forget whom the rows of calls are about."""
    db.execute(
        delete(EntityRow).where(
            EntityRow.deployment_id == deployment_id, EntityRow.prediction_id.in_(ids)
        )
    )


def forget(db: Session, deployment_id: uuid.UUID, named: Named) -> None:
    """Forget somebody, and outcomes of them that wait."""
    for kind in (EntityRow, EntityOutcome):
        db.execute(
            delete(kind).where(kind.deployment_id == deployment_id, kind.entity.in_(named.numbers))
        )


def prune(db: Session, deployment_id: uuid.UUID, before: dt.datetime) -> None:
    """Forget rows of an older time."""
    limit = int(before.timestamp() * 1e6)
    db.execute(
        delete(EntityRow).where(EntityRow.deployment_id == deployment_id, EntityRow.at_us < limit)
    )


def _asking(db: Session, deployment_id: uuid.UUID, pairs: Sequence[tuple[int, int, int]]) -> Any:
    names = (column("n", Integer), column("entity", BigInteger), column("upto", BigInteger))
    asked = values(*names, name="asked").data(pairs).cte("asked")
    last = (
        select(func.max(EntityRow.at_us))
        .where(
            EntityRow.workspace_id == tenancy.workspace_of(db),
            EntityRow.deployment_id == deployment_id,
            EntityRow.entity == asked.c.entity,
            EntityRow.at_us <= asked.c.upto,
        )
        .scalar_subquery()
    )
    return select(asked.c.n, asked.c.entity, last)


def _rows(
    db: Session, deployment_id: uuid.UUID, wanted: set[tuple[int, int]]
) -> dict[tuple[int, int], list[tuple[str, int]]]:
    found: dict[tuple[int, int], list[tuple[str, int]]] = {}
    names = (column("at_us", BigInteger), column("entity", BigInteger))
    ordered = sorted(wanted)
    for start in range(0, len(ordered), _ASKED):
        part = values(*names, name="wanted").data(ordered[start : start + _ASKED]).cte("wanted")
        query = (
            select(EntityRow.at_us, EntityRow.entity, EntityRow.prediction_id, EntityRow.row)
            .select_from(part)
            .join(
                EntityRow,
                (EntityRow.workspace_id == tenancy.workspace_of(db))
                & (EntityRow.deployment_id == deployment_id)
                & (EntityRow.entity == part.c.entity)
                & (EntityRow.at_us == part.c.at_us),
            )
        )
        for at_us, entity, prediction_id, row in db.execute(query):
            found.setdefault((at_us, entity), []).append((prediction_id, row))
    return found


def _id(deployment_id: uuid.UUID, row: Mapping[str, Any]) -> uuid.UUID:
    told = f"{deployment_id.hex}{row['entity']}:{row['row']}:{row['prediction_id']}".encode()
    return uuid.UUID(bytes=hashlib.blake2b(told, digest_size=16).digest())


def _table() -> Table:
    table: Table = EntityRow.__table__  # type: ignore[assignment]
    return table
