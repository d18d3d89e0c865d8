"""The data and models a run read or wrote."""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from .errors import LoggedModelMissing, ValueRefused
from .ingest import Target
from .models import ACTIVE, Dataset, LoggedModel, Run, RunInput, RunModel

ROLE_TAG = "mlflow.data.context"
_LONGEST_SOURCE, _LONGEST_SCHEMA, _LONGEST_PROFILE = 2**16 - 1, 2**20 - 1, 2**24 - 1


@dataclass(frozen=True, slots=True)
class NewDataset:
    """A dataset as a client describes it."""

    name: str
    digest: str
    source_type: str
    source: str
    schema: str | None
    profile: str | None
    tags: dict[str, str]


@dataclass(frozen=True, slots=True)
class LoggedDataset:
    """A dataset of a run, with what is known about its columns."""

    id: uuid.UUID
    run_id: str
    name: str
    digest: str
    role: str | None
    source_type: str | None
    row_count: int | None
    columns: list[dict[str, Any]]
    profile: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class DatasetSummary:
    """A dataset that runs of an experiment read, for one purpose."""

    experiment_id: int
    name: str
    digest: str
    role: str | None


def log_datasets(db: Session, run: Target, datasets: Iterable[NewDataset]) -> None:
    """Note which data a run read; the same dataset again changes nothing, as MLflow has it.

    Raises:
        ValueRefused: a field is missing or too long.
    """
    for new in datasets:
        _check(new)
        row = db.scalars(
            select(Dataset).where(
                Dataset.experiment_id == run.experiment_id,
                Dataset.name == new.name,
                Dataset.digest == new.digest,
            )
        ).one_or_none()
        if row is None:
            row = Dataset(
                id=uuid.uuid4(),
                experiment_id=run.experiment_id,
                name=new.name,
                digest=new.digest,
                source_type=new.source_type,
                source=new.source,
                schema_json=new.schema,
                profile_json=new.profile,
            )
            db.add(row)
            db.flush()
        link = db.scalars(
            select(RunInput).where(RunInput.run_id == run.id, RunInput.dataset_id == row.id)
        ).one_or_none()
        if link is None:
            role = new.tags.get(ROLE_TAG)
            db.add(RunInput(run_id=run.id, dataset_id=row.id, role=role, tags=new.tags))
        db.flush()


def summaries(
    db: Session, experiment_ids: Collection[int], *, most: int = 1000
) -> list[DatasetSummary]:
    """List which datasets the active runs of experiments read, and what for."""
    rows = db.execute(
        select(Dataset.experiment_id, Dataset.name, Dataset.digest, RunInput.role)
        .join(RunInput, RunInput.dataset_id == Dataset.id)
        .join(Run, Run.id == RunInput.run_id)
        .where(Dataset.experiment_id.in_(experiment_ids), Run.lifecycle_stage == ACTIVE)
        .distinct()
        .order_by(Dataset.experiment_id, Dataset.name, Dataset.digest, RunInput.role)
        .limit(most)
    )
    return [DatasetSummary(*row) for row in rows]


def log_models(
    db: Session, run: Target, models: Iterable[tuple[str, int]], *, is_output: bool
) -> None:
    """Note which logged models (id, step) a run read or wrote.

    Raises:
        LoggedModelMissing: there is no such model.
    """
    for model_id, step in models:
        if db.scalar(select(LoggedModel.id).where(LoggedModel.id == model_id)) is None:
            raise LoggedModelMissing(f"Logged model with ID '{model_id[:64]}' not found.")
        link = db.scalars(
            select(RunModel).where(
                RunModel.run_id == run.id,
                RunModel.model_id == model_id,
                RunModel.is_output.is_(is_output),
            )
        ).one_or_none()
        if link is None:
            db.add(RunModel(run_id=run.id, model_id=model_id, is_output=is_output, step=step))
        else:
            link.step = step
        db.flush()


def datasets_of(db: Session, run_ids: Collection[int]) -> dict[int, list[tuple[Dataset, RunInput]]]:
    """Give the datasets of several runs at once, by the run's number."""
    found: dict[int, list[tuple[Dataset, RunInput]]] = {}
    rows = db.execute(
        select(Dataset, RunInput)
        .join(RunInput, RunInput.dataset_id == Dataset.id)
        .where(RunInput.run_id.in_(run_ids))
        .order_by(Dataset.name, Dataset.digest)
    )
    for dataset, link in rows:
        found.setdefault(link.run_id, []).append((dataset, link))
    return found


def models_of(db: Session, run_ids: Collection[int]) -> dict[int, list[RunModel]]:
    """Give the model links of several runs at once, by the run's number."""
    found: dict[int, list[RunModel]] = {}
    for link in db.scalars(
        select(RunModel)
        .where(RunModel.run_id.in_(run_ids))
        .order_by(RunModel.step, RunModel.model_id)
    ):
        found.setdefault(link.run_id, []).append(link)
    return found


def datasets_of_run(db: Session, run: Run) -> list[LoggedDataset]:
    """Give the datasets of a run, described."""
    return [described(run.uid, d, link) for d, link in datasets_of(db, [run.id]).get(run.id, [])]


def described(run_id: str, dataset: Dataset, link: RunInput) -> LoggedDataset:
    """Read a dataset's schema and profile, whatever its source wrote."""
    profile = _object(dataset.profile_json)
    rows = (profile or {}).get("num_rows")
    return LoggedDataset(
        id=dataset.id,
        run_id=run_id,
        name=dataset.name,
        digest=dataset.digest,
        role=link.role,
        source_type=dataset.source_type,
        row_count=rows if isinstance(rows, int) else None,
        columns=_columns(_object(dataset.schema_json)),
        profile=profile,
    )


def _columns(schema: dict[str, Any] | None) -> list[dict[str, Any]]:
    """Give [{"name", "dtype"}] of a table schema (`mlflow_colspec`); of tensors none."""
    specs = (schema or {}).get("mlflow_colspec")
    if isinstance(specs, str):
        try:
            specs = json.loads(specs)
        except ValueError:
            return []
    if not isinstance(specs, list):
        return []
    return [
        {"name": str(spec.get("name", number)), "dtype": _dtype(spec.get("type"))}
        for number, spec in enumerate(specs)
        if isinstance(spec, dict)
    ]


def _dtype(declared: object) -> str:
    return declared if isinstance(declared, str) else "object"


def _object(text: str | None) -> dict[str, Any] | None:
    try:
        value = json.loads(text) if text else None
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _check(new: NewDataset) -> None:
    for field, text, longest in (
        ("name", new.name, 500),
        ("digest", new.digest, 36),
        ("source_type", new.source_type, 64),
        ("source", new.source, _LONGEST_SOURCE),
        ("schema", new.schema, _LONGEST_SCHEMA),
        ("profile", new.profile, _LONGEST_PROFILE),
        *(("key", key, 255) for key in new.tags),
        *(("value", value, 500) for value in new.tags.values()),
    ):
        if len(text or "") > longest:
            raise ValueRefused(
                f"A dataset's '{field}' exceeds the maximum length of {longest} characters."
            )
    if not new.name or not new.digest or not new.source_type:
        raise ValueRefused("A dataset has a name, a digest and a source type.")
