"""Constraints of a deployment: reading, changing, and how live rows keep them."""

from __future__ import annotations

import uuid
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from modelyard_server.deployments import service as deployments
from modelyard_server.kernel import trail
from modelyard_server.kernel.clock import utcnow

from . import constraint_counts, constraints, explain, measuring, spans
from .constraint_counts import Kept
from .constraint_schemas import (
    MOST_COLUMNS,
    BrokenRow,
    CheckResult,
    ColumnConstraint,
    ConstraintsOut,
    ConstraintsPut,
    ViolationsOut,
)
from .constraints import Judged
from .errors import ConstraintsMoved
from .models import ConstraintSet
from .ports import Catalogue
from .profile import Origin
from .schemas import Window
from .service import loader


def read(
    db: Session, actor: trail.Who, catalogue: Catalogue, deployment_id: uuid.UUID
) -> ConstraintsOut:
    """Give what is asked of a deployment's columns, and what its baseline proposes.

    Raises:
        DeploymentMissing: there is no such deployment.
    """
    subject = deployments.monitored_one(db, actor, deployment_id)
    version = measuring.watched_version(subject)
    revision = max((n for n, v in subject.versions.items() if v == version), default=0)
    reference = loader(catalogue)(db, subject, version)
    columns = list(reference.columns.values()) if reference else []
    signature = catalogue.signature(db, deployment_id, revision)
    row = _find(db, deployment_id)
    return ConstraintsOut(
        version=row.version if row else 0,
        columns=_columns(row),
        proposed=[constraints.propose(one, signature) for one in columns[:MOST_COLUMNS]],
        source=reference.name if reference else None,
        is_provisional=any(one.origin is Origin.provisional for one in columns),
        updated_at=row.updated_at if row else None,
        updated_by_name=row.updated_by_name if row else None,
    )


def change(
    db: Session,
    actor: trail.Who,
    catalogue: Catalogue,
    deployment_id: uuid.UUID,
    wanted: ConstraintsPut,
) -> ConstraintsOut:
    """Choose what is asked of columns from now on; rows that were counted are not asked again.

    Raises:
        DeploymentMissing: there is no such deployment.
        ConstraintsMoved: somebody changed them since they were read.
    """
    subject = deployments.monitored_one(db, actor, deployment_id)
    row = _find(db, deployment_id, lock=True)
    held = row.version if row else 0
    if wanted.based_on is not None and wanted.based_on != held:
        raise ConstraintsMoved("Somebody changed the constraints meanwhile; read them again.")
    before = None if row is None else _facts(row)
    if row is None:
        row = ConstraintSet(deployment_id=deployment_id)
        db.add(row)
    row.version = held + 1
    row.columns = [one.model_dump(mode="json", exclude_none=True) for one in wanted.columns]
    row.updated_at, row.updated_by_name = utcnow(), actor.name
    db.flush()
    measuring.forget()
    trail.record(
        db,
        actor,
        "monitoring.constraints_changed",
        object_type="deployment",
        object_id=deployment_id,
        object_name=subject.name,
        before=before,
        after=_facts(row),
    )
    return read(db, actor, catalogue, deployment_id)


def violations(
    db: Session, actor: trail.Who, deployment_id: uuid.UUID, window: Window
) -> ViolationsOut:
    """Tell how the rows of a window kept the constraints, broken checks first.

    Raises:
        DeploymentMissing: there is no such deployment.
    """
    deployments.monitored_one(db, actor, deployment_id)
    since, until = spans.bounds(spans.DRIFT[window], utcnow())
    kept = constraint_counts.judge(db, deployment_id, since, until)
    status, reason = told(kept)
    return ViolationsOut(
        window=window,
        since=kept.since if kept else since,
        until=until,
        version=kept.asked.version if kept else 0,
        status=status,
        reason=reason,
        rows=kept.rows if kept else 0,
        checks=[_check(one) for one in kept.judged] if kept else [],
    )


def told(kept: Kept | None) -> tuple[Literal["ok", "broken", "no_data", "none"], str]:
    """Say in a word and a sentence how constraints were kept."""
    if kept is None:
        return "none", explain.NOTHING_ASKED
    if not kept.rows:
        return "no_data", explain.NOTHING_CHECKED
    broken = kept.broken
    if broken:
        return "broken", explain.not_kept([one.explain for one in broken], len(kept.judged))
    return "ok", explain.kept(len(kept.judged), kept.rows)


def _check(one: Judged) -> CheckResult:
    return CheckResult(
        column=one.column,
        check=one.check,
        status="no_data" if not one.values else "broken" if one.is_broken else "ok",
        values=one.values,
        broken=one.broken,
        share=one.share,
        allowed_share=one.allowed_share,
        explain=one.explain,
        examples=[BrokenRow(prediction_id=i, row=n) for i, n in reversed(one.examples)],
    )


def _find(db: Session, deployment_id: uuid.UUID, *, lock: bool = False) -> ConstraintSet | None:
    query = select(ConstraintSet).where(ConstraintSet.deployment_id == deployment_id)
    return db.scalar(query.with_for_update() if lock else query)


def _columns(row: ConstraintSet | None) -> list[ColumnConstraint]:
    return [ColumnConstraint.model_validate(one) for one in row.columns] if row else []


def _facts(row: ConstraintSet) -> dict[str, Any]:
    return {"version": row.version, "columns": list(row.columns)}
