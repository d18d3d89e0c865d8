"""One clause of a filter as a condition on runs; values are only ever bound."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, false, func, literal, or_, select, true
from sqlalchemy.orm import aliased

from .errors import FilterRefused
from .filters import Clause, glob
from .models import Dataset, Run, RunInput
from .records import PREFIX_LENGTH, RunMetric, RunParam, RunTag
from .sources import SCHEME

TEXTS: dict[str, Any] = {
    "run_id": Run.uid,
    "run_uuid": Run.uid,
    "run_name": Run.name,
    "run name": Run.name,
    "status": Run.status,
    "user_id": Run.user_name,
    "user": Run.user_name,
}
ADDRESSES: dict[str, Any] = {"artifact_uri": literal(f"{SCHEME}runs/") + Run.uid}
NUMBERS: dict[str, Any] = {
    "start_time": Run.started_ms,
    "created": Run.started_ms,
    "end_time": Run.ended_ms,
    "experiment_id": Run.experiment_id,
}
_TIMES = frozenset({"start_time", "created", "end_time"})
# Said with a column: SQLAlchemy folds a plain FALSE, and the tenant's condition with it.
NONE: ColumnElement[bool] = Run.id.is_(None)
_EVERY: ColumnElement[bool] = Run.id.is_not(None)
TABLES: dict[str, Any] = {"metric": RunMetric, "param": RunParam, "tag": RunTag}


@dataclass(frozen=True, slots=True)
class Conditions:
    """Translates clauses. `numbers` are those of the keys that runs have."""

    numbers: Mapping[str, int]
    is_sqlite: bool

    def of(self, clause: Clause, *, of: Any = None) -> ColumnElement[bool]:
        """Give the condition that a run fulfils the clause.

        `of` is the number of a run on a walk, where each is checked by itself: PostgreSQL may not
        turn that into a join of everything.
        """
        if clause.kind == "attribute":
            return _attribute(clause, self.is_sqlite)
        if clause.kind == "dataset":
            return _dataset(clause, self.is_sqlite)
        number = self.numbers.get(clause.key)
        if number is None:  # no run has the key
            return _EVERY if clause.operator == "IS NULL" else NONE
        table = aliased(TABLES[clause.kind])
        query = select(table.key_id).where(table.key_id == number)
        query = query.where(table.id == (Run.id if of is None else of))
        if clause.operator not in {"IS NULL", "IS NOT NULL"}:
            query = query.where(self.of_row(table, clause))
        if of is not None and not self.is_sqlite:
            query = query.offset(0)
        return ~query.exists() if clause.operator == "IS NULL" else query.exists()

    def of_row(self, table: Any, clause: Clause) -> ColumnElement[bool]:
        """Give the condition that a row of the clause's table fulfils it."""
        if clause.kind == "metric":
            assert isinstance(clause.value, int | float)  # noqa: S101 - the grammar says so
            holds = compared(table.value, clause.operator, float(clause.value), self.is_sqlite)
            if clause.operator == "!=":  # as it is true for NaN
                return or_(table.is_nan == true(), holds)
            return and_(table.is_nan == false(), holds)
        if isinstance(clause.value, tuple):
            is_in: ColumnElement[bool] = table.value.in_(clause.value)
            return is_in if clause.operator == "IN" else ~is_in
        value = str(clause.value)
        holds = compared(table.value, clause.operator, value, self.is_sqlite)
        if clause.operator == "=":
            prefix: ColumnElement[bool] = table.value_prefix == value[:PREFIX_LENGTH]
            return prefix if len(value) < PREFIX_LENGTH else and_(prefix, holds)
        return holds


def _attribute(clause: Clause, is_sqlite: bool) -> ColumnElement[bool]:
    name = clause.key.lower()
    texts = {**TEXTS, **ADDRESSES}
    if name in texts:
        if isinstance(clause.value, tuple):
            found: ColumnElement[bool] = texts[name].in_(clause.value)
            return found if clause.operator == "IN" else ~found
        if not isinstance(clause.value, str) or clause.operator in {"<", "<=", ">", ">="}:
            raise FilterRefused(f"{name} compares with text in quotes, by = != LIKE ILIKE IN.")
        return compared(texts[name], clause.operator, clause.value, is_sqlite)
    if name in NUMBERS:
        number = _number(name, clause)
        if clause.operator not in {"=", "!=", "<", "<=", ">", ">="}:
            raise FilterRefused(f"{clause.operator} does not work with {name}.")
        return compared(NUMBERS[name], clause.operator, number, is_sqlite)
    raise FilterRefused(f"Runs have no attribute {clause.key[:80]!r} to search by.")


def _number(name: str, clause: Clause) -> int:
    """Give what a time or number is compared with; a time may be a date in quotes, of UTC."""
    try:
        if isinstance(clause.value, str) and name in _TIMES and "-" in clause.value[1:]:
            at = dt.datetime.fromisoformat(clause.value)
            at = at.replace(tzinfo=dt.UTC) if at.tzinfo is None else at
            return int(at.timestamp() * 1000)
        return int(clause.value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        wanted = "milliseconds or a date such as '2026-11-01'" if name in _TIMES else "a number"
        raise FilterRefused(f"{name} compares with {wanted}.") from None


def _dataset(clause: Clause, is_sqlite: bool) -> ColumnElement[bool]:
    columns: dict[str, Any] = {
        "name": Dataset.name,
        "digest": Dataset.digest,
        "context": RunInput.role,
    }
    if clause.key not in columns:
        raise FilterRefused("Datasets have name, digest and context to search by.")
    column = columns[clause.key]
    if isinstance(clause.value, tuple):
        holds: ColumnElement[bool] = column.in_(clause.value)
        holds = holds if clause.operator == "IN" else ~holds
    else:
        holds = compared(column, clause.operator, str(clause.value), is_sqlite)
    return (
        select(RunInput.id)
        .join(Dataset, Dataset.id == RunInput.dataset_id)
        .where(RunInput.run_id == Run.id, holds)
        .exists()
    )


def compared(
    column: Any, operator: str, value: str | float, is_sqlite: bool
) -> ColumnElement[bool]:
    """Compare a column; LIKE minds upper and lower case, ILIKE does not."""
    found: ColumnElement[bool]
    if operator == "LIKE" and is_sqlite:
        found = column.op("GLOB", is_comparison=True)(glob(str(value)))
    elif operator == "LIKE":
        found = column.like(str(value).replace("\\", "\\\\"))
    elif operator == "ILIKE":
        found = func.lower(column).like(str(value).lower().replace("\\", "\\\\"), escape="\\")
    else:
        found = {
            "=": column == value,
            "!=": column != value,
            "<": column < value,
            "<=": column <= value,
            ">": column > value,
            ">=": column >= value,
        }[operator]
    return found
