"""Find runs: MLflow's filters and sort keys as one bound SQL statement."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, select
from sqlalchemy.orm import Session, aliased

from . import keys
from .errors import FilterRefused
from .filters import Clause, Order, glob
from .models import Dataset, Run, RunInput
from .records import PREFIX_LENGTH, RunMetric, RunParam, RunTag

_TEXTS: dict[str, Any] = {
    "run_id": Run.uid,
    "run_uuid": Run.uid,
    "run_name": Run.name,
    "run name": Run.name,
    "status": Run.status,
    "user_id": Run.user_name,
    "user": Run.user_name,
}
_NUMBERS: dict[str, Any] = {
    "start_time": Run.started_ms,
    "created": Run.started_ms,
    "end_time": Run.ended_ms,
    "experiment_id": Run.experiment_id,
}
# Said with a column: SQLAlchemy folds a plain FALSE, and the tenant's condition with it.
_NONE: ColumnElement[bool] = Run.id.is_(None)
_EVERY: ColumnElement[bool] = Run.id.is_not(None)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which runs. `stages` are lifecycle stages."""

    experiment_ids: Sequence[int]
    stages: Sequence[str]
    clauses: Sequence[Clause]
    orders: Sequence[Order]


def find(db: Session, wanted: Wanted, *, limit: int, offset: int = 0) -> list[Run]:
    """List runs in order; ties are broken by start, newest first, then by id.

    Raises:
        FilterRefused: something cannot be compared or sorted by.
    """
    query = _filtered(db, select(Run), wanted)
    numbers = keys.known(db, [o.key for o in wanted.orders if o.kind != "attribute"])
    by: list[ColumnElement[Any]] = []
    for order in wanted.orders:
        query, columns = _ordered(query, order, numbers.get(order.key))
        by += columns
    by += [Run.started_ms.desc(), Run.id.desc()]
    return list(db.scalars(query.order_by(*by).limit(limit).offset(offset)))


def count(db: Session, wanted: Wanted) -> int:
    """Count the runs."""
    return int(db.scalar(_filtered(db, select(func.count(Run.id)), wanted)) or 0)


def _filtered(db: Session, query: Select[Any], wanted: Wanted) -> Select[Any]:
    query = query.where(
        Run.experiment_id.in_(wanted.experiment_ids), Run.lifecycle_stage.in_(wanted.stages)
    )
    logged = [c.key for c in wanted.clauses if c.kind in {"metric", "param", "tag"}]
    numbers = keys.known(db, logged)
    is_sqlite = db.get_bind().dialect.name == "sqlite"
    for clause in wanted.clauses:
        query = query.where(_condition(clause, numbers.get(clause.key), is_sqlite))
    return query


def _condition(clause: Clause, number: int | None, is_sqlite: bool) -> ColumnElement[bool]:
    if clause.kind == "attribute":
        return _attribute(clause, is_sqlite)
    if clause.kind == "dataset":
        return _dataset(clause, is_sqlite)
    if clause.kind == "metric":
        return _metric(clause, number)
    table: Any = aliased(RunParam if clause.kind == "param" else RunTag)
    if number is None:  # no run has the key
        return _EVERY if clause.operator == "IS NULL" else _NONE
    has = and_(table.id == Run.id, table.key_id == number)
    if clause.operator in {"IS NULL", "IS NOT NULL"}:
        exists = select(table.key_id).where(has).exists()
        return ~exists if clause.operator == "IS NULL" else exists
    value = str(clause.value)
    compared = _compared(table.value, clause.operator, value, is_sqlite)
    if clause.operator == "=":
        compared = and_(table.value_prefix == value[:PREFIX_LENGTH], compared)
    return select(table.key_id).where(has, compared).exists()


def _metric(clause: Clause, number: int | None) -> ColumnElement[bool]:
    if number is None:
        return _NONE
    table = aliased(RunMetric)
    assert isinstance(clause.value, int | float)  # noqa: S101 - the grammar allows nothing else
    return (
        select(table.key_id)
        .where(
            table.id == Run.id,
            table.key_id == number,
            table.is_nan.is_(False),
            _compared(table.value, clause.operator, float(clause.value), False),
        )
        .exists()
    )


def _attribute(clause: Clause, is_sqlite: bool) -> ColumnElement[bool]:
    name = clause.key.lower()
    if name in _TEXTS:
        if isinstance(clause.value, tuple):
            found: ColumnElement[bool] = _TEXTS[name].in_(clause.value)
            return found if clause.operator == "IN" else ~found
        if not isinstance(clause.value, str) or clause.operator in {"<", "<=", ">", ">="}:
            raise FilterRefused(f"{name} compares with text in quotes, by = != LIKE ILIKE IN.")
        return _compared(_TEXTS[name], clause.operator, clause.value, is_sqlite)
    if name in _NUMBERS:
        try:
            number = int(clause.value)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            raise FilterRefused(f"{name} compares with a number.") from None
        if clause.operator not in {"=", "!=", "<", "<=", ">", ">="}:
            raise FilterRefused(f"{clause.operator} does not work with {name}.")
        return _compared(_NUMBERS[name], clause.operator, number, is_sqlite)
    raise FilterRefused(f"Runs have no attribute {clause.key[:80]!r} to search by.")


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
        compared: ColumnElement[bool] = column.in_(clause.value)
        compared = compared if clause.operator == "IN" else ~compared
    else:
        compared = _compared(column, clause.operator, str(clause.value), is_sqlite)
    return (
        select(RunInput.id)
        .join(Dataset, Dataset.id == RunInput.dataset_id)
        .where(RunInput.run_id == Run.id, compared)
        .exists()
    )


def _compared(
    column: Any, operator: str, value: str | float, is_sqlite: bool
) -> ColumnElement[bool]:
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


def _ordered(
    query: Select[Any], order: Order, number: int | None
) -> tuple[Select[Any], list[ColumnElement[Any]]]:
    """Runs that lack the value come last, either way."""
    if order.kind == "attribute":
        column = {**_TEXTS, **_NUMBERS}.get(order.key.lower())
        if column is None:
            raise FilterRefused(f"Runs cannot be sorted by {order.key[:80]!r}.")
        return query, [column.is_(None), column.asc() if order.is_ascending else column.desc()]
    tables: dict[str, Any] = {"metric": RunMetric, "param": RunParam, "tag": RunTag}
    if order.kind not in tables:
        raise FilterRefused("Runs can be sorted by attributes, metrics, params and tags.")
    if number is None:
        return query, []
    table = aliased(tables[order.kind])
    query = query.outerjoin(table, and_(table.id == Run.id, table.key_id == number))
    by: list[ColumnElement[Any]] = [table.key_id.is_(None)]
    if order.kind == "metric":
        by.append(table.is_nan)
    by.append(table.value.asc() if order.is_ascending else table.value.desc())
    return query, by


def active_and_deleted(view: str | None) -> Collection[str]:
    """Translate MLflow's view types to lifecycle stages.

    Raises:
        FilterRefused: it is none of them.
    """
    stages = {
        "ACTIVE_ONLY": ["active"],
        "DELETED_ONLY": ["deleted"],
        "ALL": ["active", "deleted"],
    }
    if (view or "ACTIVE_ONLY") not in stages:
        raise FilterRefused(f"A view is one of {', '.join(stages)}.")
    return stages[view or "ACTIVE_ONLY"]
