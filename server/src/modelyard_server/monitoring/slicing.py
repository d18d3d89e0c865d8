"""Quality of a part of the rows, and the search for the parts where a model is worst."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from modelyard_server.artifacts.ports import BlobStore
from modelyard_server.deployments import service as deployments
from modelyard_server.kernel import tenancy, trail
from modelyard_server.kernel.clock import utcnow
from modelyard_server.kernel.recent import Unchanged

from . import expressions, joined, outcome_hours, realised, slices, spans
from .delta import HOUR
from .models import CaptureSegment
from .outcome_schemas import QualityRange, SliceOut, SliceQuality, SlicesOut, Task

FEW = realised.FEW


@dataclass(frozen=True, slots=True)
class Worst:
    """Where a model was worst; `loss` of all rows. Kept rows of the time, and those read."""

    task: Task
    rows: int
    loss: float | None
    slices: list[SliceOut]
    rows_kept: int = 0
    rows_read: int = 0


_kept: Unchanged[Worst] = Unchanged(most=200)


def worst(
    db: Session,
    actor: trail.Who,
    blobs: BlobStore,
    deployment_id: uuid.UUID,
    asked: QualityRange,
) -> SlicesOut:
    """Find the parts of the inputs where the model loses most, from kept rows with outcomes.

    Raises:
        DeploymentMissing: there is no such deployment.
        NothingCaptured: no rows were kept in that time.
    """
    since, until = spans.bounds(spans.QUALITY[asked], utcnow())
    found = worst_between(db, actor, blobs, deployment_id, since, until)
    return SlicesOut(
        range=asked,
        task=found.task,
        rows=found.rows,
        rows_kept=found.rows_kept,
        rows_read=found.rows_read,
        loss=found.loss,
        slices=found.slices,
    )


def worst_between(
    db: Session,
    actor: trail.Who,
    blobs: BlobStore,
    deployment_id: uuid.UUID,
    since: dt.datetime,
    until: dt.datetime,
) -> Worst:
    """Find the parts of the inputs where the model lost most in a stretch of time.

    Raises:
        DeploymentMissing: there is no such deployment.
        NothingCaptured: no rows were kept in that time.
    """
    deployments.monitored_one(db, actor, deployment_id)
    key = (tenancy.workspace_of(db), deployment_id, since, until)
    state = _state(db, deployment_id, since, until)
    held = _kept.get(key, state)
    if held is not None:
        return held
    with joined.opened(db, blobs, deployment_id, since, until) as found:
        task, loss = found.rows.task, found.rows.losses()
        columns = ((name, found.column(name)) for name in found.columns)
        worse = slices.scan(columns, loss) if len(loss) else []
        told = [
            SliceOut.model_validate(asdict(one) | {"explain": _said(one, task)}) for one in worse
        ]
        mean = float(loss.mean()) if len(loss) else None
        made = Worst(task, len(loss), mean, told, found.kept, found.read)
    _kept.keep(key, state, made)
    return made


def of_condition(
    db: Session,
    actor: trail.Who,
    blobs: BlobStore,
    deployment_id: uuid.UUID,
    asked: QualityRange,
    condition: str,
) -> SliceQuality:
    """Give the quality of the rows that a condition on inputs chooses, beside all rows.

    Raises:
        DeploymentMissing: there is no such deployment.
        ConditionRefused: it is not a plain comparison of known inputs.
        NothingCaptured: no rows were kept in that time.
    """
    deployments.monitored_one(db, actor, deployment_id)
    since, until = spans.bounds(spans.QUALITY[asked], utcnow())
    found = joined.part(
        db,
        blobs,
        deployment_id,
        since,
        until,
        lambda names: expressions.condition(condition, names),
    )
    n, n_whole = len(found.rows.score), len(found.whole.score)
    return SliceQuality(
        range=asked,
        condition=condition,
        task=found.whole.task,
        n=n,
        n_whole=n_whole,
        few=n < FEW,
        rows_kept=found.kept,
        rows_read=found.read,
        measures=found.rows.measures() if n else [],
        whole=found.whole.measures() if n_whole else [],
    )


def _state(
    db: Session, deployment_id: uuid.UUID, since: dt.datetime, until: dt.datetime
) -> tuple[Any, ...]:
    """Name what an answer rests on: the same rows, the same outcomes."""
    own = select(CaptureSegment.id, CaptureSegment.rows).where(
        CaptureSegment.deployment_id == deployment_id,
        CaptureSegment.last_at >= since,
        CaptureSegment.first_at < until,
    )
    kept = frozenset((row[0], row[1]) for row in db.execute(own))
    first = int(since.timestamp()) // HOUR * HOUR
    return kept, outcome_hours.state(db, deployment_id, first, int(until.timestamp())) or object()


def _said(one: slices.Slice, task: Task) -> str:
    rows, where = f"on {one.rows} rows", f"{one.feature} {one.label}"
    here, there = one.loss, one.loss_elsewhere
    if task == "ranking":
        return f"{where}: NDCG {1 - here:.3f} {rows}, {1 - there:.3f} elsewhere."
    if task == "regression":
        return f"{where}: {here:.4g} off {rows}, {there:.4g} elsewhere."
    return f"{where}: {here:.1%} wrong {rows}, {there:.1%} elsewhere."
