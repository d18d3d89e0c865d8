"""What other capabilities ask of tracking."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from modelyard_server.artifacts import service as artifacts
from modelyard_server.artifacts.service import StoredFile
from modelyard_server.kernel import trail

from . import experiments, inputs, reading, records, runs, sources
from .inputs import LoggedDataset
from .models import ACTIVE, Experiment, Run, RunModel
from .sources import ModelSource

__all__ = [
    "LoggedDataset",
    "ModelSource",
    "RunSummary",
    "datasets_of_run",
    "delete_experiment_permanently",
    "delete_run_permanently",
    "model_source",
    "recent_runs",
    "run_files",
    "run_summary",
]


@dataclass(frozen=True, slots=True)
class RunSummary:
    """A run as lists show it; `metrics` are the latest, a NaN is `None`."""

    id: str
    experiment_id: str
    name: str
    status: str
    user_name: str
    started_at: dt.datetime
    ended_at: dt.datetime | None
    params: dict[str, str]
    metrics: dict[str, float | None]
    tags: dict[str, str]


def model_source(db: Session, source: str) -> ModelSource:
    """Find the package that `models:/m-…`, `runs:/…` or `mlflow-artifacts:/…` names.

    Raises:
        ModelSourceMissing: it names none of this workspace.
    """
    return sources.model_source(db, source)


def datasets_of_run(db: Session, run_id: str) -> list[LoggedDataset]:
    """List the datasets that a run logged with `log_input`.

    Raises:
        RunMissing: there is no such run.
    """
    return inputs.datasets_of_run(db, runs.get(db, run_id))


def run_files(db: Session, run_id: str) -> list[StoredFile]:
    """List every artifact of a run, without those of its logged models.

    Raises:
        RunMissing: there is no such run.
    """
    return artifacts.files_below(db, f"runs/{runs.get(db, run_id).uid}/")


def run_summary(db: Session, actor: trail.Who, run_id: str) -> RunSummary:  # noqa: ARG001
    """Give a run with what it logged.

    Raises:
        RunMissing: there is no such run.
    """
    return summaries(db, [runs.get(db, run_id)])[0]


def recent_runs(db: Session, actor: trail.Who, limit: int = 10) -> list[RunSummary]:  # noqa: ARG001
    """List the newest active runs of active experiments."""
    found = db.scalars(
        select(Run)
        .join(Experiment, Experiment.id == Run.experiment_id)
        .where(Run.lifecycle_stage == ACTIVE, Experiment.lifecycle_stage == ACTIVE)
        .order_by(Run.started_ms.desc(), Run.id.desc())
        .limit(limit)
    )
    return summaries(db, list(found))


def run_count(db: Session) -> int:
    """Count the active runs of active experiments."""
    counted = (
        select(func.count(Run.id))
        .join(Experiment, Experiment.id == Run.experiment_id)
        .where(Run.lifecycle_stage == ACTIVE, Experiment.lifecycle_stage == ACTIVE)
    )
    return db.scalar(counted) or 0


def summaries(db: Session, found: list[Run]) -> list[RunSummary]:
    """Read what several runs logged with one query for each kind."""
    logged = reading.logged(db, [run.id for run in found])
    return [
        RunSummary(
            id=run.uid,
            experiment_id=str(run.experiment_id),
            name=run.name,
            status=run.status,
            user_name=run.user_name,
            started_at=instant(run.started_ms),
            ended_at=None if run.over_ms is None else instant(run.over_ms),
            params=logged[run.id].params,
            metrics={m.key: None if m.is_nan else m.value for m in logged[run.id].metrics},
            tags=logged[run.id].tags,
        )
        for run in found
    ]


def models_read_by_run(db: Session, run_id: str) -> list[str]:
    """List the ids of the logged models that a run started from.

    Raises:
        RunMissing: there is no such run.
    """
    run = runs.get(db, run_id)
    links = inputs.models_of(db, [run.id]).get(run.id, [])
    return [link.model_id for link in links if not link.is_output]


def runs_reading_model(db: Session, logged_model_id: str) -> list[str]:
    """List the ids of the runs that started from a logged model."""
    rows = (
        select(Run.uid)
        .join(RunModel, RunModel.run_id == Run.id)
        .where(RunModel.model_id == logged_model_id, RunModel.is_output.is_(False))
        .order_by(Run.id)
    )
    return list(db.scalars(rows))


def delete_run_permanently(db: Session, actor: trail.Who, run_id: str) -> None:
    """Remove a run with all it logged, its models and files.

    Raises:
        RunMissing: there is no such run.
    """
    runs.delete_permanently(db, actor, run_id)


def delete_experiment_permanently(db: Session, actor: trail.Who, experiment_id: str) -> None:
    """Remove an experiment with its runs, models and files.

    Raises:
        ExperimentMissing: there is none.
        DefaultExperimentStays: it is the Default experiment.
    """
    experiments.delete_permanently(db, actor, experiment_id)


def instant(milliseconds: int) -> dt.datetime:
    """Give the instant of a client's time; times beyond what a calendar holds are clamped."""
    bounded = min(max(milliseconds, -62_135_596_800_000), 253_402_300_799_000)
    return records.EPOCH + dt.timedelta(milliseconds=bounded)
