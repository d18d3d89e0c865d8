"""Quality of a part of the rows, and the search for the parts where a model is worst."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from modelyard_server.artifacts.ports import BlobStore
from modelyard_server.deployments import service as deployments
from modelyard_server.kernel import trail
from modelyard_server.kernel.clock import utcnow
from modelyard_server.kernel.lazily import lazily

from . import expressions, joined, quality, realised, scored, slices, spans
from .joined import Joined
from .outcome_schemas import (
    Measure,
    QualityRange,
    SliceOut,
    SliceQuality,
    SlicesOut,
    Task,
)
from .quality import Floats

if TYPE_CHECKING:
    import numpy as np
else:
    np = lazily("numpy")


FEW = realised.FEW


@dataclass(frozen=True, slots=True)
class Worst:
    """Where a model was worst; `loss` of all rows."""

    task: Task
    rows: int
    loss: float | None
    slices: list[SliceOut]


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
        TooManyRows: they are too many for one question.
    """
    since, until = spans.bounds(spans.QUALITY[asked], utcnow())
    found = worst_between(db, actor, blobs, deployment_id, since, until)
    return SlicesOut(
        range=asked, task=found.task, rows=found.rows, loss=found.loss, slices=found.slices
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
        TooManyRows: they are too many for one question.
    """
    deployments.monitored_one(db, actor, deployment_id)
    rows = joined.read(db, blobs, deployment_id, since, until)
    task = realised.task_of(db, deployment_id, since, until)
    loss = loss_of(rows, task)
    found = slices.scan(rows.columns, loss) if len(rows) else []
    told = [SliceOut.model_validate(asdict(one) | {"explain": _said(one, task)}) for one in found]
    return Worst(task, len(rows), float(loss.mean()) if len(rows) else None, told)


def of_condition(
    db: Session,
    actor: trail.Who,
    blobs: BlobStore,
    deployment_id: uuid.UUID,
    asked: QualityRange,
    condition: str,
) -> SliceQuality:
    """Give the quality of the rows that a condition on inputs chooses.

    Raises:
        DeploymentMissing: there is no such deployment.
        ConditionRefused: the condition cannot be asked.
        NothingCaptured: no rows were kept in that time.
        TooManyRows: they are too many for one question.
    """
    deployments.monitored_one(db, actor, deployment_id)
    since, until = spans.bounds(spans.QUALITY[asked], utcnow())
    whole = joined.read(db, blobs, deployment_id, since, until)
    written = expressions.condition(condition, whole.columns)
    rows = joined.read(db, blobs, deployment_id, since, until, written)
    task = realised.task_of(db, deployment_id, since, until)
    return SliceQuality(
        range=asked,
        condition=condition,
        task=task,
        n=len(rows),
        n_whole=len(whole),
        few=len(rows) < FEW,
        measures=_measures(rows, task),
        whole=_measures(whole, task),
    )


def loss_of(rows: Joined, task: Task) -> Floats:
    """Give what each row lost: 1 for a wrong class, the distance for a number."""
    if task == "regression":
        return np.abs(rows.predicted_number - rows.actual_number)
    pairs = zip(rows.predicted, rows.actual, strict=True)
    return np.array([float(said != was) for said, was in pairs])


def _measures(rows: Joined, task: Task) -> list[Measure]:
    if not len(rows):
        return []
    if task == "regression":
        return quality.regression(rows.predicted_number, rows.actual_number)
    pairs: dict[tuple[str, str], int] = {}
    for pair in zip(rows.predicted, rows.actual, strict=True):
        pairs[pair] = pairs.get(pair, 0) + 1
    found = quality.classification(pairs)
    known = np.isfinite(rows.score)
    if known.all():
        hits = np.array([float(realised.is_positive(was)) for was in rows.actual])
        found += scored.measures(rows.score, hits)
    return found


def _said(one: slices.Slice, task: Task) -> str:
    what = "wrong" if task == "classification" else "off"
    here = f"{one.loss:.1%}" if task == "classification" else f"{one.loss:.4g}"
    there = f"{one.loss_elsewhere:.1%}" if task == "classification" else f"{one.loss_elsewhere:.4g}"
    return f"{one.feature} {one.label}: {here} {what} on {one.rows} rows, {there} elsewhere."
