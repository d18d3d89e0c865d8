"""Builds what the registry's own routes answer, a page at a time."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, undefer

from modelyard_protocol.package import Column, Signature

from . import obstacles, protected, search
from .errors import VersionMissing
from .models import Check, CheckName, Model, ModelVersion, ScanVerdict
from .ports import ServedVersions
from .schemas import CheckOut, ColumnOut, ModelOut, ScanOut, VersionOut

_CHECK_ORDER = {name: position for position, name in enumerate(CheckName)}


def models_out(db: Session, rows: Sequence[Model], served: ServedVersions) -> list[ModelOut]:
    """Show models; six queries however many there are."""
    ids = [model.id for model in rows]
    labels = search.labels_of_models(db, ids)
    latest = search.latest_versions(db, ids, per_stage=False)
    counts = _version_counts(db, ids)
    deployments = served.deployments_of_models(db, ids) if ids else {}
    held = protected.names(db)
    shown = []
    for model in rows:
        newest = next(iter(latest.get(model.id, [])), None)
        shown.append(
            ModelOut(
                id=model.id,
                name=model.name,
                description=model.description,
                tags=labels.tags.get(model.id, {}),
                aliases=labels.aliases.get(model.id, {}),
                latest_version=newest.number if newest else None,
                version_count=counts.get(model.id, 0),
                framework=newest.framework if newest else None,
                created_at=model.created_at,
                updated_at=model.updated_at,
                created_by_name=model.created_by_name,
                is_sample=model.is_sample,
                deployments=deployments.get(model.id, []),
                licence=model.licence,
                task=model.task,
                owner_id=model.owner_id,
                owner_name=model.owner_name or model.created_by_name,
                protected_aliases=held,
            )
        )
    return shown


def versions_out(db: Session, model: Model, rows: Sequence[ModelVersion]) -> list[VersionOut]:
    """Show versions of one model; four queries however many there are."""
    ids = [version.id for version in rows]
    labels = search.labels_of_versions(db, ids)
    checks = _checks(db, ids)
    scans = obstacles.of(db, [row.digest for row in rows])
    return [
        VersionOut(
            model_id=model.id,
            model_name=model.name,
            version=row.number,
            description=row.description,
            stage=row.stage,
            status=row.status,
            status_message=row.status_message,
            run_id=row.run_id,
            source=row.source,
            digest=row.digest,
            size_bytes=row.size_bytes,
            framework=row.framework,
            flavors=row.flavors,
            inputs=_columns(Signature.model_validate(row.signature).inputs),
            outputs=_columns(Signature.model_validate(row.signature).outputs),
            input_example=row.input_example,
            reference_prediction=row.reference_prediction,
            reference_source=row.reference_source,
            requirements=row.requirements,
            python_version=row.python_version,
            aliases=labels.of_version.get(row.id, []),
            tags=labels.tags.get(row.id, {}),
            checks=checks.get(row.id, []),
            scan=_scan(scans.get(row.digest or "")),
            obstacle=obstacles.obstacle(scans.get(row.digest or "")),
            created_at=row.created_at,
            created_by_name=row.created_by_name,
        )
        for row in rows
    ]


def newest_models(
    db: Session, q: str | None, after: tuple[str, str] | None, limit: int
) -> list[Model]:
    """Give a page of models, last changed first; one more than `limit` when there are more."""
    query = select(Model).where(~Model.is_prompt)
    if q:
        query = query.where(Model.name.icontains(q, autoescape=True))
    if after is not None:
        at, model_id = _position(after)
        query = query.where(
            (Model.updated_at < at) | ((Model.updated_at == at) & (Model.id < model_id))
        )
    return list(
        db.scalars(query.order_by(Model.updated_at.desc(), Model.id.desc()).limit(limit + 1))
    )


def newest_versions(
    db: Session, model: Model, before: int | None, limit: int
) -> list[ModelVersion]:
    """Give a page of a model's versions, newest first; one more when there are more."""
    query = _whole_versions().where(ModelVersion.model_id == model.id)
    if before is not None:
        query = query.where(ModelVersion.number < before)
    return list(db.scalars(query.order_by(ModelVersion.number.desc()).limit(limit + 1)))


def one_version(db: Session, model: Model, number: int) -> ModelVersion:
    """Give one version with everything its page shows.

    Raises:
        VersionMissing: the model has no such version.
    """
    query = _whole_versions().where(ModelVersion.model_id == model.id)
    row = db.scalar(query.where(ModelVersion.number == number))
    if row is None:
        raise VersionMissing(f"{model.name} has no version {number}.")
    return row


def _whole_versions() -> Select[ModelVersion]:
    return select(ModelVersion).options(
        undefer(ModelVersion.input_example), undefer(ModelVersion.reference_prediction)
    )


def _position(after: tuple[str, str]) -> tuple[dt.datetime, uuid.UUID]:
    return dt.datetime.fromisoformat(after[0]), uuid.UUID(after[1])


def _version_counts(db: Session, model_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, int]:
    if not model_ids:
        return {}
    rows = db.execute(
        select(ModelVersion.model_id, func.count())
        .where(ModelVersion.model_id.in_(model_ids))
        .group_by(ModelVersion.model_id)
    )
    return {row[0]: row[1] for row in rows}


def _checks(db: Session, version_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[CheckOut]]:
    found: dict[uuid.UUID, list[CheckOut]] = defaultdict(list)
    if not version_ids:
        return found
    rows = db.scalars(select(Check).where(Check.version_id.in_(version_ids))).all()
    for row in sorted(rows, key=lambda check: _CHECK_ORDER[CheckName(check.name)]):
        found[row.version_id].append(CheckOut.model_validate(row, from_attributes=True))
    return found


def _scan(row: ScanVerdict | None) -> ScanOut | None:
    return None if row is None else ScanOut.model_validate(row)


def _columns(columns: Sequence[Column]) -> list[ColumnOut]:
    return [
        ColumnOut(
            name=column.name,
            dtype=column.dtype,
            required=column.required,
            shape=list(column.shape) if column.shape is not None else None,
        )
        for column in columns
    ]
