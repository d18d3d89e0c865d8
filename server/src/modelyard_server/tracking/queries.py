"""Reads for the web application's pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from modelyard_server.artifacts import paths
from modelyard_server.artifacts import service as artifacts
from modelyard_server.artifacts.errors import FileMissing
from modelyard_server.artifacts.service import Entry, StoredFile

from . import curves, inputs, logged_models, reading, runs, service
from .models import ACTIVE, Experiment, LoggedModel, Run
from .ports import VersionsOfRun
from .schemas import (
    DatasetOut,
    ExperimentOut,
    MetricOut,
    MetricPoint,
    MetricSeries,
    ModelRef,
    RunOut,
)

MODELS = "models/"
_SOURCE_TAGS = {
    "mlflow.source.name": "entry_point",
    "mlflow.source.type": "type",
    "mlflow.source.git.commit": "git_commit",
    "mlflow.source.git.branch": "git_branch",
    "mlflow.source.git.repoURL": "git_url",
    "mlflow.project.entryPoint": "project_entry_point",
    "mlflow.user": "user",
}


def experiments(
    db: Session, *, q: str | None, after: Sequence[Any] | None, limit: int
) -> list[Experiment]:
    """List active experiments, newest first, from after a position (created_at, id)."""
    query = select(Experiment).where(Experiment.lifecycle_stage == ACTIVE)
    if q:
        query = query.where(Experiment.name.icontains(q, autoescape=True))
    if after is not None:
        query = query.where(Experiment.id < int(after[0]))
    return list(db.scalars(query.order_by(Experiment.id.desc()).limit(limit)))


def count_experiments(db: Session, q: str | None) -> int:
    """Count active experiments."""
    query = select(func.count(Experiment.id)).where(Experiment.lifecycle_stage == ACTIVE)
    if q:
        query = query.where(Experiment.name.icontains(q, autoescape=True))
    return int(db.scalar(query) or 0)


def shown_experiments(db: Session, rows: Sequence[Experiment]) -> list[ExperimentOut]:
    """Add run counts and the last activity to experiments, by one query."""
    counted = {
        experiment_id: (count, newest)
        for experiment_id, count, newest in db.execute(
            select(
                Run.experiment_id,
                func.count(Run.id),
                func.max(func.coalesce(Run.ended_ms, Run.started_ms)),
            )
            .where(Run.experiment_id.in_([row.id for row in rows]), Run.lifecycle_stage == ACTIVE)
            .group_by(Run.experiment_id)
        )
    }
    shown = []
    for row in rows:
        count, newest = counted.get(row.id, (0, None))
        shown.append(
            ExperimentOut(
                id=str(row.id),
                name=row.name,
                lifecycle_stage="active" if row.lifecycle_stage == ACTIVE else "deleted",
                created_at=row.created_at,
                last_activity_at=None if newest is None else service.instant(newest),
                run_count=count,
                tags=row.tags,
            )
        )
    return shown


def run(db: Session, versions: VersionsOfRun, run_id: str) -> RunOut:
    """Give a run with everything its page shows.

    Raises:
        RunMissing: there is none.
    """
    row = runs.get(db, run_id)
    summary = service.summaries(db, [row])[0]
    logged = reading.logged(db, [row.id])[row.id]
    experiment = db.scalars(select(Experiment).where(Experiment.id == row.experiment_id)).one()
    fields = {name: getattr(summary, name) for name in summary.__slots__}
    return RunOut(
        **fields,
        experiment_name=experiment.name,
        latest_metrics=[
            MetricOut(
                key=metric.key,
                value=None if metric.is_nan else metric.value,
                is_nan=metric.is_nan,
                step=metric.step,
                at=service.instant(metric.at_ms),
            )
            for metric in logged.metrics
        ],
        datasets=[DatasetOut.model_validate(d) for d in inputs.datasets_of_run(db, row)],
        registered_versions=[
            ModelRef.model_validate(ref) for ref in versions.versions_of_run(db, row.uid)
        ],
        source={name: logged.tags[tag] for tag, name in _SOURCE_TAGS.items() if tag in logged.tags},
    )


def series(db: Session, run_id: str, key: str, most: int) -> MetricSeries:
    """Give a metric's curve, thinned.

    Raises:
        RunMissing: there is no such run.
    """
    found = curves.curve(db, runs.get(db, run_id), key, most)
    return MetricSeries(
        key=key,
        total_points=found.total,
        points=[
            MetricPoint(step=p.step, at=service.instant(p.at_ms), value=p.value)
            for p in found.points
        ],
    )


def run_entries(db: Session, run_id: str, path: str | None) -> list[Entry]:
    """List a folder of a run. Its logged models appear below `models/<name>`.

    Raises:
        RunMissing: there is no such run.
        PathRefused: the path is not one.
    """
    below = paths.folder(path or "")
    files = [f for f in _files(db, runs.get(db, run_id)) if f.path.startswith(below)]
    inside = [StoredFile(f.path[len(below) :], f.size_bytes, f.sha256) for f in files]
    return [
        Entry(f"{below}{e.path}", e.is_dir, e.size_bytes, e.sha256)
        for e in artifacts.folded(inside)
    ]


def run_file(db: Session, run_id: str, path: str) -> StoredFile:
    """Give a file by the path under which `run_entries` lists it.

    Raises:
        RunMissing: there is no such run.
        PathRefused: the path is not one.
        FileMissing: there is no such file.
    """
    paths.checked(path)
    for file in _files(db, runs.get(db, run_id)):
        if file.path == path:
            return file
    raise FileMissing(f"The run has no artifact at {path}.")


def _files(db: Session, row: Run) -> list[StoredFile]:
    found = artifacts.files_below(db, f"runs/{row.uid}/")
    for model, folder in _folders(logged_models.of_run(db, row)):
        found += [
            StoredFile(f"{MODELS}{folder}/{file.path}", file.size_bytes, file.sha256)
            for file in artifacts.files_below(db, f"models/{model.id}/")
        ]
    return found


def _folders(models: Sequence[LoggedModel]) -> list[tuple[LoggedModel, str]]:
    """Name a folder for each model: its name, with its id when an earlier one has the name."""
    taken: set[str] = set()
    named = []
    for model in models:
        folder = f"{model.name} ({model.id})" if model.name in taken else model.name
        taken.add(folder)
        named.append((model, folder))
    return named
