"""Experiments, runs and logged models brought from elsewhere, with their ids and times."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from modelyard_server.kernel import trail

from . import experiments, ingest, inputs, logged_models, runs
from .errors import NotActive, RunMissing, ValueRefused
from .inputs import NewDataset
from .models import ACTIVE, DELETED, Experiment, ExperimentNumber, LoggedModel, Run

_RUN_ID = re.compile(r"[0-9a-f]{32}")
_MODEL_ID = re.compile(r"m-[0-9a-f]{32}")
_SMALL = 1_000_000_000
"""Ids below are counted up by us; larger ones are random at their source and never met again."""


@dataclass(frozen=True, slots=True)
class KeptRun:
    """A run as it was. Times are milliseconds since 1970."""

    source_id: str
    experiment_id: str
    name: str
    user_name: str
    status: str
    started_ms: int
    ended_ms: int | None
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    datasets: Sequence[NewDataset] = ()


@dataclass(frozen=True, slots=True)
class KeptModel:
    """A logged model as it was. Times are milliseconds since 1970."""

    source_id: str
    experiment_id: str
    run_id: str | None
    name: str
    model_type: str | None
    status: str
    created_ms: int
    updated_ms: int
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)


def put_experiment(
    db: Session,
    actor: trail.Who,
    source_id: str,
    name: str,
    tags: dict[str, str],
    *,
    created_ms: int | None,
    updated_ms: int | None,
) -> Experiment:
    """Make an experiment with the id it had, if that is free; one of the same name is taken over.

    Raises:
        NotActive: an experiment of this name is deleted here.
        ValueRefused: the name or a tag is not acceptable.
    """
    experiments.ensure_default(db)
    row = db.scalars(select(Experiment).where(Experiment.name == name)).one_or_none()
    if row is not None:
        if row.lifecycle_stage != ACTIVE:
            raise NotActive(f"Experiment {name[:80]} is deleted here. Restore it, or remove it.")
        row.tags = {**tags, **row.tags}
        return row
    row = experiments.create(db, actor, name, tags, number=_free_number(db, source_id))
    row.created_at = _instant(created_ms) or row.created_at
    row.updated_at = _instant(updated_ms) or row.updated_at
    db.flush()
    return row


def put_run(db: Session, actor: trail.Who, kept: KeptRun) -> Run:
    """Make a run, or complete one that is here; its id stays when it is one of MLflow's.

    Raises:
        ExperimentMissing: there is no such experiment.
        ParamChanged: a parameter has another value here.
        ValueRefused: a status, name or value is not acceptable.
    """
    experiment = experiments.get(db, kept.experiment_id)
    if kept.status not in runs.STATUSES:
        raise ValueRefused(f"A run's status is one of {', '.join(runs.STATUSES)}.")
    uid = run_id_of(kept.source_id)
    row = db.scalars(select(Run).where(Run.uid == uid)).one_or_none()
    if row is None:
        row = Run(
            id=runs.time_ordered_number(),
            uid=uid,
            experiment_id=experiment.id,
            name=kept.name,
            user_name=kept.user_name or actor.name[:256],
            status=kept.status,
            lifecycle_stage=ACTIVE,
            started_ms=kept.started_ms,
            ended_ms=kept.ended_ms,
        )
        db.add(row)
        trail.record(
            db,
            actor,
            "runs.import",
            object_type="run",
            object_id=uid,
            object_name=kept.name,
            after={"experiment": experiment.name, "source_id": kept.source_id},
        )
    else:
        row.name, row.status, row.ended_ms = kept.name, kept.status, kept.ended_ms
        row.lifecycle_stage, row.deleted_ms = ACTIVE, None
    db.flush()
    target = ingest.target(db, uid)
    ingest.write_params(db, target, kept.params.items())
    ingest.write_tags(db, target, {**kept.tags, runs.NAME_TAG: kept.name})
    inputs.log_datasets(db, target, kept.datasets)
    return row


def put_logged_model(db: Session, actor: trail.Who, kept: KeptModel) -> LoggedModel:
    """Make a logged model with the id it had.

    Raises:
        ExperimentMissing: there is no such experiment.
        RunMissing: there is no such run.
        ValueRefused: its id is none of MLflow's, or its status is unknown.
    """
    if not _MODEL_ID.fullmatch(kept.source_id):
        raise ValueRefused("A logged model's id is `m-` and 32 hexadecimal digits.")
    if kept.status not in logged_models.STATUSES:
        raise ValueRefused(f"A status is one of {', '.join(logged_models.STATUSES)}.")
    experiment = experiments.get(db, kept.experiment_id)
    run = runs.get(db, kept.run_id) if kept.run_id else None
    row = db.scalars(select(LoggedModel).where(LoggedModel.id == kept.source_id)).one_or_none()
    if row is None:
        row = LoggedModel(
            id=kept.source_id,
            experiment_id=experiment.id,
            source_run_id=kept.run_id,
            name=kept.name,
            model_type=kept.model_type,
            status_message=None,
            lifecycle_stage=ACTIVE,
            created_ms=kept.created_ms,
        )
        db.add(row)
    row.status, row.updated_ms = kept.status, kept.updated_ms
    row.params, row.tags = kept.params, kept.tags
    db.flush()
    trail.record(
        db,
        actor,
        "logged_models.import",
        object_type="logged_model",
        object_id=row.id,
        object_name=row.name,
        after={"run": kept.run_id, "status": kept.status},
    )
    if run is not None:
        inputs.log_models(db, ingest.target_of(run), [(row.id, 0)], is_output=True)
    return row


def put_points(db: Session, run_id: str, points: Iterable[tuple[str, float, int, int]]) -> None:
    """Add (key, value, time, step) to a run; what is here already changes nothing.

    Raises:
        RunMissing: there is no such run.
        NotActive: it is deleted.
    """
    ingest.write_points(db, ingest.target(db, run_id), ingest.grouped(points))


def hide_run(db: Session, run_id: str) -> None:
    """Mark a run as deleted, as it was at its source."""
    row = runs.get(db, run_id)
    row.lifecycle_stage, row.deleted_ms = DELETED, runs.now_ms()


def hide_experiment(db: Session, experiment_id: str) -> None:
    """Mark an experiment as deleted, as it was at its source; Default stays."""
    row = experiments.get(db, experiment_id)
    if row.id != experiments.DEFAULT_ID:
        row.lifecycle_stage = DELETED


def run_exists(db: Session, run_id: str) -> bool:
    """Tell whether a run is here."""
    try:
        runs.get(db, run_id)
    except RunMissing:
        return False
    return True


def run_id_of(source_id: str) -> str:
    """Give the id a run has here: its own if it is one of MLflow's, else one made from it."""
    if _RUN_ID.fullmatch(source_id):
        return source_id
    return hashlib.sha256(f"run {source_id}".encode()).hexdigest()[:32]


def _free_number(db: Session, source_id: str) -> int | None:
    """Give the source's number if nobody has it, and count on behind it."""
    is_number = source_id.isascii() and source_id.isdigit() and len(source_id) < 18
    number = int(source_id) if is_number else 0
    if number == 0 or db.scalar(select(Experiment.id).where(Experiment.id == number)) is not None:
        return None
    if number < _SMALL:
        db.execute(
            update(ExperimentNumber)
            .where(ExperimentNumber.id == 0, ExperimentNumber.next_number <= number)
            .values(next_number=number + 1)
        )
    return number


def _instant(ms: int | None) -> dt.datetime | None:
    return None if ms is None else dt.datetime.fromtimestamp(ms / 1000, dt.UTC)
