"""Finds models and versions by MLflow's grammar, and reads what their answers show in bulk."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, and_, func, not_, select
from sqlalchemy.orm import Session

from .filters import Attribute, Clause, parse, parse_order
from .models import Alias, Model, ModelTag, ModelVersion, VersionTag
from .service import PROMPT_TAG

MODEL_ATTRIBUTES = {
    "name": Attribute(in_lists=True),
    "creation_timestamp": Attribute(is_number=True),
    "last_updated_timestamp": Attribute(is_number=True),
}
VERSION_ATTRIBUTES = {
    "name": Attribute(in_lists=True),
    "version_number": Attribute(is_number=True),
    "run_id": Attribute(in_lists=True),
    "source_path": Attribute(),
    "creation_timestamp": Attribute(is_number=True),
    "last_updated_timestamp": Attribute(is_number=True),
}
_MODEL_ORDER = frozenset({"name", "last_updated_timestamp"})
_VERSION_ORDER = frozenset(
    {"name", "version_number", "creation_timestamp", "last_updated_timestamp"}
)
_MODEL_ALIASES = {"timestamp": "last_updated_timestamp"}
_MODEL_COLUMNS: dict[str, Any] = {
    "name": Model.name,
    "creation_timestamp": Model.created_at,
    "last_updated_timestamp": Model.updated_at,
}
_VERSION_COLUMNS: dict[str, Any] = {
    "name": Model.name,
    "version_number": ModelVersion.number,
    "run_id": ModelVersion.run_id,
    "source_path": ModelVersion.source,
    "creation_timestamp": ModelVersion.created_at,
    "last_updated_timestamp": ModelVersion.updated_at,
}


@dataclass(frozen=True, slots=True)
class Labels:
    """Tags and aliases of the rows of one page."""

    tags: dict[uuid.UUID, dict[str, str]]
    aliases: dict[uuid.UUID, dict[str, int]]
    """Model id → alias → version number."""
    of_version: dict[uuid.UUID, list[str]] = field(default_factory=dict)
    """Version id → its aliases."""


def _asks_for_prompts(clause: Clause) -> bool:
    """Tell whether a clause is about prompts: a search without one gives models only."""
    return clause.entity == "tag" and clause.key == PROMPT_TAG


def models(db: Session, text: str, order_by: list[str], *, offset: int, limit: int) -> list[Model]:
    """Find models. Gives one more than `limit` when there are more."""
    query = select(Model)
    clauses = parse(text, MODEL_ATTRIBUTES)
    if not any(_asks_for_prompts(clause) for clause in clauses):
        query = query.where(~Model.is_prompt)
    for clause in clauses:
        query = query.where(
            _tag_condition(db, ModelTag, ModelTag.model_id == Model.id, clause)
            if clause.entity == "tag"
            else _condition(db, _MODEL_COLUMNS[clause.key], clause)
        )
    order = parse_order(order_by, _MODEL_ORDER, _MODEL_ALIASES)
    for key, ascending in [*order, ("name", True)]:
        column = _MODEL_COLUMNS[key]
        query = query.order_by(column.asc() if ascending else column.desc())
    return list(db.scalars(query.offset(offset).limit(limit + 1)))


def versions(
    db: Session, text: str, order_by: list[str], *, offset: int, limit: int
) -> list[tuple[ModelVersion, Model]]:
    """Find versions with their models. Gives one more than `limit` when there are more."""
    query = select(ModelVersion, Model).join(Model, ModelVersion.model_id == Model.id)
    clauses = parse(text, VERSION_ATTRIBUTES)
    if not any(_asks_for_prompts(clause) for clause in clauses):
        query = query.where(~Model.is_prompt)
    for clause in clauses:
        query = query.where(
            _tag_condition(db, VersionTag, VersionTag.version_id == ModelVersion.id, clause)
            if clause.entity == "tag"
            else _condition(db, _VERSION_COLUMNS[clause.key], clause)
        )
    order = parse_order(order_by, _VERSION_ORDER)
    newest = [] if order else [("last_updated_timestamp", False)]
    for key, ascending in [*order, *newest, ("name", True), ("version_number", False)]:
        column = _VERSION_COLUMNS[key]
        query = query.order_by(column.asc() if ascending else column.desc())
    return [(row[0], row[1]) for row in db.execute(query.offset(offset).limit(limit + 1))]


def latest_versions(
    db: Session, model_ids: Sequence[uuid.UUID], *, per_stage: bool
) -> dict[uuid.UUID, list[ModelVersion]]:
    """Give the newest version of each model (of each of its stages) in one query."""
    if not model_ids:
        return {}
    group = [ModelVersion.model_id, *([ModelVersion.stage] if per_stage else [])]
    newest = (
        select(ModelVersion.model_id, func.max(ModelVersion.number).label("number"))
        .where(ModelVersion.model_id.in_(model_ids))
        .group_by(*group)
        .subquery()
    )
    rows = db.scalars(
        select(ModelVersion)
        .join(
            newest,
            and_(
                newest.c.model_id == ModelVersion.model_id,
                newest.c.number == ModelVersion.number,
            ),
        )
        .order_by(ModelVersion.number)
    )
    found: dict[uuid.UUID, list[ModelVersion]] = defaultdict(list)
    for row in rows:
        found[row.model_id].append(row)
    return found


def labels_of_models(db: Session, model_ids: Sequence[uuid.UUID]) -> Labels:
    """Read tags and aliases of many models in two queries."""
    labels = Labels(defaultdict(dict), defaultdict(dict), defaultdict(list))
    if not model_ids:
        return labels
    tags = select(ModelTag).where(ModelTag.model_id.in_(model_ids)).order_by(ModelTag.key)
    for tag in db.scalars(tags):
        labels.tags[tag.model_id][tag.key] = tag.value
    aliases = select(Alias).where(Alias.model_id.in_(model_ids)).order_by(Alias.alias)
    for alias in db.scalars(aliases):
        labels.aliases[alias.model_id][alias.alias] = alias.number
        labels.of_version[alias.version_id].append(alias.alias)
    return labels


def labels_of_versions(db: Session, version_ids: Sequence[uuid.UUID]) -> Labels:
    """Read tags and aliases of many versions in two queries."""
    labels = Labels(defaultdict(dict), defaultdict(dict), defaultdict(list))
    if not version_ids:
        return labels
    tags = select(VersionTag).where(VersionTag.version_id.in_(version_ids))
    for tag in db.scalars(tags.order_by(VersionTag.key)):
        labels.tags[tag.version_id][tag.key] = tag.value
    aliases = select(Alias).where(Alias.version_id.in_(version_ids))
    for alias in db.scalars(aliases.order_by(Alias.alias)):
        labels.of_version[alias.version_id].append(alias.alias)
    return labels


def _condition(db: Session, column: Any, clause: Clause) -> ColumnElement[bool]:
    value: Any = clause.value
    if isinstance(value, tuple):
        chosen: ColumnElement[bool] = column.in_(value)
        return not_(chosen) if clause.operator == "NOT IN" else chosen
    if clause.key.endswith("_timestamp"):
        value = _instant(value)
    if clause.operator == "LIKE":
        return like(db, column, str(value))
    if clause.operator == "ILIKE":
        matches: ColumnElement[bool] = column.ilike(value)
        return matches
    compared: ColumnElement[bool] = column.op(clause.operator, is_comparison=True)(value)
    return compared


def like(db: Session, column: Any, pattern: str) -> ColumnElement[bool]:
    """Match case-sensitively on both databases: SQLite's LIKE ignores case, its GLOB does not."""
    if db.get_bind().dialect.name != "sqlite":
        matches: ColumnElement[bool] = column.like(pattern)
        return matches
    glob = "".join(
        {"%": "*", "_": "?", "*": "[*]", "?": "[?]", "[": "[[]"}.get(c, c) for c in pattern
    )
    globbed: ColumnElement[bool] = column.op("GLOB", is_comparison=True)(glob)
    return globbed


def _tag_condition(
    db: Session, table: Any, link: ColumnElement[bool], clause: Clause
) -> ColumnElement[bool]:
    """Match rows that have the tag with such a value.

    The prompt tag is special in MLflow: rows without it count as `'false'`.
    """
    asks_for_models = (clause.operator, clause.value) in {("!=", "true"), ("=", "false")}
    if clause.key == PROMPT_TAG and asks_for_models:
        return (
            ~select(table.id).where(link, table.key == PROMPT_TAG, table.value == "true").exists()
        )
    value = _condition(db, table.value, Clause("tag", "value", clause.operator, clause.value))
    return select(table.id).where(link, table.key == clause.key, value).exists()


def _instant(milliseconds: int) -> dt.datetime:
    try:
        return dt.datetime.fromtimestamp(milliseconds / 1000, dt.UTC)
    except (OverflowError, ValueError, OSError):
        return dt.datetime.max.replace(tzinfo=dt.UTC)
